"""Batches of pictures, bundles in memory and shared handles, through the C library itself."""

import ctypes
import threading
from dataclasses import dataclass

import numpy as np
import pytest
from bireid_runtime import (
    Bundle,
    Extractor,
    bgr_to_rgb,
    engine_path,
    nv12_to_rgb,
    similarity,
)
from bireid_runtime.errors import ArgumentError, ImageError
from bundle_files import REID_BUNDLE

RGB, BGR, NV12 = 0, 1, 2
DIM = 256


class Picture(ctypes.Structure):
    """`bireid_picture` of bireid.h."""

    _fields_ = (
        ("pixels", ctypes.c_void_p),
        ("width", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("row_bytes", ctypes.c_int64),
        ("format", ctypes.c_int32),
        ("chroma", ctypes.c_void_p),
        ("chroma_row_bytes", ctypes.c_int64),
    )


class ImageInfo(ctypes.Structure):
    """`bireid_image_info` of bireid.h."""

    _fields_ = (
        ("size", ctypes.c_size_t),
        ("width", ctypes.c_int32),
        ("height", ctypes.c_int32),
        ("channels", ctypes.c_int32),
        ("letterbox", ctypes.c_int32),
        ("mean", ctypes.POINTER(ctypes.c_float)),
        ("std", ctypes.POINTER(ctypes.c_float)),
    )


@dataclass
class Opened:
    """A handle of the C library."""

    library: ctypes.CDLL
    handle: ctypes.c_void_p

    def embed(self, *pictures):
        found = np.zeros((len(pictures), DIM), np.float32)
        given = (Picture * len(pictures))(*pictures)
        address = ctypes.c_void_p(found.ctypes.data)
        status = self.library.bireid_embed_pictures(
            self.handle, given, len(pictures), address, ctypes.c_int32(DIM)
        )
        assert status == 0, self.library.bireid_last_error()
        return found

    def share(self):
        another = ctypes.c_void_p()
        assert self.library.bireid_share(self.handle, ctypes.byref(another)) == 0
        return Opened(self.library, another)

    def close(self):
        self.library.bireid_close(self.handle)


@pytest.fixture(scope="module")
def library():
    loaded = ctypes.CDLL(engine_path())
    loaded.bireid_last_error.restype = ctypes.c_char_p
    loaded.bireid_similarity.restype = ctypes.c_double
    return loaded


@pytest.fixture(scope="module")
def opened(library):
    handle = ctypes.c_void_p()
    status = library.bireid_open(str(REID_BUNDLE).encode(), None, ctypes.byref(handle))
    assert status == 0
    yield Opened(library, handle)
    library.bireid_close(handle)


@pytest.fixture(scope="module")
def python():
    return Extractor.open(REID_BUNDLE, backend="native")


def rgb(pixels, form=RGB):
    return Picture(pixels.ctypes.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], form)


def nv12(luma, chroma):
    return Picture(
        luma.ctypes.data,
        luma.shape[1],
        luma.shape[0],
        luma.strides[0],
        NV12,
        chroma.ctypes.data,
        chroma.strides[0],
    )


def test_a_batch_of_every_format_embeds_as_python_does(opened, python):
    rng = np.random.default_rng(0)
    crop = rng.integers(0, 256, (91, 47, 3), np.uint8)
    bgr = rng.integers(0, 256, (200, 80, 3), np.uint8)
    # A crop of a larger frame, from an even place of it, with odd sides.
    frame_luma = rng.integers(0, 256, (120, 160), np.uint8)
    frame_chroma = rng.integers(0, 256, (60, 80, 2), np.uint8)
    luma, chroma = frame_luma[10:87, 20:55], frame_chroma[5:44, 10:28]
    found = opened.embed(rgb(crop), rgb(bgr, BGR), nv12(luma, chroma), rgb(crop[::2]))
    images = [crop, bgr_to_rgb(bgr), nv12_to_rgb(luma, chroma), crop[::2]]
    np.testing.assert_array_equal(found, python.embed(images))


def test_one_buffer_of_nv12_is_enough(opened, python):
    frame = np.random.default_rng(1).integers(0, 256, (96, 40), np.uint8)
    luma, chroma = frame[:64], frame[64:].reshape(32, 20, 2)
    found = opened.embed(Picture(frame.ctypes.data, 40, 64, 0, NV12, None, 0))
    np.testing.assert_array_equal(found, python.embed([nv12_to_rgb(luma, chroma)]))


