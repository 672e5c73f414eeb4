"""The C API as a C program uses it, from the shared and from the static library."""

import os
import shlex
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime import Bundle, Extractor, engine_path

ROOT = Path(__file__).parents[2]
NATIVE = ROOT / "runtime" / "native"
EXAMPLE = NATIVE / "examples" / "minimal.c"
STATIC_LIBRARY = ROOT / "dist" / "native" / "lib" / "libbireid.a"
ZOO = ROOT / "models" / "zoo"
COMPILER = shlex.split(os.environ.get("CC", "cc"))
# Functions of libraries that are inside ours.
NAMESAKES = "void cJSON_Parse(void) {}\nvoid cJSON_Delete(void) {}\n"


def run(*command):
    return subprocess.run([*map(str, command)], capture_output=True, text=True, timeout=120)


def compile_c(program, *arguments):
    if shutil.which(COMPILER[0]) is None:
        pytest.skip(f"no C compiler: {COMPILER[0]}")
    options = ("-std=c99", "-pedantic", "-O2", "-Wall", "-Wextra", f"-I{NATIVE / 'engine'}")
    done = run(*COMPILER, *options, *arguments, "-o", program)
    assert (done.returncode, done.stderr) == (0, "")
    return program


@pytest.fixture(scope="module")
def with_shared_library(tmp_path_factory):
    folder = Path(engine_path()).parent
    libraries = (f"-L{folder}", "-lbireid", f"-Wl,-rpath,{folder}")
    return compile_c(tmp_path_factory.mktemp("shared") / "minimal", EXAMPLE, *libraries)


@pytest.fixture(scope="module")
def with_static_library(tmp_path_factory):
    if not STATIC_LIBRARY.is_file():
        pytest.skip("no libbireid.a in dist/native: `make native-libraries`")
    folder = tmp_path_factory.mktemp("static")
    namesakes = folder / "namesakes.c"
    namesakes.write_text(NAMESAKES)
    libraries = (STATIC_LIBRARY, "-lstdc++", "-lm", "-lpthread")
    return compile_c(folder / "minimal", EXAMPLE, namesakes, *libraries)


@pytest.fixture(params=["with_shared_library", "with_static_library"])
def program(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def bundle():
    return Bundle.open(min(path for path in ZOO.iterdir() if path.is_dir()))


def test_it_prints_what_python_computes(program, bundle, tmp_path):
    golden = bundle.golden()
    expected = Extractor.open(bundle, backend="native").embed(golden.inputs["image"])
    pixels = tmp_path / "crop.rgb"
    for crop, embedding in zip(golden.inputs["image"], expected, strict=True):
        pixels.write_bytes(crop.tobytes())
        done = run(program, bundle.path, pixels, crop.shape[1], crop.shape[0])
        assert (done.returncode, done.stderr) == (0, "")
        np.testing.assert_array_equal(np.array(done.stdout.splitlines(), np.float32), embedding)


def test_an_error_is_one_line(program, tmp_path):
    done = run(program, tmp_path / "absent", "crop.rgb", 1, 1)
    assert (done.returncode, done.stdout) == (1, "")
    assert len(done.stderr.splitlines()) == 1
    assert str(tmp_path / "absent") in done.stderr
