"""What flashing and the doctor need of a device, whichever way it is reached."""

import shlex
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Completed:
    """A command that ended on the device.

    Attributes:
        code: Its exit status.
        stdout: What it printed.
        stderr: Its messages.
    """

    code: int
    stdout: str
    stderr: str

    def last_line(self) -> str:
        """The last thing it said, for an error message; a terminal may show it."""
        lines = (self.stderr.strip() or self.stdout.strip()).splitlines()
        if not lines:
            return "no message"
        return "".join(each for each in lines[-1].strip() if each.isprintable())


class Link(Protocol):
    """A device that runs POSIX shell scripts and takes files.

    Every method raises `DeviceUnreachableError` when the device cannot be reached or the connection
    breaks; what a script says by its exit status is the caller's to judge.
    """

    @property
    def name(self) -> str:
        """The device as a person would name it, such as `pi@raspberrypi` or an adb serial."""

    def run(self, script: str, *arguments: str, timeout: float | None = None) -> Completed:
        """Run a script with the device's `sh` and wait for it.

        Args:
            script: POSIX shell; sees `arguments` as $1, $2, ...
            *arguments: Passed on untouched, whatever characters they hold.
            timeout: Seconds after which the device counts as unreachable.
        """

    def hold(self, script: str, *arguments: str) -> AbstractContextManager[str]:
        """Run a script that stays, for as long as the context lasts.

        The script prints one line, which the context yields, and then reads its standard input,
        which ends with the context or with the connection.
        """

    def send(self, source: Path, destination: str, on_bytes: Callable[[int], None]) -> None:
        """Copy a file to `destination`, an absolute path in an existing folder there.

        The file appears under its name only when all of it has arrived: until then it is
        `destination` + `.part`. Where the way there allows it, a copy that was cut off before goes
        on where it stopped; so the caller checks the hash.

        Args:
            source: File here.
            destination: Absolute path there.
            on_bytes: Called with the number of bytes that are there, again and again.
        """

    def close(self) -> None:
        """End the connection."""


def shell_command(script: str, arguments: tuple[str, ...]) -> str:
    """One line that runs `script` in a POSIX shell with `arguments`, for a shell to read."""
    return shlex.join(["sh", "-c", script, "sh", *arguments])
