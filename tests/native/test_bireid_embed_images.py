"""bireid-embed reads image files as Python does, and survives what is no image."""

import io
import json
import os
import struct
import subprocess
import zlib

import numpy as np
import pytest
from bireid_runtime import Extractor
from bundle_files import REID_BUNDLE, golden_crops
from embed_program import BUNDLE, PROGRAMS, TOLERANCE, embeddings, refusal
from PIL import Image

MUTATIONS = 60
EXIF_ORIENTATION = 0x0112


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request):
    return request.param


@pytest.fixture(scope="module")
def extractor():
    return Extractor.open(REID_BUNDLE, backend="litert")


@pytest.fixture(scope="module")
def crop():
    return Image.fromarray(golden_crops(BUNDLE)[-1])


def chunk(kind, data):
    """One chunk of a PNG file."""
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def png(width, height, pixels):
    """A PNG file of 8-bit grey that says any size, with any bytes for pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(pixels)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + chunks


def saved(image, kind, **options):
    """The bytes of an image file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def sixteen_bit(image):
    return Image.fromarray(np.asarray(image.convert("L")).astype(np.uint16) * 257 ^ 0x5A)


PNG_KINDS = {
    "rgb": lambda image: image,
    "rgba": lambda image: image.convert("RGBA"),
    "grey": lambda image: image.convert("L"),
    "grey and alpha": lambda image: image.convert("LA"),
    "black and white": lambda image: image.convert("1"),
    "palette": lambda image: image.quantize(200),
    "palette of 4 bits": lambda image: image.quantize(13),
    "16 bits": sixteen_bit,
}


@pytest.mark.parametrize("kind", PNG_KINDS)
def test_png_is_read_as_python_reads_it(program, extractor, crop, tmp_path, kind):
    path = tmp_path / "a.png"
    PNG_KINDS[kind](crop).save(path)
    expected = extractor.embed([path])
    np.testing.assert_allclose(embeddings(program, path), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("mode", ["RGB", "L", "P"])
def test_bmp_is_read_as_python_reads_it(program, extractor, crop, tmp_path, mode):
    path = tmp_path / "a.bmp"
    crop.convert(mode).save(path)
    expected = extractor.embed([path])
    np.testing.assert_allclose(embeddings(program, path), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("options", [{"quality": 95}, {"quality": 90, "progressive": True}])
def test_jpeg_is_read_almost_as_python_reads_it(program, extractor, crop, tmp_path, options):
    # Another decoder rounds some pixels otherwise, which flips signs in a 1-bit network.
    path = tmp_path / "a.jpg"
    crop.save(path, subsampling=0, **options)
    assert float(embeddings(program, path)[0] @ extractor.embed([path])[0]) > 0.9


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation_of_a_png(program, extractor, crop, tmp_path, orientation):
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    path = tmp_path / "a.png"
    crop.save(path, exif=exif)
    expected = extractor.embed([path])
    np.testing.assert_allclose(embeddings(program, path), expected, rtol=0, atol=TOLERANCE)


@pytest.mark.parametrize("byte_order", ["<", ">"])
def test_exif_orientation_of_a_jpeg(program, extractor, crop, tmp_path, byte_order):
    tiff = {"<": b"II", ">": b"MM"}[byte_order] + struct.pack(f"{byte_order}HI", 42, 8)
    tiff += struct.pack(f"{byte_order}HHHIHHI", 1, EXIF_ORIENTATION, 3, 1, 6, 0, 0)
    lying, upright = tmp_path / "lying.jpg", tmp_path / "upright.jpg"
    options = {"quality": 95, "subsampling": 0}
    crop.save(upright, **options)
    crop.transpose(Image.Transpose.ROTATE_90).save(lying, exif=b"Exif\0\0" + tiff, **options)
    rows = embeddings(program, lying, upright)
    assert float(rows[0] @ rows[1]) > 0.9
    assert float(rows[0] @ extractor.embed([lying])[0]) > 0.9


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not a PNG, JPEG or BMP image"),
        (b"GIF89a" + bytes(50), "not a PNG, JPEG or BMP image"),
        (b"P6 1 1 255 abc", "not a PNG, JPEG or BMP image"),
        (png(20001, 1, bytes(20002)), "20001x1 pixels"),
        (png(11000, 11000, b"few"), "11000x11000 pixels"),
        (png(4, 4, b"few"), "cannot be read as an image"),
        # 100 MB out of a few kilobytes, for one pixel.
        (png(1, 1, bytes(100_000_000)), "cannot be read as an image: Out of memory"),
        (png(1, 1, b"\0\0").replace(b"IDAT", b"IDAU"), "a checksum of the PNG file is wrong"),
    ],
)
def test_no_image(program, tmp_path, content, reason):
    path = tmp_path / "a.png"
    path.write_bytes(content)
    line = refusal(program, BUNDLE, path)
    assert f"{path}: " in line
    assert reason in line


def test_no_file(program, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "huge").touch()
    os.truncate(tmp_path / "huge", (64 << 20) + 1)
    for path, reason in (
        (tmp_path, "not a file"),
        (tmp_path / "pipe", "not a file"),
        (tmp_path / "huge", "more than 67108864 bytes"),
        (tmp_path / "none", "No such file or directory"),
    ):
        assert refusal(program, BUNDLE, path) == f"bireid-embed: {path}: {reason}"


@pytest.fixture
def server(program):
    command = [program, "serve", BUNDLE, "--stdio"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        process.stdin.close()
        assert process.wait(timeout=60) == 0


def answer(server, path):
    server.stdin.write(os.fsencode(path) + b"\n")
    server.stdin.flush()
    return server.stdout.readline()


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "BMP"])
def test_a_cut_off_image_is_refused(server, crop, tmp_path, kind):
    content = saved(crop.resize((16, 32)), kind)
    assert b"embedding" in answer(server, written(tmp_path, content))
    for size in range(0, len(content) - 2, 5):
        assert b"error" in answer(server, written(tmp_path, content[:size])), size


@pytest.mark.parametrize("kind", ["PNG", "progressive JPEG", "JPEG", "BMP"])
def test_a_damaged_image_ends_nothing(server, crop, tmp_path, kind):
    rng = np.random.default_rng(len(kind))
    options = {"progressive": True} if kind.startswith("progressive") else {}
    content = saved(crop.resize((24, 48)), kind.split()[-1], **options)
    for _ in range(MUTATIONS):
        damaged = bytearray(content)
        for position in rng.integers(0, len(content), rng.integers(1, 9)):
            damaged[position] = rng.integers(256)
        if kind == "PNG":
            damaged = with_checksums(damaged)
        found = json.loads(answer(server, written(tmp_path, damaged)))
        assert found.keys() in ({"fingerprint", "embedding"}, {"fingerprint", "error"})
    assert b"embedding" in answer(server, written(tmp_path, content))


def written(folder, content):
    (folder / "image").write_bytes(content)
    return folder / "image"


def with_checksums(damaged):
    """The PNG file with checksums that fit again, as far as its chunks can be followed."""
    start = 8
    while start + 12 <= len(damaged):
        size = int.from_bytes(damaged[start : start + 4], "big")
        end = start + 8 + size
        if end + 4 > len(damaged):
            break
        damaged[end : end + 4] = struct.pack(">I", zlib.crc32(damaged[start + 4 : end]))
        start = end + 4
    return damaged
