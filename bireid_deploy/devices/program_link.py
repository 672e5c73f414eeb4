"""What the links have in common: each runs scripts through a program of this machine."""

import os
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from bireid_deploy.devices.link import Completed
from bireid_deploy.devices.processes import finish, started, staying
from bireid_deploy.errors import DeviceCheckError, DeviceUnreachableError

# What a login shell prints, a greeting for one, comes before this line, and is no answer.
_MARKER = "bireid-deploy-answers"
_SAY_MARKER = f"echo {_MARKER}\n"

# Neither ssh nor adb ends a script there when they end here: the end of its input has to. It comes
# too when the connection breaks, so that no half of a flash works on beside the next one.
_WATCHED = """
exec 3<&0 < /dev/null
script=$1
shift
{ read -r nothing <&3; kill -KILL 0; } > /dev/null 2>&1 &
watcher=$!
sh -c "$script" sh "$@" 3<&-
status=$?
# mksh now and then ignores a milder signal.
kill -KILL "$watcher"
exit "$status"
"""


class ProgramLink(ABC):
    """A `Link` that runs scripts through a program: ssh, adb or the shell itself.

    Attributes:
        name: The device as a person would name it.
    """

    def __init__(self, name: str) -> None:
        """Name the device."""
        self.name = name

    def run(self, script: str, *arguments: str, timeout: float | None = None) -> Completed:
        """Run a script and wait for it; see `Link.run`."""
        command = self._command(_SAY_MARKER + _WATCHED, (script, *arguments))
        with _open_input() as stdin, started(command, stdin) as process:
            try:
                return _behind_marker(self._reached(finish(process, timeout)))
            except subprocess.TimeoutExpired as error:
                raise DeviceUnreachableError(
                    f"{self.name}: no answer within {timeout:g} s; "
                    "see that the device is not stuck, and try again"
                ) from error

    @contextmanager
    def hold(self, script: str, *arguments: str) -> Iterator[str]:
        """Run a script that stays; see `Link.hold`."""
        with staying(self._command(_SAY_MARKER + script, arguments), _MARKER) as line:
            if isinstance(line, Completed):
                completed = self._reached(line)
                raise DeviceCheckError(f"{self.name}: {completed.last_line()}")
            yield line

    @abstractmethod
    def send(self, source: Path, destination: str, on_bytes: Callable[[int], None]) -> None:
        """Copy a file; see `Link.send`."""

    @abstractmethod
    def close(self) -> None:
        """End the connection."""

    @abstractmethod
    def _command(self, script: str, arguments: tuple[str, ...]) -> list[str]:
        """The program here that runs `script` there."""

    @abstractmethod
    def _reached(self, completed: Completed) -> Completed:
        """How the script ended, of how the program here ended.

        Raises:
            DeviceUnreachableError: It was the program that failed, not the script.
        """

    def _cannot_write(self, destination: str, reason: str) -> DeviceCheckError:
        if "No space left on device" in reason:
            reason = "the device is full; free some space there, or choose a folder on another disk"
        return DeviceCheckError(f"{self.name}: cannot write {destination}: {reason}")


def _behind_marker(completed: Completed) -> Completed:
    _, _, answer = completed.stdout.partition(f"{_MARKER}\n")
    return replace(completed, stdout=answer)


@contextmanager
def _open_input() -> Iterator[int]:
    """An input that says nothing and ends with the context, or with this process."""
    reading, writing = os.pipe()
    try:
        yield reading
    finally:
        os.close(writing)
        os.close(reading)
