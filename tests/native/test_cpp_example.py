"""The C++ example, where LiteRT's C API is installed: it must print the golden embeddings."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime import Bundle, delegate_path
from bireid_runtime.resize import resize_bilinear
from skips import skip_unavoidably
from zoo import REID_BUNDLE

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "runtime" / "native" / "examples" / "embed.cc"
COMPILER = shlex.split(os.environ.get("CXX", "c++"))
LIBRARIES = ("tensorflow-lite", "tensorflowlite_c")  # as Debian and as LiteRT's own build name it
PROBE = "#include <tensorflow/lite/c/c_api.h>\nint main() { return TfLiteVersion() == nullptr; }\n"


def run(*command):
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120)


def compile_cpp(source, program, library):
    options = ["-std=c++17", "-O2", "-Wall", "-Wextra"]
    return run(*COMPILER, *options, source, f"-l{library}", "-ldl", "-o", program)


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    if shutil.which(COMPILER[0]) is None:
        pytest.skip(f"no C++ compiler: {COMPILER[0]}")
    folder = tmp_path_factory.mktemp("example")
    probe = folder / "probe.cc"
    probe.write_text(PROBE)
    probes = {name: compile_cpp(probe, folder / "probe", name) for name in LIBRARIES}
    found = [name for name, done in probes.items() if done.returncode == 0]
    if not found:
        skip_unavoidably(
            "the compiler finds no tensorflow/lite/c/c_api.h with its library "
            "(from Debian forky on: apt-get install libtensorflow-lite-dev)"
        )
    done = compile_cpp(EXAMPLE, folder / "embed", found[0])
    assert (done.returncode, done.stderr) == (0, "")
    return folder / "embed"


@pytest.fixture(scope="module")
def bundle():
    return Bundle.open(REID_BUNDLE)


@pytest.fixture
def arguments(bundle, tmp_path):
    """Arguments with which the example runs: the first golden crop."""
    pixels = tmp_path / "crop.rgb"
    pixels.write_bytes(network_input(bundle, bundle.golden().inputs["image"][0]))
    return {"model": bundle.file("lce"), "delegate": delegate_path(), "pixels": pixels}


def network_input(bundle, crop):
    return resize_bilinear(crop, bundle.preprocess.height, bundle.preprocess.width).tobytes()


def test_it_prints_the_golden_embeddings(program, bundle, arguments):
    golden = bundle.golden()
    for crop, expected in zip(golden.inputs["image"], golden.outputs["embedding"], strict=True):
        arguments["pixels"].write_bytes(network_input(bundle, crop))
        done = run(program, *arguments.values())
        assert done.returncode == 0, done.stderr
        embedding = np.array(done.stdout.splitlines(), np.float32)
        np.testing.assert_allclose(
            embedding, expected, rtol=0, atol=golden.tolerances["embedding"].max_abs
        )
        assert embedding @ expected >= golden.tolerances["embedding"].min_cosine


@pytest.mark.parametrize(
    ("argument", "zeros", "reason"),
    [
        ("model", None, "not a model that LiteRT can read"),
        ("model", 64, "not a model that LiteRT can read"),
        ("delegate", None, "cannot open shared object file"),
        ("delegate", 64, "invalid ELF header"),
        ("pixels", None, "not a file of 24576 bytes"),
        ("pixels", 24575, "not a file of 24576 bytes"),
        ("pixels", 24577, "not a file of 24576 bytes"),
    ],
)
def test_an_error_names_the_file(program, arguments, tmp_path, argument, zeros, reason):
    file = tmp_path / "broken"
    if zeros is not None:
        file.write_bytes(bytes(zeros))
    done = run(program, *{**arguments, argument: file}.values())
    assert (done.returncode, done.stdout) == (1, "")
    message = done.stderr.splitlines()[-1]  # LiteRT may have written lines of its own before
    assert message.startswith(f"embed: {file}: {reason}")


def test_another_library_is_no_delegate(program, arguments):
    done = run(program, *{**arguments, "delegate": "libc.so.6"}.values())
    assert (done.returncode, done.stderr) == (1, "embed: libc.so.6: not a LiteRT delegate\n")


def test_missing_arguments_are_asked_for(program):
    done = run(program)
    assert (done.returncode, done.stderr) == (1, "embed: usage: embed MODEL DELEGATE PIXELS\n")
