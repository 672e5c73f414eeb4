"""`bireid-deploy embed`."""

import csv
import importlib.util
import json
import os
import shutil

import numpy as np
import pytest
from bireid_runtime import native_library
from PIL import Image


@pytest.fixture
def crop():
    """A coarse coloured pattern, uint8 RGB, larger than the network's input."""
    rng = np.random.default_rng(5)
    small = rng.integers(0, 256, (8, 4, 3), dtype=np.uint8)
    return Image.fromarray(small).resize((60, 130), Image.Resampling.BICUBIC)


@pytest.fixture
def vectors(cli, bundle, tmp_path):
    """Embed files into float32 (N, D)."""

    def call(*inputs):
        out = tmp_path / "vectors.npz"
        result = cli("embed", bundle, *inputs, "-o", out)
        assert result.code == 0, result.err
        with np.load(out, allow_pickle=False) as arrays:
            return arrays["vectors"]

    return call


def test_a_folder_becomes_unit_rows_with_names_and_fingerprint(cli, bundle, people, tmp_path):
    out = tmp_path / "query.npz"
    result = cli("embed", bundle, people / "query", "-o", out)
    assert result.code == 0
    assert result.out == f"{out}: 240 embeddings of 64 numbers\n"
    with np.load(out, allow_pickle=False) as arrays:
        assert arrays["vectors"].shape == (240, 64)
        assert arrays["vectors"].dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(arrays["vectors"], axis=1), 1, atol=1e-5)
        names = arrays["names"].tolist()
        fingerprint = str(arrays["fingerprint"])
    assert names == sorted(str(path) for path in (people / "query").iterdir())
    assert fingerprint == json.loads((bundle / "manifest.json").read_text())["fingerprint"]


def test_jsonl_holds_the_same_numbers(cli, bundle, people, tmp_path):
    images = sorted((people / "query").iterdir())[:5]
    summaries = []
    for suffix in ("npz", "jsonl"):
        result = cli("embed", bundle, *images, "-o", tmp_path / f"out.{suffix}", "--json")
        assert result.code == 0
        summaries.append(result.json)
        assert result.json["images"] == 5
        assert result.json["dim"] == 64
        assert result.json["backend"] == "native"
    lines = [json.loads(line) for line in (tmp_path / "out.jsonl").read_text().splitlines()]
    assert {line["fingerprint"] for line in lines} == {summaries[0]["fingerprint"]}
    with np.load(tmp_path / "out.npz", allow_pickle=False) as arrays:
        assert [line["name"] for line in lines] == arrays["names"].tolist()
        rows = np.array([line["embedding"] for line in lines], np.float32)
        np.testing.assert_array_equal(rows, arrays["vectors"])


def test_native_libraries_stay_off_the_terminal(process, bundle, people, tmp_path):
    result = process("embed", bundle, people / "query", "-o", tmp_path / "out.npz", "--threads", 2)
    assert result.code == 0
    assert result.err == ""


def test_the_back_ends_agree(cli, bundle, people, tmp_path):
    found = {}
    for backend in ("native", "litert", "onnx", "lce"):
        out = tmp_path / f"{backend}.npz"
        result = cli("embed", bundle, people / "query", "-o", out, "--backend", backend)
        assert result.code == 0
        with np.load(out, allow_pickle=False) as arrays:
            found[backend] = arrays["vectors"]
    assert np.abs(found["native"] - found["lce"]).max() <= 1e-6
    assert np.abs(found["litert"] - found["lce"]).max() <= 5e-7
    # The golden crops of a bundle are stable ones; of arbitrary crops most agree, not all.
    close = np.abs(found["onnx"] - found["lce"]).max(axis=1) < 1e-3
    assert close.mean() >= 0.85


def test_grey_and_cmyk_are_what_they_look_like(vectors, crop, tmp_path):
    grey = crop.convert("L")
    grey.save(tmp_path / "grey.png")
    grey.convert("RGB").save(tmp_path / "grey-rgb.png")
    crop.convert("CMYK").save(tmp_path / "cmyk.jpg")
    Image.open(tmp_path / "cmyk.jpg").convert("RGB").save(tmp_path / "cmyk-rgb.png")
    names = ("grey.png", "grey-rgb.png", "cmyk.jpg", "cmyk-rgb.png")
    grey_row, grey_rgb, cmyk_row, cmyk_rgb = vectors(*(tmp_path / name for name in names))
    np.testing.assert_array_equal(grey_row, grey_rgb)
    np.testing.assert_array_equal(cmyk_row, cmyk_rgb)
    assert np.abs(grey_row - cmyk_row).max() > 1e-3


def test_a_picture_turned_by_exif_stands_upright(vectors, crop, tmp_path):
    crop.save(tmp_path / "upright.png")
    lying = crop.transpose(Image.Transpose.ROTATE_90)
    lying.save(tmp_path / "lying.png")
    exif = Image.Exif()
    exif[0x0112] = 6  # To be turned clockwise for display.
    lying.save(tmp_path / "turned.png", exif=exif)
    names = ("upright.png", "turned.png", "lying.png")
    upright, turned, lying_row = vectors(*(tmp_path / name for name in names))
    np.testing.assert_array_equal(turned, upright)
    assert np.abs(lying_row - upright).max() > 1e-3


