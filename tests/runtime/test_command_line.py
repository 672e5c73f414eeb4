"""`python -m bireid_runtime`, as a device calls it."""

import json
import subprocess
import sys

import numpy as np
import pytest
from bireid_runtime.command_line import main

# The keys of `bireid-embed --selftest --json` and `--bench --json`, in their order.
SELF_TEST_KEYS = ["engine", "passed", "max_difference", "min_cosine"]
BENCH_KEYS = [
    "engine",
    "threads",
    "runs",
    "width",
    "height",
    "median_ms",
    "p10_ms",
    "p90_ms",
    "load_ms",
    "first_ms",
    "peak_rss_bytes",
]


def other_weights():
    return np.random.default_rng(8).normal(size=(3, 6)).astype(np.float32)


def test_a_self_test_that_passes(bundle_path, capsys):
    assert main(["selftest", str(bundle_path), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == SELF_TEST_KEYS
    assert answer["passed"] is True
    assert answer["engine"].startswith("onnxruntime")
    assert answer["max_difference"] < 1e-5
    assert answer["min_cosine"] > 0.99999


def test_a_self_test_that_fails(bundle_path, replace_network, capsys):
    replace_network(other_weights())
    assert main(["selftest", str(bundle_path), "--json"]) == 3
    said = capsys.readouterr()
    answer = json.loads(said.out)
    assert answer["passed"] is False
    assert answer["min_cosine"] < 0.999
    assert said.err.startswith("bireid_runtime: self-test failed with onnxruntime")
    assert said.err.count("\n") == 1


def test_a_self_test_of_a_network_that_overflows_is_json(bundle_path, replace_network, capsys):
    replace_network(np.full((3, 6), np.finfo(np.float32).max, np.float32))
    assert main(["selftest", str(bundle_path), "--json"]) == 3
    answer = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert answer["passed"] is False
    assert answer["max_difference"] is None


def test_a_bench(released_bundle, capsys):
    arguments = [str(released_bundle.path), "--runs", "7", "--threads", "2", "--json"]
    assert main(["bench", *arguments]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert list(answer) == BENCH_KEYS
    assert answer["engine"].startswith("bireid ")
    assert (answer["threads"], answer["runs"]) == (2, 7)
    assert (answer["width"], answer["height"]) == (128, 256)
    assert 0 < answer["p10_ms"] <= answer["median_ms"] <= answer["p90_ms"]
    assert min(answer["load_ms"], answer["first_ms"]) > 0
    assert answer["peak_rss_bytes"] > 1e6


def test_texts_for_people(released_bundle, capsys):
    assert main(["selftest", str(released_bundle.path)]) == 0
    assert "self-test passed, max difference " in capsys.readouterr().out
    assert main(["bench", str(released_bundle.path), "--runs", "1"]) == 0
    assert "1 thread(s), 1 runs, image of 128x256 pixels\nmedian " in capsys.readouterr().out


@pytest.mark.parametrize("verb", ["who", "gallery", "embed", "tset"])
def test_what_has_another_verb_is_named(verb, capsys):
    assert main([verb, "x"]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"bireid_runtime: no verb '{verb}': bireid-runtime alone has selftest")
    assert said.endswith("verbs of bireid-deploy: pip install bireid-deploy\n")
    assert said.count("\n") == 1


@pytest.mark.parametrize("verb", ["selftest", "bench"])
def test_the_back_end_can_be_named(verb, bundle_path, capsys):
    assert main([verb, str(bundle_path), "--backend", "onnx", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["engine"].startswith("onnxruntime")
    # The bundle has no file that this engine reads.
    assert main([verb, str(bundle_path), "--backend", "native"]) == 2
    assert "no file of format 'lce'" in capsys.readouterr().err


def refusal(capsys, bundle, code):
    """The one line that a self-test which cannot run leaves."""
    assert main(["selftest", str(bundle)]) == code
    said = capsys.readouterr()
    assert (said.out, said.err.count("\n")) == ("", 1)
    return said.err


def test_no_bundle(tmp_path, capsys):
    assert "does not exist" in refusal(capsys, tmp_path / "none", 2)


def test_a_damaged_bundle(bundle_path, capsys):
    path = bundle_path / "model.onnx"
    path.write_bytes(path.read_bytes()[::-1])
    assert "model.onnx" in refusal(capsys, bundle_path, 3)


def test_an_engine_that_is_not_installed(bundle_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    assert "pip install onnxruntime" in refusal(capsys, bundle_path, 4)


def test_a_network_of_another_kind(bundle_path, replace_network, capsys):
    replace_network(np.ones((3, 7), np.float32))
    assert "(1, 6)" in refusal(capsys, bundle_path, 6)


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        ([], "VERB"),
        (["selftest"], "BUNDLE"),
        (["bench", "bundle", "--runs", "0"], "from 1 to 1000000, not '0'"),
        (["bench", "bundle", "--threads", "65"], "from 1 to 64, not '65'"),
        (["bench", "bundle", "--runs", "1e3"], "from 1 to 1000000, not '1e3'"),
        (["bench", "bundle", "--backend", "tensorrt"], "invalid choice: 'tensorrt'"),
    ],
)
def test_a_wrong_command_line(arguments, complaint, capsys):
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    assert ended.value.code == 2
    assert complaint in capsys.readouterr().err


def test_as_a_module(bundle_path, replace_network):
    command = [sys.executable, "-I", "-m", "bireid_runtime", "selftest", str(bundle_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "self-test passed" in done.stdout
    replace_network(other_weights())
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 3
    assert "Traceback" not in done.stderr
