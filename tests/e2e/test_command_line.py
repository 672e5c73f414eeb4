"""The command itself: help, unknown words, paths that the system refuses."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PIL import Image

from bireid_deploy.cli.main import VERBS

ZOO = Path(__file__).parents[2] / "models" / "zoo"
BUNDLE = ZOO / "distilled_r18_half-synthetic-128x64-256d-v2"

LOADED_BY_HELP = """
import json, sys
from bireid_deploy.cli.main import run
codes = [run(arguments) for arguments in json.loads(sys.argv[1])]
heavy = {"tensorflow", "tf_keras", "larq", "onnx", "onnxruntime", "rich", "pydantic", "PIL"}
print(json.dumps([codes, sorted(heavy & set(sys.modules))]), file=sys.stderr)
"""


def _loaded_by(*command_lines):
    done = subprocess.run(
        [sys.executable, "-c", LOADED_BY_HELP, json.dumps(command_lines)],
        capture_output=True,
        text=True,
        check=True,
    )
    codes, loaded = json.loads(done.stderr)
    assert set(codes) == {0}
    return done.stdout, loaded


def test_help_names_every_verb_and_imports_nothing_heavy():
    out, loaded = _loaded_by(["--help"])
    assert loaded == []
    for verb in VERBS:
        assert f"\n  {verb} " in out


def test_help_of_a_verb_is_instant_too():
    out, loaded = _loaded_by(*([verb, "--help"] for verb in VERBS))
    # `evaluate` lists the options of all tasks, whose table has sections of recipes.
    assert loaded == ["pydantic"]
    assert out.count("Usage: bireid-deploy") == len(VERBS)


def test_the_process_gives_the_exit_code(process):
    assert process("--version").out.startswith("bireid-deploy, version ")
    refusal = process("inspect", "absent.onnx")
    assert refusal.code == 2
    assert refusal.out == ""
    assert "absent.onnx" in refusal.err


def test_unknown_verb(refused):
    assert "no verb 'fly'; choose one of: demo, train, " in refused(2, "fly")
    assert "no verb 'trian'; did you mean train?" in refused(2, "trian", "--data", "x")


@pytest.mark.parametrize("verb", VERBS)
def test_unknown_option(refused, verb):
    assert "No such option '--fly'" in refused(2, verb, "--fly")


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["train"], "RECIPE"),
        (["train", "demo", "--out", "x"], "--data"),
        (["convert", "run"], "--out"),
        (["verify"], "BUNDLE"),
        (["inspect"], "MODEL"),
        (["evaluate"], "MODEL"),
        (["embed", "bundle", "-o", "x.npz"], "INPUTS"),
        (["bench"], "BUNDLE"),
    ],
)
def test_what_is_missing_is_named(refused, arguments, what):
    err = refused(2, *arguments)
    assert "Missing" in err
    assert what in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["embed", "b", "i", "-o", "x.npz", "--threads", "0"],
        ["bench", "b", "--rounds", "none"],
        ["demo", "--identities", "3"],
        ["evaluate", "b", "--average-precision", "best"],
    ],
)
def test_a_value_out_of_range_is_named(refused, arguments):
    assert f"Invalid value for '{arguments[-2]}'" in refused(2, *arguments)


@pytest.mark.parametrize("arguments", [("train", "--list"), ("--help",), ("inspect", BUNDLE)])
def test_results_on_a_full_disk_are_an_error_of_the_machine(arguments):
    command = [sys.executable, "-m", "bireid_deploy", *map(str, arguments)]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr == "bireid-deploy: cannot go on: No space left on device\n"


def test_who_reads_the_results_may_go_away():
    command = [sys.executable, "-m", "bireid_deploy", "train", "--show", "demo"]
    ours, theirs = os.pipe()
    os.close(ours)
    with os.fdopen(theirs, "wb") as pipe:
        done = subprocess.run(command, stdout=pipe, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_picture_on_a_full_disk_is_named(refused, tmp_path):
    for name in ("drawn", "crops"):
        (tmp_path / name).mkdir()
    Image.new("RGB", (64, 64)).save(tmp_path / "crops" / "a.jpg")
    (tmp_path / "drawn" / "a.jpg").symlink_to("/dev/full")
    detect = ("detect", ZOO / "detector_r18-street-192x192-v1", tmp_path / "crops")
    err = refused(2, *detect, "-o", tmp_path / "o.json", "--draw", tmp_path / "drawn")
    assert err.endswith(f"{tmp_path}/drawn/a.jpg: No space left on device\n")


def test_sigterm_cleans_up_as_ctrl_c_does(tmp_path):
    script = (
        "import os, signal, sys\n"
        "from bireid_deploy.cli import main\n"
        "from bireid_runtime.files import atomic_file\n"
        "def verb(*arguments, **options):\n"
        "    with atomic_file(sys.argv[1]):\n"
        "        os.kill(os.getpid(), signal.SIGTERM)\n"
        "        signal.pause()\n"
        "main.cli.main = verb\n"
        "sys.exit(main.run([]))\n"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "out")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (130, "bireid-deploy: interrupted\n")
    assert list(tmp_path.iterdir()) == []