def test_every_colour_of_nv12_is_the_formula():
    y, u, v = np.meshgrid(*[np.arange(0, 256, step) for step in (1, 15, 15)], indexing="ij")
    luma = y.reshape(256, -1).astype(np.uint8).repeat(2, axis=1).repeat(2, axis=0)
    chroma = np.stack([u, v], axis=-1).reshape(256, -1, 2).astype(np.uint8)
    found = nv12_to_rgb(luma, chroma)[::2, ::2].reshape(-1, 3)
    # By fractions of 256, which floats hold exactly.
    c, d, e = 298.0 * (y - 16) + 128, u - 128.0, v - 128.0
    wanted = np.stack([c + 409 * e, c - 100 * d - 208 * e, c + 516 * d], -1).reshape(-1, 3)
    np.testing.assert_array_equal(found, np.floor(wanted / 256).clip(0, 255))


@pytest.mark.parametrize(
    ("luma", "chroma", "words"),
    [
        (np.zeros((4, 4), np.float32), np.zeros((2, 2, 2), np.uint8), "luma uint8"),
        (np.zeros((4, 0), np.uint8), np.zeros((2, 0, 2), np.uint8), "luma uint8"),
        (np.zeros((4, 5), np.uint8), np.zeros((2, 2, 2), np.uint8), r"chroma uint8 \(2, 3, 2\)"),
    ],
)
def test_planes_that_do_not_fit_are_refused(luma, chroma, words):
    with pytest.raises(ImageError, match=words):
        nv12_to_rgb(luma, chroma)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"format": 3}, b"format must be"),
        ({"width": 0}, b"0x4 pixels"),
        ({"pixels": None}, b"are NULL"),
        ({"format": NV12, "chroma_row_bytes": 3}, b"chroma_row_bytes"),
    ],
)
def test_pictures_that_are_none_are_refused(opened, change, words):
    pixels = np.zeros((4, 4, 3), np.uint8)
    picture = rgb(pixels)
    for name, value in change.items():
        setattr(picture, name, value)
    found = np.zeros(DIM, np.float32)
    address = ctypes.c_void_p(found.ctypes.data)
    status = opened.library.bireid_embed_pictures(
        opened.handle, ctypes.byref(picture), 1, address, ctypes.c_int32(DIM)
    )
    assert status == 1
    assert words in opened.library.bireid_last_error()


def test_handles_that_share_run_beside_each_other(opened):
    crops = np.random.default_rng(2).integers(0, 256, (4, 60, 30, 3), np.uint8)
    expected = [opened.embed(rgb(crop)) for crop in crops]
    found = [None] * len(crops)

    def work(index, handle):
        for _ in range(20):
            found[index] = handle.embed(rgb(crops[index]))

    handles = [opened.share() for _ in crops]
    threads = [threading.Thread(target=work, args=each) for each in enumerate(handles)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for handle in handles:
        handle.close()
    np.testing.assert_array_equal(found, expected)


def test_the_input_is_told(opened):
    info = ImageInfo(size=ctypes.sizeof(ImageInfo))
    assert opened.library.bireid_input_image(opened.handle, ctypes.byref(info)) == 0
    spec = Bundle.open(REID_BUNDLE).preprocess
    assert (info.height, info.width, info.channels) == spec.shape
    assert info.letterbox == 0
    np.testing.assert_array_equal(info.mean[:3], np.float32(spec.mean))
    np.testing.assert_array_equal(info.std[:3], np.float32(spec.std))


def test_similarity_is_that_of_python_to_the_last_bit(library, python):
    rows = np.random.default_rng(3).normal(size=(5, DIM)).astype(np.float32)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    found = [
        library.bireid_similarity(
            ctypes.c_void_p(rows[0].ctypes.data), ctypes.c_void_p(row.ctypes.data), DIM
        )
        for row in rows
    ]
    np.testing.assert_array_equal(found, similarity(rows[0], rows))
    assert similarity(rows[0], rows[0]) == pytest.approx(1)
    with pytest.raises(ArgumentError, match="cannot be compared"):
        similarity(rows[0], rows[:, :-1])
