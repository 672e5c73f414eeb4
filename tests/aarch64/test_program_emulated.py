"""bireid-embed for 64-bit ARM, one static file, on the CPUs of a Raspberry Pi 4 and 5."""

import subprocess
from pathlib import Path

import pytest
from zoo import BUNDLES

REPOSITORY = Path(__file__).parents[2]
PROGRAM = REPOSITORY / "dist" / "bireid-embed-aarch64"


@pytest.fixture
def program(emulator):
    if not PROGRAM.is_file():
        pytest.skip("no bireid-embed for aarch64 in dist: `make bireid-embed-aarch64`")
    return lambda cpu, *arguments: subprocess.run(
        [emulator, "-cpu", cpu, str(PROGRAM), *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("cpu", ["cortex-a72", "cortex-a76"])
@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda path: path.name)
def test_the_self_test_of_a_released_bundle_passes(program, bundle, cpu):
    """It needs nothing of an ARM machine's file system: neither a C library nor a loader."""
    done = program(cpu, bundle, "--selftest")
    assert done.returncode == 0, done.stdout + done.stderr
