"""An engine that waits in a process of its own and times its calls when it is visited: both ends.

The process first writes a line of JSON, what it is. Then it answers every line of its standard
input, a number of milliseconds, with the times in milliseconds of as many calls as fit, at least
one.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TextIO

import click

# Before the calls that count, a part of their time: the caches hold what others left there.
_WARM_UP = 0.2


class HeldEngine:
    """A context, at whose end the process is gone.

    Attributes:
        start: What the process wrote first, from the beginning of the context on.
        milliseconds: Of all calls so far, by what the visitor calls their circumstances.
    """

    def __init__(self, label: str, command: Sequence[str | Path], cwd: Path | None = None) -> None:
        self._label, self._command, self._cwd = label, command, cwd
        self.start: Any = None
        self.milliseconds: dict[str, list[float]] = {}

    def __enter__(self) -> "HeldEngine":
        self._process = subprocess.Popen(
            [sys.executable, *map(str, self._command)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=self._cwd,
        )
        self.start = self._read()
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def visit(self, budget: float, circumstances: str = "") -> None:
        """Time it for so many milliseconds."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{budget}\n")
        self._process.stdin.flush()
        self.milliseconds.setdefault(circumstances, []).extend(self._read())

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise click.ClickException(f"{self._label}: its process died")
        return json.loads(line)


def answer(call: Callable[[], object], start: object, answers: TextIO = sys.stdout) -> None:
    """Be the process: write `start`, then answer the visits until the standard input ends."""
    print(json.dumps(start), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(_times(call, float(line))), file=answers, flush=True)


def _times(call: Callable[[], object], budget: float) -> list[float]:
    found: list[float] = []
    warm_until = time.perf_counter() + _WARM_UP * budget / 1e3
    call()
    while time.perf_counter() < warm_until:
        call()
    until = time.perf_counter() + budget / 1e3
    while not found or time.perf_counter() < until:
        began = time.perf_counter()
        call()
        found.append((time.perf_counter() - began) * 1e3)
    return found
