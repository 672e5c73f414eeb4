"""Programs of this machine that reach a device, of which nothing stays behind."""

import os
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from bireid_deploy.devices.link import Completed
from bireid_deploy.errors import MissingProgramError

# What a program gets to end by itself once its input has ended.
_GRACE_SECONDS = 10


@contextmanager
def started(
    command: Sequence[str], stdin: int = subprocess.DEVNULL
) -> Iterator[subprocess.Popen[bytes]]:
    """Start a program; with the context it ends, and so do its children.

    Args:
        command: The program, found through PATH, and its arguments.
        stdin: A file descriptor to read from, or `subprocess.PIPE` to write to it.

    Yields:
        The process, with pipes for what it prints.

    Raises:
        MissingProgramError: PATH holds no such program.
    """
    try:
        # A session of its own: Ctrl-C reaches this process alone, which then ends the whole group.
        process = subprocess.Popen(
            command,
            stdin=stdin,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise MissingProgramError(f"{command[0]}: not installed, or not in PATH") from error
    try:
        yield process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                with suppress(BrokenPipeError):  # of what it no longer read
                    pipe.close()


def finish(process: subprocess.Popen[bytes], timeout: float | None = None) -> Completed:
    """Close a process's input and wait for its end.

    Raises:
        subprocess.TimeoutExpired: It did not end within `timeout` seconds.
    """
    stdout, stderr = process.communicate(timeout=timeout)
    return Completed(process.returncode, as_text(stdout), as_text(stderr))


@contextmanager
def staying(command: Sequence[str], marker: str) -> Iterator[str | Completed]:
    """Keep a program for as long as the context lasts; then its input ends.

    Args:
        command: The program and its arguments.
        marker: What it prints before anything that counts, at the end of a line.

    Yields:
        The line that it printed next, or how it ended if it ended without one.
    """
    with started(command, stdin=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        while (line := process.stdout.readline()) and not as_text(line).endswith(f"{marker}\n"):
            pass
        line = process.stdout.readline()
        if not line.strip():
            assert process.stderr is not None
            stdout, stderr = line + process.stdout.read(), process.stderr.read()
            yield Completed(process.wait(), as_text(stdout), as_text(stderr))
            return
        try:
            yield as_text(line).rstrip("\n")
        finally:
            process.stdin.close()
            with suppress(subprocess.TimeoutExpired):  # `started` kills it then
                process.wait(_GRACE_SECONDS)


def as_text(output: bytes) -> str:
    """What a program printed, whatever bytes it was."""
    return output.decode("utf-8", errors="replace")
