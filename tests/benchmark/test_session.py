"""Engines in processes of their own: none is left behind, none is stopped by what it says."""

import os
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from bireid_runtime import Bundle
from bireid_runtime.errors import BackendUnavailableError, UnsupportedModelError
from zoo import REID_BUNDLE

from bireid_deploy.benchmark.declared_inputs import declared_shape
from bireid_deploy.benchmark.engines import engines_of, installed
from bireid_deploy.benchmark.session import time_engines

# A module of the name of an engine, which waits forever once it has told who it is.
HANGING = """
import os, signal
with open(os.environ["WORKER_PID"], "w") as told:
    told.write(str(os.getpid()))
while True:
    signal.pause()
"""
CHATTY = """
import sys
__version__ = "1"
sys.stderr.write("e" * 1_000_000 + "\\n")
print("o" * 1_000_000)
class SessionOptions: pass
class Input:
    name, shape, type = "image", ["batch", 128, 64, 3], "tensor(float)"
class InferenceSession:
    def __init__(self, *arguments, **options): pass
    def get_inputs(self): return [Input]
    def run(self, outputs, inputs): print("running")
"""
# A shell that runs the tests in the background has them ignore Ctrl-C.
TIME = """
import os, signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
sys.path[:0] = sys.argv[1], os.path.dirname(sys.argv[1])
import test_session
test_session.time(test_session.onnx_engine(sys.argv[2]))
"""


def onnx_engine(path):
    (engine,) = [
        each for each in engines_of(Bundle.open(REID_BUNDLE), (), 1) if each.kind == "onnx"
    ]
    return replace(engine, kind="onnxruntime", path=str(path))


def time(*engines):
    return time_engines(engines, rounds=2, runs_per_round=2, starts=2)


@pytest.fixture
def stand_in(tmp_path, monkeypatch):
    """Let the processes of engines import other sources as onnxruntime."""

    def install(source):
        (tmp_path / "onnxruntime.py").write_text(source)
        monkeypatch.setenv("PYTHONPATH", str(tmp_path))

    return install


def test_ctrl_c_ends_an_engine_that_hangs(stand_in, tmp_path, monkeypatch):
    stand_in(HANGING)
    pid_file = tmp_path / "pid"
    os.mkfifo(pid_file)
    monkeypatch.setenv("WORKER_PID", str(pid_file))
    command = [sys.executable, "-c", TIME, Path(__file__).parent, tmp_path / "model.onnx"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        worker = int(pid_file.read_text())
        process.send_signal(signal.SIGINT)
        _, err = process.communicate()
    assert err.strip().endswith("KeyboardInterrupt")
    with pytest.raises(ProcessLookupError):
        os.kill(worker, 0)


def test_the_folder_at_hand_is_no_source_of_modules(stand_in, tmp_path, monkeypatch):
    stand_in(CHATTY)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "json.py").write_text("raise SystemExit('ran what lay around')")
    monkeypatch.chdir(elsewhere)
    assert time(onnx_engine("model.onnx"))


@pytest.mark.timeout(60)
def test_an_engine_may_talk_as_much_as_it_likes(stand_in):
    stand_in(CHATTY)
    (timing,) = time(onnx_engine("model.onnx"))
    assert len(timing.milliseconds) == 4
    assert [start.version for start in timing.starts] == ["onnxruntime 1", "onnxruntime 1"]


def test_a_process_that_dies_leaves_its_last_word(stand_in):
    stand_in("import os, sys\nprint('out of memory', file=sys.stderr, flush=True)\nos._exit(7)")
    with pytest.raises(UnsupportedModelError, match=r"died \(exit status 7\): out of memory$"):
        time(onnx_engine("model.onnx"))


def test_an_engine_that_fails_later_says_why(stand_in):
    fails = CHATTY + "    def run(self, *_): raise Failure('the tensor is gone')\n"
    stand_in("class Failure(Exception): pass\n" + fails)
    with pytest.raises(UnsupportedModelError, match=r"ONNX Runtime: the tensor is gone$"):
        time(onnx_engine("model.onnx"))


def test_the_others_are_timed_when_one_fails(stand_in, tmp_path):
    stand_in(CHATTY + "    def get_inputs(self): raise OSError('no such model')\n")
    failing = onnx_engine("model.onnx")
    (native,) = [
        each for each in engines_of(Bundle.open(REID_BUNDLE), (), 1) if each.kind == "native"
    ]
    failed = []
    (timing,) = time_engines(
        [failing, native], 1, 1, 1, on_failed=lambda engine, error: failed.append((engine, error))
    )
    assert timing.engine == native
    ((engine, error),) = failed
    assert engine == failing
    assert str(error).endswith("no such model")


def test_a_stem_that_a_network_has_not_is_left_out_and_said(tmp_path):
    known = {each.kind: each for each in engines_of(Bundle.open(REID_BUNDLE), (), 1)}
    native, stem = known["native"], known["native-uint8-stem"]
    absent = replace(stem, path=str(tmp_path), bundle=str(tmp_path))
    left_out, failed = [], []
    (timing,) = time_engines(
        [native, absent],
        1,
        1,
        1,
        on_failed=lambda engine, error: failed.append(engine),
        on_left_out=lambda engine, error: left_out.append((engine, str(error))),
    )
    assert timing.engine == native
    assert not failed
    ((engine, reason),) = left_out
    assert engine == absent
    assert "uint8 stem" in reason
    with pytest.raises(UnsupportedModelError):
        time_engines([native, absent], 1, 1, 1)


@pytest.mark.parametrize(
    ("declared", "shape"),
    [
        (["batch", 128, 64, 3], (1, 128, 64, 3)),
        ([1, 3, 256, 128], (1, 3, 256, 128)),
        ([None, 3, "height", "width"], (1, 3, 128, 64)),
        ([-1, -1, -1, 3], (1, 128, 64, 3)),
        (["batch", "tokens"], (1, 1)),
        ([2, 7], (2, 7)),
        ([], ()),
    ],
)
def test_a_foreign_file_gets_the_sizes_that_it_declares(declared, shape):
    assert declared_shape(declared, (128, 64, 3), "x") == shape


def test_a_file_that_declares_too_much_is_not_fed():
    with pytest.raises(UnsupportedModelError, match=r"'x' declares .* more than 2\^28 values"):
        declared_shape([1, 3, 2**20, 2**20], (128, 64, 3), "x")


def test_the_exceptions_of_onnxruntime_arrive(tmp_path):
    pytest.importorskip("onnxruntime")
    garbage = tmp_path / "garbage.onnx"
    garbage.write_bytes(bytes(range(256)))
    with pytest.raises(UnsupportedModelError, match="INVALID_PROTOBUF") as caught:
        time(onnx_engine(garbage))
    assert "died" not in str(caught.value)


@pytest.fixture
def without_onnxruntime(monkeypatch):
    import importlib.util

    find = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == "onnxruntime" else find(name)
    )


def test_what_is_not_installed_is_left_out(without_onnxruntime):
    known = engines_of(Bundle.open(REID_BUNDLE), (), 1)
    left_out = [engine for engine in known if engine not in installed(known)]
    assert [engine.kind for engine in left_out] == ["onnx"]


def test_what_was_asked_for_is_never_left_out(without_onnxruntime):
    file = REID_BUNDLE / "model.onnx"
    known = engines_of(Bundle.open(REID_BUNDLE), (file,), 1)
    with pytest.raises(BackendUnavailableError, match="onnxruntime is not installed: pip install"):
        installed(known, (file,))