def test_a_picture_of_one_pixel(vectors, tmp_path):
    Image.new("RGB", (1, 1), (200, 30, 60)).save(tmp_path / "pixel.png")
    assert vectors(tmp_path / "pixel.png").shape == (1, 64)


@pytest.mark.parametrize(
    "content", [b"", b"not an image", b"\xff\xd8\xff\xe0" + bytes(50)], ids=len
)
def test_a_broken_picture_is_named_and_nothing_is_written(refused, bundle, crop, tmp_path, content):
    crop.save(tmp_path / "a.png")
    (tmp_path / "b.jpg").write_bytes(content)
    err = refused(2, "embed", bundle, tmp_path, "-o", tmp_path / "out.npz")
    assert str(tmp_path / "b.jpg") in err
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "b.jpg"]


def test_inputs_that_are_not_there(refused, bundle, tmp_path):
    out = ["-o", tmp_path / "out.npz"]
    (tmp_path / "empty").mkdir()
    assert "no images below it" in refused(2, "embed", bundle, tmp_path / "empty", *out)
    absent = tmp_path / "absent.jpg"
    assert f"{absent}: no such file or folder" in refused(2, "embed", bundle, absent, *out)


@pytest.mark.parametrize("name", ["out.csv", "out", "absent/out.npz"])
def test_an_output_that_cannot_be_written_is_refused_before_the_work(
    refused, bundle, tmp_path, name
):
    err = refused(2, "embed", bundle, tmp_path / "no-input", "-o", tmp_path / name)
    assert f"{tmp_path / name}: " in err
    assert "no-input" not in err


def test_a_bundle_or_back_end_that_cannot_be_used(refused, bundle, trained, people, tmp_path):
    rest = [people / "query", "-o", tmp_path / "out.npz"]
    assert f"{trained.path}: not a bundle" in refused(2, "embed", trained.path, *rest)
    assert "no back end 'gpu'; choose one of: auto, native, litert, " in refused(
        2, "embed", bundle, *rest, "--backend", "gpu"
    )


def test_a_missing_engine_is_named_with_the_command_that_installs_it(
    refused, bundle, people, tmp_path, monkeypatch
):
    find = importlib.util.find_spec
    absent = ("ai_edge_litert", "onnxruntime")
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name in absent else find(name)
    )
    monkeypatch.setattr(native_library, "_FOLDER", "bireid_runtime._missing")
    err = refused(4, "embed", bundle, people / "query", "-o", tmp_path / "out.npz")
    assert "native: bireid-runtime was installed without libbireid.so: reinstall its wheel" in err
    assert "litert: ai_edge_litert is not installed: pip install ai-edge-litert" in err
    assert "onnx: onnxruntime is not installed: pip install onnxruntime" in err


def _halve(content):
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    ("backend", "name", "code"),
    [
        ("native", "model.lce.tflite", 2),
        ("litert", "model.lce.tflite", 6),
        ("lce", "model.lce.tflite", 6),
        ("onnx", "model.onnx", 6),
    ],
)
def test_a_truncated_model_with_right_hashes_is_refused(
    refused, bundle_copy, damage, rewrite_hashes, people, tmp_path, backend, name, code
):
    damage(bundle_copy / name, _halve)
    rewrite_hashes(bundle_copy)
    arguments = ("embed", bundle_copy, people / "query", "-o", tmp_path / "out.npz")
    assert name in refused(code, *arguments, "--backend", backend)


def test_one_broken_image_loses_nothing_but_itself(cli, refused, bundle, people, tmp_path):
    folder, out = tmp_path / "crops", tmp_path / "out.npz"
    folder.mkdir()
    for path in sorted((people / "query").iterdir())[:18]:
        shutil.copy(path, folder)
    (folder / "0000.png").write_bytes(b"no image")
    os.mkfifo(folder / "pipe.jpg")
    (folder / "notes.txt").touch()
    assert f"{folder / '0000.png'}: not an image" in refused(2, "embed", bundle, folder, "-o", out)
    assert not out.exists()

    result = cli("embed", bundle, folder, "-o", out, "--skip-broken", "--json")
    assert result.code == 0, result.err
    assert (result.json["images"], result.json["left_out"]) == (18, {"of the suffix .txt": 1})
    skipped = [str(folder / "0000.png"), str(folder / "pipe.jpg")]
    assert [each["file"] for each in result.json["skipped"]] == skipped
    with (tmp_path / "out.npz.skipped.csv").open() as file:
        rows = list(csv.reader(file))
    assert [row[0] for row in rows] == ["file", *skipped]
    assert rows[1][1] == "not an image of a supported format"
    assert f"skipped {skipped[0]}: not an image" in result.err
    whole = cli("embed", bundle, people / "query", "-o", tmp_path / "whole.npz")
    assert whole.code == 0
    with np.load(out) as some, np.load(tmp_path / "whole.npz") as every:
        np.testing.assert_array_equal(some["vectors"], every["vectors"][:18])

    for path in skipped:
        os.unlink(path)
    assert cli("embed", bundle, folder, "-o", out, "--skip-broken").code == 0
    assert not (tmp_path / "out.npz.skipped.csv").exists()
    (tmp_path / "only.png").write_bytes(b"no image")
    err = refused(2, "embed", bundle, tmp_path / "only.png", "-o", out, "--skip-broken")
    assert "none of 1 files can be read" in err
