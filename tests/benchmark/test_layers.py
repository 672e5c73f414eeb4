"""`bench --per-layer` on the bundle that the repository ships."""

import re

import pytest
from zoo import REID_BUNDLE


def test_time_of_every_step(cli):
    result = cli("bench", REID_BUNDLE, "--per-layer", "--rounds", "2", "--json")
    assert result.code == 0
    profile = result.json
    assert profile["engine"].startswith("bireid ")
    steps = profile["steps"]
    assert all(step["microseconds"] >= 0 for step in steps)
    shares = sum(step["share"] for step in steps)
    assert shares == pytest.approx(1)
    total = sum(step["microseconds"] for step in steps)
    assert total == pytest.approx(profile["microseconds"])


def test_steps_have_the_layer_names_of_inspect(cli):
    steps = cli("bench", REID_BUNDLE, "--per-layer", "--rounds", "1", "--json").json["steps"]
    audit = cli("inspect", REID_BUNDLE, "--json").json["files"]["model.lce.tflite"]
    named = [name for step in steps for name in step["layers"]]
    assert sorted(named) == sorted(layer["name"] for layer in audit["layers"])
    binary = {layer["name"] for layer in audit["layers"] if layer["precision"] == "1-bit"}
    assert binary == {
        name for step in steps if "LceBconv2d#" in step["step"] for name in step["layers"]
    }


def test_table_of_the_steps(cli):
    result = cli("bench", REID_BUNDLE, "--per-layer", "--rounds", "1")
    assert result.code == 0
    lines = [line.strip() for line in result.out.splitlines() if line.strip()]
    answer = r"[\d.]+ ms a run; longest: [^,]+, \d+%; bireid \S+ \(\w+\)"
    assert re.fullmatch(answer, lines[0])
    assert lines[1].startswith(f"{REID_BUNDLE.name}, 1 thread(s), batch 1, ")
    assert lines[2].split() == ["layer", "step", "us", "%"]
    assert lines[-2].startswith("-")
    assert lines[-1].startswith("total")
