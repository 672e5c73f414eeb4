import struct
import sys
import threading
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime.errors import BackendUnavailableError, ImageError
from bireid_runtime.images import decode_image, load_image
from PIL import Image, ImageOps

RGB = np.random.default_rng(0).integers(0, 256, (9, 5, 3), dtype=np.uint8)


def test_rgb_png_is_read_exactly(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "a.png")
    loaded = load_image(tmp_path / "a.png")
    assert loaded.dtype == np.uint8
    np.testing.assert_array_equal(loaded, RGB)
    loaded[0, 0] = 0  # the caller owns the array


def test_bytes_in_memory_are_read_as_a_file_is(tmp_path):
    path = tmp_path / "a.png"
    Image.fromarray(RGB).save(path)
    np.testing.assert_array_equal(decode_image(path.read_bytes(), "a member"), RGB)
    with pytest.raises(ImageError, match="a member: not an image of a supported format"):
        decode_image(b"no image", "a member")


def test_one_pixel(tmp_path):
    Image.new("RGB", (1, 1), (1, 2, 3)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(load_image(str(tmp_path / "a.png")), [[[1, 2, 3]]])


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_grey_becomes_three_equal_channels(tmp_path, mode):
    Image.fromarray(RGB).convert(mode).save(tmp_path / "a.png")
    loaded = load_image(tmp_path / "a.png")
    expected = np.asarray(Image.fromarray(RGB).convert(mode).convert("L"))
    np.testing.assert_array_equal(loaded, np.repeat(expected[..., None], 3, axis=2))


def test_alpha_is_dropped(tmp_path):
    alpha = np.zeros((9, 5, 1), np.uint8)
    Image.fromarray(np.concatenate([RGB, alpha], axis=2)).save(tmp_path / "a.png")
    np.testing.assert_array_equal(load_image(tmp_path / "a.png"), RGB)


def test_palette_with_transparency_loads_without_a_warning(tmp_path):
    colours = np.array([[200, 10, 30], [0, 250, 60]], np.uint8)
    indices = np.arange(12).reshape(4, 3) % 2
    image = Image.fromarray(indices.astype(np.uint8))
    image.putpalette(colours.tobytes())
    image.save(tmp_path / "a.png", transparency=b"\x00\x80")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loaded = load_image(tmp_path / "a.png")
    np.testing.assert_array_equal(loaded, colours[indices])


def test_sixteen_bit_grey_keeps_the_upper_byte(tmp_path):
    grey = np.array([[0, 255, 256], [32768, 65279, 65535]], np.uint16)
    Image.fromarray(grey).save(tmp_path / "a.png")
    np.testing.assert_array_equal(
        load_image(tmp_path / "a.png")[..., 1], [[0, 0, 1], [128, 254, 255]]
    )


def test_cmyk_jpeg(tmp_path):
    Image.new("CMYK", (16, 16), (0, 255, 255, 0)).save(tmp_path / "a.jpg")
    loaded = load_image(tmp_path / "a.jpg")
    assert loaded.shape == (16, 16, 3)
    np.testing.assert_allclose(loaded.reshape(-1, 3).mean(axis=0), [255, 0, 0], atol=3)


def test_exif_orientation_is_applied(tmp_path):
    stored = np.zeros((16, 48, 3), np.uint8)
    stored[:, :24] = 255
    exif = Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to see it upright
    Image.fromarray(stored).save(tmp_path / "a.jpg", exif=exif)
    loaded = load_image(tmp_path / "a.jpg")
    assert loaded.shape == (48, 16, 3)
    assert loaded[:20].min() > 200
    assert loaded[28:].max() < 50


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_truncated_file_is_named(tmp_path, suffix):
    path = tmp_path / f"a.{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(ImageError, match=rf"a\.{suffix}"):
        load_image(path)


@pytest.mark.parametrize("data", [b"", b"not an image", b"\xff\xd8\xff", b"%!PS-Adobe-3.0 EPSF\n"])
def test_what_is_no_image_is_named(tmp_path, data):
    (tmp_path / "a.jpg").write_bytes(data)
    with pytest.raises(ImageError, match=r"a\.jpg"):
        load_image(tmp_path / "a.jpg")


def test_formats_outside_the_list_are_refused(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "a.pcx")
    with pytest.raises(ImageError, match="not an image of a supported format"):
        load_image(tmp_path / "a.pcx")


def test_missing_file_and_directory_are_named(tmp_path):
    with pytest.raises(ImageError, match=r"none\.png"):
        load_image(tmp_path / "none.png")
    with pytest.raises(ImageError, match=tmp_path.name):
        load_image(tmp_path)


def write_png_header(path: Path, width: int, height: int) -> None:
    def chunk(kind: bytes, data: bytes) -> bytes:
        checksum = zlib.crc32(kind + data)
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + pixels + chunk(b"IEND", b""))


