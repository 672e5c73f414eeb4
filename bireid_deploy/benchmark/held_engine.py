"""An engine that waits in a process of its own, seen from the process that asks it."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import IO, Any

from bireid_runtime.errors import UnsupportedModelError

from bireid_deploy.benchmark.engines import Engine


@dataclass(frozen=True)
class Start:
    """The start of an engine in a fresh process; the model file is in the disk cache by then.

    Attributes:
        load_ms: Import of the engine and loading of the model.
        first_ms: First embedding.
        version: The engine and its version.
    """

    load_ms: float
    first_ms: float
    version: str


@dataclass(frozen=True)
class Round:
    """The runs of one visit.

    Attributes:
        milliseconds: Each run of the network alone.
        item: What the whole way starts from, in a word; None if there is none.
        item_milliseconds: Each run of it; empty if there is none.
    """

    milliseconds: list[float]
    item: str | None
    item_milliseconds: list[float]


class HeldEngine:
    """An engine that has started.

    Attributes:
        start: What the start took.
    """

    def __init__(self, engine: Engine, process: subprocess.Popen[str], log: IO[bytes]) -> None:
        self._engine = engine
        self._process = process
        self._log = log
        self.start = Start(**self._read())

    def time(self, runs: int) -> Round:
        """Time so many runs of either kind, after a few that are not counted.

        Raises:
            UnsupportedModelError: The engine failed.
        """
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(f"{runs}\n")
            self._process.stdin.flush()
        except BrokenPipeError as error:
            raise self._died() from error
        return Round(**self._read())

    def finish(self) -> int:
        """End the process; returns its peak resident memory in bytes.

        Raises:
            UnsupportedModelError: It had failed, or this system does not tell.
        """
        assert self._process.stdin is not None
        self._process.stdin.close()
        return int(self._read()["peak_rss_bytes"])

    def _read(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise self._died()
        answer = json.loads(line)
        if "error" in answer:
            raise UnsupportedModelError(f"{self._engine.label}: {answer['error']}")
        return answer

    def _died(self) -> UnsupportedModelError:
        code = self._process.wait()
        self._log.seek(0)
        said = self._log.read().decode(errors="replace").strip().splitlines()
        last = said[-1] if said else "it said nothing"
        return UnsupportedModelError(
            f"{self._engine.label}: the engine's process died (exit status {code}): {last}"
        )


@contextmanager
def held(engine: Engine) -> Iterator[HeldEngine]:
    """Start an engine in a process that is gone at the end, however that comes.

    Raises:
        UnsupportedModelError: It cannot open or run its file; the message is the engine's own.
    """
    command = [
        sys.executable,
        "-P",
        "-m",
        "bireid_deploy.benchmark.worker",
        json.dumps(engine.to_json()),
    ]
    # A file takes whatever an engine has to say; a pipe that nobody reads would stop it.
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            # Ctrl-C is for the process that asks: it ends this one, in whatever state it is.
            start_new_session=True,
        )
        try:
            yield HeldEngine(engine, process, log)
        finally:
            process.kill()
            process.wait()
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdout.close()
            # What it was asked when it died is still on the way to it.
            with suppress(BrokenPipeError):
                process.stdin.close()
