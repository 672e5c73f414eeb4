"""The installed C library as a project of another person finds it: CMake, pkg-config, C++."""

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime import Extractor, similarity
from bundle_files import REID_BUNDLE, golden_crops

ROOT = Path(__file__).parents[2]
INSTALLED = ROOT / "dist" / "native"
EXAMPLE = ROOT / "runtime" / "native" / "examples" / "gallery.cc"


def run(*command, **options):
    done = subprocess.run(
        [*map(str, command)], capture_output=True, text=True, timeout=120, **options
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


@pytest.fixture(scope="module")
def prefix(tmp_path_factory):
    """The installation, moved to where nobody knew that it would be."""
    if not (INSTALLED / "lib" / "cmake").is_dir():
        pytest.skip("no libraries in dist/native: `make native-libraries`")
    folder = tmp_path_factory.mktemp("moved") / "prefix"
    return shutil.copytree(INSTALLED, folder, symlinks=True)


def ranked(program, crops, folder):
    """Lines of the example on the first crop as query, all of one size."""
    paths = [folder / f"{number}.rgb" for number in range(len(crops))]
    for path, crop in zip(paths, crops, strict=True):
        path.write_bytes(crop.tobytes())
    height, width, _ = crops[0].shape
    lines = run(program, REID_BUNDLE, width, height, paths[0], *paths).splitlines()
    return [(float(line.split()[0]), Path(line.split()[1]).stem) for line in lines]


@pytest.fixture(scope="module")
def crops():
    rng = np.random.default_rng(0)
    first = golden_crops(REID_BUNDLE)[0]
    return [first, first[:, ::-1].copy(), rng.integers(0, 256, first.shape, np.uint8)]


@pytest.fixture(scope="module")
def expected(crops):
    rows = Extractor.open(REID_BUNDLE, backend="native").embed(crops)
    alike = similarity(rows[0], rows)
    return [(alike[i], str(i)) for i in np.argsort(-alike)]


def test_a_project_finds_both_libraries_by_cmake(prefix, crops, expected, tmp_path):
    if shutil.which("cmake") is None:
        pytest.skip("no cmake")
    shutil.copy(Path(__file__).parent / "consumer" / "CMakeLists.txt", tmp_path)
    shutil.copy(EXAMPLE, tmp_path)
    build = tmp_path / "build"
    environment = {key: os.environ[key] for key in os.environ if not key.startswith("CMAKE")}
    configure = ("cmake", "-S", tmp_path, "-B", build, f"-DCMAKE_PREFIX_PATH={prefix}")
    run(*configure, env=environment)
    run("cmake", "--build", build, env=environment)
    for program in ("with_shared", "with_static"):
        assert ranked(build / program, crops, tmp_path) == expected


def test_a_compiler_finds_it_by_pkg_config(prefix, crops, expected, tmp_path):
    if shutil.which("pkg-config") is None or shutil.which("c++") is None:
        pytest.skip("no pkg-config or no C++ compiler")
    environment = {**os.environ, "PKG_CONFIG_PATH": str(prefix / "lib" / "pkgconfig")}
    found = run("pkg-config", "--cflags", "--libs", "bireid", env=environment).split()
    strict = ("-std=c++17", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-pedantic", "-Werror")
    program = tmp_path / "gallery"
    rpath = f"-Wl,-rpath,{prefix / 'lib'}"
    run("c++", *strict, EXAMPLE, "-o", program, *found, "-pthread", rpath)
    assert ranked(program, crops, tmp_path) == expected
    lines = subprocess.run(
        [program, tmp_path / "absent", "1", "1", "a", "b"], capture_output=True, text=True
    )
    assert (lines.returncode, lines.stdout) == (1, "")
    assert str(tmp_path / "absent") in lines.stderr
