"""Bundles adapted to cameras: the engine computes what Python does, to the last bit."""

import ctypes
import os

import numpy as np
import pytest
from adapted_bundle import CAMERAS
from bireid_runtime import Bundle, CameraStatistics, Session, engine_path, native_library
from bireid_runtime.backends.native import _Options as Options
from bundle_files import REID_BUNDLE, adapted_bundle, golden_crops

DIM = Bundle.open(REID_BUNDLE).output_of_kind("embedding").shape[0]


@pytest.fixture(scope="module")
def library():
    library = native_library.load(engine_path())
    library.bireid_last_error.restype = ctypes.c_char_p
    library.bireid_camera_name.restype = ctypes.c_char_p
    library.bireid_fingerprint.restype = ctypes.c_char_p
    return library


@pytest.fixture
def opened(library):
    """Open an extractor of the C API; returns its handle, or the error of the engine."""
    handles = []

    def call(bundle, camera, **changes):
        handle = ctypes.c_void_p()
        name = None if camera is None else camera.encode()
        options = Options(size=ctypes.sizeof(Options), camera=name, **changes)
        status = library.bireid_open(
            os.fsencode(bundle), ctypes.byref(options), ctypes.byref(handle)
        )
        if status:
            return library.bireid_last_error().decode()
        handles.append(handle)
        return handle

    yield call
    for handle in handles:
        library.bireid_close(handle)


def embed(library, handle, crop):
    row = np.empty(DIM, np.float32)
    height, width, _ = crop.shape
    status = library.bireid_embed_rgb8(
        handle,
        np.ascontiguousarray(crop).ctypes.data_as(ctypes.c_void_p),
        width,
        height,
        ctypes.c_int64(0),
        row.ctypes.data_as(ctypes.c_void_p),
        DIM,
    )
    assert status == 0, library.bireid_last_error()
    return row


def crops():
    rng = np.random.default_rng(8)
    return [*golden_crops(REID_BUNDLE), rng.integers(0, 256, (90, 70, 3), np.uint8)]


def test_patches_and_centring_give_the_bits_of_python(library, opened):
    for camera in CAMERAS:
        for centred in (True, False):
            session = Session.open(adapted_bundle(), "native", camera=camera, centred=centred)
            expected = session.run_images(crops())["embedding"]
            handle = opened(adapted_bundle(), camera, uncentred=int(not centred))
            found = np.stack([embed(library, handle, crop) for crop in crops()])
            np.testing.assert_array_equal(found, expected)


def test_cameras_differ_and_other_engines_agree():
    first, second = (
        Session.open(adapted_bundle(), "native", camera=camera).run_images(crops())["embedding"]
        for camera in CAMERAS
    )
    assert np.abs(first - second).max() > 0.05
    other = Session.open(adapted_bundle(), "litert", camera=CAMERAS[0])
    np.testing.assert_allclose(other.run_images(crops())["embedding"], first, atol=1e-5)


def test_what_the_handle_tells(library, opened):
    handle = opened(adapted_bundle(), "yard")
    count = library.bireid_camera_count(handle)
    assert [library.bireid_camera_name(handle, each).decode() for each in range(count)] == [
        *CAMERAS
    ]
    assert library.bireid_fingerprint(handle).decode() == Bundle.open(adapted_bundle()).fingerprint
    assert library.bireid_selftest(handle, None, None) == 0
    assert "name one: entrance, yard" in opened(adapted_bundle(), None)
    assert "no camera 'street'; choose one of: entrance, yard" in opened(adapted_bundle(), "street")
    assert "there is no camera 'yard' in it" in opened(REID_BUNDLE, "yard")


def test_statistics_give_the_bits_of_python(library, opened):
    session = Session.open(adapted_bundle(), "native", camera="yard", centred=False)
    rows = session.run_images(crops())["embedding"]
    expected = CameraStatistics.from_bundle(session.bundle, "yard")
    handle = ctypes.c_void_p()
    extractor = opened(adapted_bundle(), "yard")
    assert library.bireid_statistics_of(extractor, ctypes.byref(handle)) == 0
    try:
        pointer = rows.ctypes.data_as(ctypes.c_void_p)
        assert library.bireid_statistics_add(handle, pointer, len(rows)) == 0
        expected.add(rows)
        count = ctypes.c_int64()
        mean, deviation = np.empty((2, DIM), np.float32)
        status = library.bireid_statistics_get(
            handle,
            ctypes.byref(count),
            mean.ctypes.data_as(ctypes.c_void_p),
            deviation.ctypes.data_as(ctypes.c_void_p),
        )
        assert (status, count.value) == (0, expected.count)
        np.testing.assert_array_equal(mean, expected.mean)
        np.testing.assert_array_equal(deviation, expected.deviation)
        for divide in (True, False):
            applied = rows.copy()
            pointer = applied.ctypes.data_as(ctypes.c_void_p)
            assert library.bireid_statistics_apply(handle, divide, pointer, len(rows)) == 0
            np.testing.assert_array_equal(applied, expected.apply(rows, deviation=divide))
    finally:
        library.bireid_statistics_destroy(handle)
