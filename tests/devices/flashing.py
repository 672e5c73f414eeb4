"""What the tests of `flash` share: the command, bundles to flash, and what `make` left in dist/."""

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from bireid_deploy.cli.main import run

REPOSITORY = Path(__file__).parents[2]
BUNDLE = REPOSITORY / "models" / "zoo" / "distilled_r18_half-synthetic-128x64-256d-v2"


@dataclass(frozen=True)
class Flashed:
    """What one `bireid-deploy flash` did: exit code, stdout, and the lines of stderr."""

    code: int
    stdout: str
    messages: list[str]


class Flasher:
    """Runs `bireid-deploy flash` in this process."""

    def __init__(self, capsys: pytest.CaptureFixture[str], dist: Path) -> None:
        self._capsys = capsys
        self._dist = dist

    def __call__(self, *arguments: object) -> Flashed:
        """Flash with the wheels and the program of `dist`."""
        code = run(command(self._dist, *arguments))
        output = self._capsys.readouterr()
        return Flashed(code, output.out, output.err.splitlines())

    def refusal(self, exit_code: int, *arguments: object) -> str:
        """Flash, which must fail with that exit code; returns the one line that says why."""
        done = self(*arguments)
        assert (done.code, done.stdout) == (exit_code, "")
        said = [line for line in done.messages if line.startswith("bireid-deploy: ")]
        assert done.messages[-1:] == said
        return said[0]


def command(dist: Path, *arguments: object) -> list[str]:
    """Arguments of `bireid-deploy`."""
    return ["flash", *map(str, arguments), "--dist", str(dist), "--runs", "3"]


def deploy(*arguments: object, exit_code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run `bireid-deploy` in a process of its own to its end, which has this exit code."""
    command = [sys.executable, "-m", "bireid_deploy", *map(str, arguments)]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == exit_code, done.stdout + done.stderr
    return done


def start(dist: Path, *arguments: object) -> subprocess.Popen[str]:
    """Start a flash of its own process."""
    return subprocess.Popen(
        [sys.executable, "-m", "bireid_deploy", *command(dist, *arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def made(pattern: str, target: str) -> Path:
    """A file that `make` leaves in dist/."""
    found = sorted((REPOSITORY / "dist").glob(pattern))
    if not found:
        pytest.skip(f"dist/{pattern} is missing (make {target})")
    return found[-1]


def other_bundle(folder: Path, remark: str = "Another one.") -> Path:
    """A bundle like that of the zoo, but for what its manifest says of the weights' licence."""
    bundle = Path(shutil.copytree(BUNDLE, folder / "bundle"))
    path = bundle / "manifest.json"
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    manifest = json.loads(path.read_text())
    manifest["licences"]["weights"] += f" {remark}"
    path.write_text(json.dumps(manifest))
    sums = bundle / "SHA256SUMS"
    after = hashlib.sha256(path.read_bytes()).hexdigest()
    sums.write_text(sums.read_text().replace(before, after))
    return bundle


def current(directory: Path) -> Path:
    """The current version's folder, whose program passes its self-test."""
    version = directory / os.readlink(directory / "current")
    done = subprocess.run(
        [version / "bireid-embed", version / "bundle", "--selftest", "--json"],
        capture_output=True,
        check=True,
    )
    assert json.loads(done.stdout)["passed"]
    return version
