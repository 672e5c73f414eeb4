"""The grid of LCE's operators on emulated 64-bit ARM CPUs, without dot products and with them."""

from pathlib import Path

import pytest
from lce_replay import build_program, replay

BUILD = Path(__file__).parents[2] / "build" / "static-aarch64"


@pytest.fixture(scope="module")
def program(cross_compiler):
    if not (BUILD / "CMakeCache.txt").is_file():
        pytest.skip("not built: `make bireid-embed-aarch64`")
    return build_program(BUILD)


@pytest.mark.slow
@pytest.mark.timeout(300)  # it compiles one file, and asks LCE if no other process did
@pytest.mark.parametrize("cpu", ["cortex-a72", "neoverse-n1"])
def test_every_case_has_the_bits_of_lce(emulator, program, cpu):
    replay([emulator, "-cpu", cpu, program], "neon")
