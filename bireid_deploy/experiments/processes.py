"""Verbs of the command line as child processes that a Ctrl-C reaches once."""

import asyncio
import signal
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from bireid_deploy.experiments.errors import ExperimentError

_KEPT_LINES = 60
_LONGEST_LINE = 2**20
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_EXIT_BUG, _EXIT_INTERRUPTED = 1, 130


class ProcessError(ExperimentError):
    """A verb failed; `code` is its exit code, the message what it said."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Processes:
    """The child processes at work.

    They are in groups of their own: a terminal's Ctrl-C reaches this process alone, which passes it
    on, so that a training hears it once however it was sent. A second Ctrl-C makes a training stop
    without a checkpoint.

    Args:
        lock: File descriptor that the children inherit.
    """

    def __init__(self, lock: int) -> None:
        self._lock = lock
        self._running: set[Process] = set()
        self.interrupted = False

    async def run(self, arguments: Sequence[str], on_line: Callable[[str], None]) -> str:
        """Run `bireid-deploy ARGUMENTS`.

        Args:
            arguments: Verb and its arguments.
            on_line: Called with every line on stderr.

        Returns:
            What it wrote to stdout.

        Raises:
            ProcessError: It failed, or was interrupted.
        """
        if self.interrupted:
            raise ProcessError(_EXIT_INTERRUPTED, "interrupted")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "bireid_deploy", *arguments),
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=PIPE,
            limit=_LONGEST_LINE,
            process_group=0,
            pass_fds=(self._lock,),
        )
        assert process.stdout is not None
        assert process.stderr is not None
        self._running.add(process)
        try:
            output = asyncio.create_task(process.stdout.read())
            lines: deque[str] = deque(maxlen=_KEPT_LINES)
            async for line in process.stderr:
                lines.append(line.decode(errors="replace").rstrip())
                on_line(lines[-1])
            code = await process.wait()
        finally:
            self._running.discard(process)
            # Not after its end or a Ctrl-C, but when this process meets an error of its own.
            if process.returncode is None:
                process.kill()
        if code != 0:
            raise ProcessError(code, _reason(code, lines))
        return (await output).decode()

    def interrupt(self) -> None:
        """Start nothing more, and send every process a Ctrl-C."""
        self.interrupted = True
        for process in self._running:
            if process.returncode is None:
                process.send_signal(signal.SIGINT)

    @contextmanager
    def interruptible(self) -> Iterator[None]:
        """Let Ctrl-C and SIGTERM interrupt the processes, in an event loop of the main thread."""
        loop = asyncio.get_running_loop()
        before = {number: signal.getsignal(number) for number in _SIGNALS}
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.interrupt)
        try:
            yield
        finally:
            for number, handler in before.items():
                loop.remove_signal_handler(number)
                signal.signal(number, handler)


def _reason(code: int, lines: Sequence[str]) -> str:
    if not lines:
        return f"its process ended with code {code}"
    if code == _EXIT_BUG:
        return "\n".join(lines)
    return lines[-1].removeprefix("bireid-deploy: ")