@pytest.mark.parametrize("side", [10_001, 60_000])
def test_decompression_bomb_is_refused_by_its_declared_size(tmp_path, side):
    write_png_header(tmp_path / "bomb.png", side, side)
    with pytest.raises(ImageError, match=r"bomb\.png: .*limit of 100000000"):
        load_image(tmp_path / "bomb.png")


def test_pixel_limit_can_be_lowered(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "a.png")
    assert load_image(tmp_path / "a.png", max_pixels=45).shape == (9, 5, 3)
    with pytest.raises(ImageError, match="5x9 pixels exceed the limit of 44"):
        load_image(tmp_path / "a.png", max_pixels=44)


def test_float_pixels_are_refused(tmp_path):
    Image.fromarray(np.ones((3, 3), np.float32)).save(tmp_path / "a.tiff")
    with pytest.raises(ImageError, match="floating-point"):
        load_image(tmp_path / "a.tiff")


def test_without_pillow_the_package_is_named(tmp_path, monkeypatch):
    Image.fromarray(RGB).save(tmp_path / "a.png")
    monkeypatch.setitem(sys.modules, "PIL", None)
    with pytest.raises(BackendUnavailableError, match="pip install pillow"):
        load_image(tmp_path / "a.png")


def test_decoding_threads_leave_the_warning_filters_alone(tmp_path, monkeypatch):
    """The first thread to start decoding is the first to finish, while the second still decodes."""
    Image.fromarray(RGB).save(tmp_path / "a.png")
    second_started, first_finished = threading.Event(), threading.Event()
    transpose = ImageOps.exif_transpose
    started = []

    def in_turn(image):
        started.append(image)
        if len(started) == 1:
            thread = threading.Thread(target=load_image, args=(tmp_path / "a.png",))
            thread.start()
            threads.append(thread)
            assert second_started.wait(60)
        else:
            second_started.set()
            assert first_finished.wait(60)
        return transpose(image)

    threads = []
    monkeypatch.setattr(ImageOps, "exif_transpose", in_turn)
    with warnings.catch_warnings():
        before = list(warnings.filters)
        load_image(tmp_path / "a.png")
        first_finished.set()
        threads[0].join()
        assert warnings.filters == before


def test_a_part_of_a_file(tmp_path):
    Image.fromarray(RGB).save(tmp_path / "a.png")
    content = (tmp_path / "a.png").read_bytes()
    archive = tmp_path / "archive"
    archive.write_bytes(b"before" + content + b"behind")
    whole = {"offset": 6, "size": len(content), "name": "archive/a.png"}
    np.testing.assert_array_equal(load_image(archive, **whole), RGB)
    with pytest.raises(ImageError, match=r"^archive/a\.png: not an image"):
        load_image(archive, **{**whole, "offset": 7})
    with pytest.raises(ImageError, match=r"^archive/a\.png: exceeds the limit of 20 bytes"):
        load_image(archive, max_bytes=20, **whole)
    with pytest.raises(ImageError, match="exceeds the limit of 20 bytes"):
        load_image(archive, max_bytes=20)
