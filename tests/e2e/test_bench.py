"""`bireid-deploy bench`."""

import re
from dataclasses import replace
from importlib.metadata import version

import pytest
import zoo
from bireid_runtime import Bundle

from bireid_deploy.benchmark import engines
from bireid_deploy.benchmark.cpu_features import cpu_flags, has_bfloat16
from bireid_deploy.devices.this_machine import cpu_name

COLUMNS = "engine crop ms net ms p10-p90 ratio MB load ms first ms cold ms peak MB CPU"
BINARY = [
    "1-bit, bireid (native)",
    "1-bit, bireid (native), uint8 stem",
    "1-bit, bireid (fused)",
    "1-bit, LiteRT + bireid, uint8 stem",
    "1-bit, bireid (LCE operators)",
    "1-bit, LCE (indirect)",
    "1-bit, LCE (default)",
    "1-bit, ONNX Runtime",
]
# On a CPU that multiplies bfloat16, where OpenVINO's default is less than float32, it has two rows.
OPENVINO = ["OpenVINO", *(["OpenVINO, float32"] if has_bfloat16(cpu_flags()) else [])]
FLOAT_ONNX = ["ONNX Runtime", *OPENVINO]


def test_every_engine_is_a_row_with_a_ratio_to_the_first(cli, four_formats):
    options = ("--rounds", "2", "--starts", "2", "--threads", "2", "--json")
    result = cli("bench", four_formats.path, *options)
    assert result.code == 0
    rows = result.json["engines"]
    assert result.json["machine"]["cpu"]
    assert result.json["date"].startswith("20")
    assert result.json["version"] == version("bireid-deploy")
    expected = [*BINARY, *(f"float-onnx, {engine}" for engine in FLOAT_ONNX), "int8, LiteRT"]
    assert [row["engine"] for row in rows] == expected
    assert rows[0]["ratio"] == 1
    for row in rows:
        assert row["runs"] == 10
        assert row["starts"] == 2
        assert row["threads"] == 2
        assert row["ratio"] == pytest.approx(row["median_ms"] / rows[0]["median_ms"])
        assert 0 < row["p10_ms"] <= row["median_ms"] <= row["p90_ms"]
        assert 0 < row["item_p10_ms"] <= row["item_ms"]
        assert row["load_ms"] > 0
        assert row["first_ms"] > 0
        assert row["cold_ms"] >= max(row["load_ms"], row["first_ms"])
        assert row["peak_rss_bytes"] > 10e6
        assert row["cpu_features"]
    assert rows[0]["bytes"] == (four_formats.path / "model.lce.tflite").stat().st_size
    names = [*["bireid"] * 5, "larq", "larq", "onnxruntime", "onnxruntime"]
    names += [*["openvino"] * len(OPENVINO), "ai-edge-litert"]
    for row, engine in zip(rows, names, strict=True):
        assert engine in row["version"]


def test_other_files_join_the_table(cli, bundle, four_formats):
    against = [
        f"--against={four_formats.path / name}"
        for name in ("model.float.onnx", "model.int8.tflite")
    ]
    result = cli("bench", bundle, "--rounds", "1", "--starts", "1", *against)
    assert result.code == 0
    lines = [line.strip() for line in result.out.splitlines() if line.strip()]
    assert re.fullmatch(r"fastest: .+, [\d.]+ ms per crop; others [\d.]+(-[\d.]+)?x", lines[0])
    assert lines[1] == f"bundle, 1 thread(s), batch 1, {cpu_name()}"
    assert " ".join(lines[2].split()) == COLUMNS
    labels = [line.split("  ")[0] for line in lines[4:]]
    rows = dict(zip(labels, (line.split("  ") for line in lines[4:]), strict=True))
    assert lines[0].removeprefix("fastest: ").rsplit(", ", 1)[0] in rows
    assert labels == [
        *BINARY,
        *(f"model.float.onnx, {engine}" for engine in FLOAT_ONNX),
        "model.int8.tflite, LiteRT",
    ]


