"""The grid of LCE's operators with what LCE's interpreter makes of it, for paths elsewhere.

`runtime/native/tests/lce_replay.cc` reads the cases and holds a path to them, to the last bit:
under QEMU and in Node, where there is no LCE.
"""

import fcntl
import hashlib
import os
import shutil
import struct
import subprocess
import sys
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from pathlib import Path

HERE = Path(__file__).parent
# Where the grid and its models are written down.
NATIVE = HERE / "native"
SOURCES = ("lce_cases.py", "lce_models.py", "numpy_reference.py")
FOLDER = HERE.parent / "build" / "lce_replay"
PROGRAM = "lce_replay"


def build_program(build: Path, suffix: str = "") -> Path:
    """The program in a folder that CMake has configured, built if it is not up to date.

    Raises:
        AssertionError: It cannot be built.
    """
    # The test environment brings its own CMake.
    tools = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    cmake = shutil.which("cmake", path=tools)
    assert cmake is not None, "CMake is missing"
    command = [cmake, "--build", str(build), "--target", PROGRAM]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    return build / "native" / f"{PROGRAM}{suffix}"


def replay(command: Sequence[object], isa: str) -> None:
    """Run every case of the grid on a path.

    Args:
        command: Starts the program.
        isa: The path.

    Raises:
        AssertionError: The program failed, or gave other bits than LCE's interpreter.
    """
    with open(_cases(), "rb") as cases:
        done = subprocess.run(
            [*map(str, command), isa], stdin=cases, capture_output=True, text=True, check=False
        )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-2000:]
    last = done.stdout.splitlines()[-1]
    assert last.startswith(f"{isa}: 0 of "), last
    assert int(last.split()[3]) > 1000


def _cases() -> Path:
    """The file of all cases: written once by one process of the tests, for these sources."""
    digest = hashlib.sha256(Path(__file__).read_bytes() + version("larq-compute-engine").encode())
    for name in SOURCES:
        digest.update((NATIVE / name).read_bytes())
    path = FOLDER / f"{digest.hexdigest()[:12]}.cases"
    FOLDER.mkdir(parents=True, exist_ok=True)
    with open(FOLDER / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not path.is_file():
            for old in FOLDER.glob("*.cases"):
                old.unlink()
            unfinished = path.with_suffix(".unfinished")
            with open(unfinished, "wb") as file:
                for case in _written():
                    file.write(case)
            unfinished.rename(path)
    return path


def _written() -> Iterator[bytes]:
    if str(NATIVE) not in sys.path:
        sys.path.insert(0, str(NATIVE))
    from lce_cases import corner_convolutions, max_pools, sampled_convolutions
    from lce_models import input_of, lce_output, write_model

    grid = [*corner_convolutions(), *sampled_convolutions(300), *max_pools()]
    for case in dict.fromkeys(grid):
        parts = (
            str(case).encode(),
            write_model(case),
            input_of(case).tobytes(),
            lce_output(case).tobytes(),
        )
        yield struct.pack("<4I", *map(len, parts)) + b"".join(parts)
