"""`bireid-deploy inspect`."""

import re
import shutil

import pytest
from adapted_bundle import edit_manifest
from zoo import POINTS_BUNDLE, TRACKER_BUNDLE

COLUMNS = "layer weights M MACs bytes needed bytes stored kernel"


def _layers(audit, precision):
    return [layer for layer in audit["layers"] if layer["precision"] == precision]


def test_every_file_of_a_bundle(cli, four_formats):
    result = cli("inspect", four_formats.path, "--json")
    assert result.code == 0
    files = result.json["files"]
    assert result.json["inputs"][0]["kind"] == "image"
    assert result.json["outputs"][0]["kind"] == "embedding"
    assert {"machine", "date", "version", "fingerprint"} <= result.json.keys()
    assert list(files) == [
        "model.lce.tflite",
        "model.onnx",
        "model.float.onnx",
        "model.int8.tflite",
    ]
    for name, audit in files.items():
        assert audit["file_bytes"] == (four_formats.path / name).stat().st_size
        assert len(audit["layers"]) == 12
    lce, onnx, real, int8 = files.values()
    for audit in (lce, onnx):
        assert len(_layers(audit, "1-bit")) == 8
        assert _layers(audit, "float32")[0]["name"] == "stem_conv"
        assert audit["theoretical"]["speedup"] > 1.5
        assert audit["theoretical"]["saving"] > 12
    assert lce["macs"] == onnx["macs"]
    assert lce["operators"]["LceBconv2d"] == 8
    assert len(_layers(real, "float32")) == 12
    assert real["theoretical"]["speedup"] == 1
    assert len(_layers(int8, "int8")) == 12


def test_the_table_says_why_a_layer_is_float(cli, bundle):
    result = cli("inspect", bundle)
    assert result.code == 0
    lines = [" ".join(line.split()) for line in result.out.splitlines()]
    assert lines.count(COLUMNS) == 2
    assert lines[0].startswith("in image: image 64x32x3")
    assert lines[1].startswith("out embedding: embedding ")
    assert re.fullmatch(
        r"model.lce.tflite: 0.0\d MB, 1-bit: 9\d.\d% of weights, \d\d.\d% of MACs", lines[2]
    )
    assert lines.count("stem_conv float32 0.60 4,704 4,704 7x7x3x8") == 2
    assert lines.count("stem_conv: it reads the input") == 2
    assert result.out.count(" 1-bit ") >= 16
    assert "LceBconv2d 8" in result.out
    assert "x fewer operations, " in result.out


@pytest.mark.parametrize("name", ["model.lce.tflite", "model.onnx"])
def test_a_single_file(cli, bundle, name):
    result = cli("inspect", bundle / name, "--json")
    assert result.code == 0
    assert result.json["files"] == {name: cli("inspect", bundle, "--json").json["files"][name]}


def test_both_formats_call_the_layers_as_the_network_does(cli, bundle, trained):
    from bireid_deploy.trained_run import open_run

    files = cli("inspect", bundle, "--json").json["files"]
    layers = {layer.name for layer in open_run(trained.path).network.model.layers}
    for audit in files.values():
        assert {layer["name"] for layer in audit["layers"]} <= layers


def test_square_brackets_are_no_markup(cli, bundle, tmp_path):
    copy = shutil.copy(bundle / "model.onnx", tmp_path / "v[2] [bold].onnx")
    assert "v[2] [bold].onnx, " in cli("inspect", copy).out


@pytest.mark.parametrize(("path", "item"), [(POINTS_BUNDLE, "cloud"), (TRACKER_BUNDLE, "crop")])
def test_what_was_pruned_is_counted_per_item_of_the_task(cli, tmp_path, path, item):
    copy = shutil.copytree(path, tmp_path / "bundle")
    before, after = ({"weights": count, "macs": 10 * count} for count in (200, 100))
    removed = {"layers": [], "before": before, "after": after}
    edit_manifest(copy, lambda manifest: manifest["training"].update(removed=removed))
    said = cli("inspect", copy).out
    assert "it reads the input" in said
    assert "image" not in said.partition("model.lce.tflite")[2]
    assert f"MACs per {item}: 2,000 before, 1,000 after, -50.0%" in said
    assert f"accumulates per {item} are 1-bit" in (path / "card.md").read_text()


@pytest.mark.parametrize("suffix", [".tflite", ".onnx"])
@pytest.mark.parametrize("content", [b"", b"TFL3", bytes(range(256)) * 20], ids=len)
def test_garbage(refused, tmp_path, suffix, content):
    file = tmp_path / f"garbage{suffix}"
    file.write_bytes(content)
    assert f"bireid-deploy: {file}: " in refused(6, "inspect", file)


@pytest.mark.parametrize("name", ["model.lce.tflite", "model.onnx"])
def test_a_truncated_file(refused, bundle, tmp_path, name):
    content = (bundle / name).read_bytes()
    file = tmp_path / name
    file.write_bytes(content[: len(content) // 2])
    err = refused(6, "inspect", file)
    assert f"{file}: damaged ." in err


def test_what_cannot_be_inspected(refused, bundle, trained, tmp_path):
    assert "inspect a bundle, a .tflite or a .onnx file" in refused(
        6, "inspect", bundle / "golden.safetensors"
    )
    assert f"{trained.path}: not a bundle" in refused(2, "inspect", trained.path)
    assert "does not exist" in refused(2, "inspect", tmp_path / "absent.onnx")
    assert "does not exist" in refused(2, "inspect", tmp_path / "absent")


def test_what_a_terminal_obeys_in_a_name_is_text(refused, tmp_path):
    # Colour codes are no test: click drops them itself where there is no terminal.
    file = tmp_path / "\x07garbage\u202e.onnx"
    file.write_bytes(b"none")
    assert "\ufffdgarbage\ufffd.onnx: " in refused(6, "inspect", file)