def test_a_row_that_a_network_cannot_have_is_said(cli, bundle, tmp_path, monkeypatch):
    known = {each.kind: each for each in engines.engines_of(Bundle.open(bundle), (), 1)}
    absent = replace(known["native-uint8-stem"], path=str(tmp_path), bundle=str(tmp_path))
    monkeypatch.setattr(engines, "engines_of", lambda *_: [known["native"], absent])
    result = cli("bench", bundle, "--rounds", "1", "--starts", "1", "--json")
    assert result.code == 0
    assert [row["engine"] for row in result.json["engines"]] == BINARY[:1]
    (line,) = [each for each in result.err.splitlines() if "left out" in each]
    assert line.count("uint8 stem") == 1
    assert line.removeprefix("left out: ").startswith(f"{BINARY[1]}: ")


def test_steps_of_ours_have_no_rivals(refused, bundle, four_formats):
    file = four_formats.path / "model.int8.tflite"
    err = refused(2, "bench", bundle, "--per-layer", "--against", file)
    assert "--per-layer" in err


def test_a_file_that_is_not_there(refused, bundle, tmp_path):
    absent = tmp_path / "absent.onnx"
    err = refused(2, "bench", bundle, "--against", absent)
    assert f"'{absent}' does not exist" in err
    assert "does not exist" in refused(2, "bench", absent)


@pytest.mark.parametrize("suffix", [".onnx", ".tflite", ".jpg"])
def test_a_file_that_no_engine_opens(refused, bundle, tmp_path, suffix):
    garbage = tmp_path / f"garbage{suffix}"
    garbage.write_bytes(bytes(range(256)))
    err = refused(6, "bench", bundle, "--rounds", "1", "--against", garbage)
    assert garbage.name in err


def test_others_of_other_inputs_are_timed_and_one_that_fails_costs_no_row(cli, bundle, tmp_path):
    onnx = pytest.importorskip("onnx")
    values = [
        onnx.helper.make_tensor_value_info(name, kind, shape)
        for name, kind, shape in (
            ("pixels", onnx.TensorProto.UINT8, ["n", 3, 40, 20]),
            ("scale", onnx.TensorProto.FLOAT, [1]),
            ("out", onnx.TensorProto.FLOAT, ["n", 3, 40, 20]),
        )
    ]
    nodes = [
        onnx.helper.make_node("Cast", ["pixels"], ["floats"], to=onnx.TensorProto.FLOAT),
        onnx.helper.make_node("Mul", ["floats", "scale"], ["out"]),
    ]
    graph = onnx.helper.make_graph(nodes, "foreign", values[:2], values[2:])
    opsets = [onnx.helper.make_opsetid("", 18)]
    onnx.save(
        onnx.helper.make_model(graph, opset_imports=opsets, ir_version=9), tmp_path / "f.onnx"
    )
    (tmp_path / "broken.onnx").write_bytes(bytes(range(256)))
    against = [f"--against={tmp_path / name}" for name in ("broken.onnx", "f.onnx")]
    result = cli("bench", bundle, "--rounds", "1", "--starts", "1", "--json", *against)
    assert result.code == 6
    theirs = [f"f.onnx, {engine}" for engine in FLOAT_ONNX]
    assert [row["engine"] for row in result.json["engines"]] == [*BINARY, *theirs]
    failures = sorted(result.err.strip().splitlines())
    for begin, failure in zip(
        sorted(f"broken.onnx, {each}: " for each in FLOAT_ONNX), failures, strict=True
    ):
        assert begin in failure


def test_what_comes_behind_the_network_is_counted(cli):
    bundle = zoo.DETECTOR_BUNDLE
    against = f"--against={bundle / 'model.onnx'}"
    result = cli("bench", bundle, "--rounds", "1", "--starts", "1", "--json", against)
    assert result.code == 0
    rows = {row["engine"]: row for row in result.json["engines"]}
    for label in ("1-bit, bireid (native)", "1-bit, ONNX Runtime", "model.onnx, ONNX Runtime"):
        assert rows[label]["item"] == "image"
        assert rows[label]["item_ms"] > 0


def test_clouds_are_prepared(cli):
    result = cli("bench", zoo.POINTS_BUNDLE, "--rounds", "1", "--starts", "1")
    assert result.code == 0
    assert re.search(r"ms per item;", result.out)
    assert "item ms" in result.out
