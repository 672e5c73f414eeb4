"""32-bit ARM: bireid-embed, one static file, and the kernels, on emulated CPUs."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from lce_replay import build_program, replay
from zoo import REID_BUNDLE

REPOSITORY = Path(__file__).parents[2]
PROGRAM = REPOSITORY / "dist" / "bireid-embed-armv7l"
BUILD = REPOSITORY / "build" / "static-armv7l"
COMPILER = "arm-linux-gnueabihf-g++"
EMULATOR = "qemu-arm-static"
# Of a Raspberry Pi 2; of a BeagleBone, which has NEON without a fused multiply-add.
CPUS = [("cortex-a7", "neon"), ("cortex-a8", "scalar")]


@pytest.fixture(scope="module")
def emulated():
    """Runs a program on a CPU."""
    if shutil.which(EMULATOR) is None:
        pytest.skip(f"no {EMULATOR} (apt-get install qemu-user-static)")

    def run(cpu, *command):
        done = subprocess.run(
            [EMULATOR, "-cpu", cpu, *map(str, command)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
        return done.stdout

    return run


@pytest.mark.parametrize(("cpu", "path"), CPUS)
def test_the_self_test_of_a_released_bundle_passes(emulated, cpu, path):
    if not PROGRAM.is_file():
        pytest.skip("no bireid-embed for armv7l in dist: `make bireid-embed-armv7`")
    printed = emulated(cpu, PROGRAM, REID_BUNDLE, "--selftest")
    assert f"({path}): self-test passed" in printed


@pytest.mark.timeout(300)  # it compiles one file
def test_kernels_compute_what_they_are_defined_to(emulated):
    if shutil.which(COMPILER) is None or not BUILD.is_dir():
        pytest.skip(f"no {COMPILER}, or not built: `make bireid-embed-armv7`")
    tools = f"{os.environ['PATH']}{os.pathsep}{REPOSITORY / 'build' / 'tools' / 'bin'}"
    cmake = shutil.which("cmake", path=tools)
    build = [cmake, "--build", BUILD, "--target", "emulated_paths"]
    done = subprocess.run(build, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    lines = emulated("cortex-a7", BUILD / "native" / "emulated_paths").splitlines()
    assert lines[0] == "auto is neon"
    assert len(lines) > 1
    assert [line for line in lines[1:] if ": 0 of " not in line] == []


@pytest.mark.slow
@pytest.mark.timeout(300)  # it compiles one file, and asks LCE if no other process did
@pytest.mark.parametrize(("cpu", "path"), CPUS)
def test_the_grid_of_lce_has_the_bits_of_lce(emulated, cpu, path):
    if shutil.which(COMPILER) is None or not BUILD.is_dir():
        pytest.skip(f"no {COMPILER}, or not built: `make bireid-embed-armv7`")
    replay([EMULATOR, "-cpu", cpu, build_program(BUILD)], path)


def test_what_is_compiled_for_neon_stays_apart():
    """An inline function that such a file shared with others might be kept in its instructions."""
    archive = BUILD / "native" / "libbireid_core.a"
    if not archive.is_file():
        pytest.skip("not built: `make bireid-embed-armv7`")
    command = ["arm-linux-gnueabihf-nm", "-A", str(archive)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    rows = [line for line in done.stdout.splitlines() if "neon" in line.split(":")[1]]
    assert rows
    assert [line for line in rows if line.split()[-2] in "uvwVW"] == []
