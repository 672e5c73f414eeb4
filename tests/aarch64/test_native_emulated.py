"""The native C++ tests, cross-compiled and run on an emulated Raspberry Pi 4.

Those of pixels run on an emulated Neoverse N1 too, whose dot products multiply them.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
TOOLCHAIN = REPOSITORY / "runtime/native/cmake/aarch64-linux-gnu.cmake"
BUILD = REPOSITORY / "build/static-aarch64"
GOOGLETEST = Path("/usr/src/googletest")


def call(*command: object, **environment: str) -> None:
    done = subprocess.run(
        list(map(str, command)),
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-5000:]


@pytest.mark.slow
@pytest.mark.timeout(900)  # the first time, it compiles GoogleTest and the library
def test_the_native_tests_pass_on_an_emulated_cpu(cross_compiler):
    # The test environment brings its own CMake.
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    cmake, ctest = shutil.which("cmake", path=tools), shutil.which("ctest", path=tools)
    if cmake is None or ctest is None or not GOOGLETEST.is_dir():
        pytest.skip("CMake or Debian's libgtest-dev is missing")
    options = [f"-DCMAKE_TOOLCHAIN_FILE={TOOLCHAIN}", "-DBIREID_TESTS=ON", "-Wno-deprecated"]
    call(cmake, "-S", REPOSITORY / "runtime", "-B", BUILD, *options)
    call(cmake, "--build", BUILD)
    tests = [ctest, "--test-dir", BUILD, "--no-tests=error", "--output-on-failure"]
    call(*tests, QEMU_CPU="cortex-a72", BIREID_FEW_CASES="1")
    call(
        *(*tests, "--tests-regex", "^pixel_(kernels|plan)_test$"),
        QEMU_CPU="neoverse-n1",
        BIREID_FEW_CASES="1",
    )
