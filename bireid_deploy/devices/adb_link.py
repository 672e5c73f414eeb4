"""An Android device reached with the system's adb."""

import re
from collections.abc import Callable
from pathlib import Path

from bireid_deploy.devices.link import Completed, shell_command
from bireid_deploy.devices.processes import finish, started
from bireid_deploy.devices.program_link import ProgramLink
from bireid_deploy.devices.target import Target
from bireid_deploy.errors import DeviceUnreachableError

# Matched in this order against what adb wrote.
_EXPLANATIONS = (
    ("unauthorized", "it does not trust this machine; confirm the question on its screen"),
    ("offline", "it is offline; unlock it, and plug the cable in again"),
    (
        "not found|no devices",
        "not attached; switch USB debugging on, plug it in, and see `adb devices`",
    ),
    (
        "insufficient permissions",
        "no permission on its USB port; install the udev rules of Android",
    ),
    ("cannot connect to daemon", "the adb server does not start; run `adb kill-server`"),
)

# adb itself reports success when the cable is pulled: so the status is printed there, last.
_STATUS = re.compile(r"(.*?)\n?bireid-status=([0-9]+)\r?\n", re.DOTALL)
_PRINT_STATUS = 'printf "\\nbireid-status=%s\\n" "$?"'


class AdbLink(ProgramLink):
    """A `Link` to one Android device, over USB or the network."""

    def __init__(self, target: Target) -> None:
        """Find the device.

        Raises:
            DeviceUnreachableError: It is not attached, or does not trust this machine.
            MissingProgramError: adb is not installed.
        """
        super().__init__(target.host)
        self.run("true")

    def send(self, source: Path, destination: str, on_bytes: Callable[[int], None]) -> None:
        """Copy a file, all of it; see `Link.send`.

        Raises:
            DeviceCheckError: It cannot be written there.
        """
        part = f"{destination}.part"
        on_bytes(0)
        with started([*self._adb(), "push", str(source.absolute()), part]) as process:
            pushed = finish(process)
        if pushed.code != 0:
            self.run("true")  # raises if it is the device that is gone
            raise self._cannot_write(destination, pushed.last_line())
        moved = self.run('mv -f "$1" "$2"', part, destination)
        if moved.code != 0:
            raise self._cannot_write(destination, moved.last_line())
        on_bytes(source.stat().st_size)

    def close(self) -> None:
        """Nothing to end: the adb server stays for whoever else uses it."""

    def _adb(self) -> list[str]:
        return ["adb", "-s", self.name]

    def _command(self, script: str, arguments: tuple[str, ...]) -> list[str]:
        line = f"{shell_command(script, arguments)}; {_PRINT_STATUS}"
        return [*self._adb(), "shell", "-T", line]

    def _reached(self, completed: Completed) -> Completed:
        ended = _STATUS.fullmatch(completed.stdout)
        if not ended:
            raise DeviceUnreachableError(f"{self.name}: {_explain(completed)}")
        return Completed(int(ended[2]), ended[1], completed.stderr)


def _explain(completed: Completed) -> str:
    for pattern, explanation in _EXPLANATIONS:
        if re.search(pattern, completed.stderr):
            return explanation
    return f"the connection broke ({completed.last_line()}); plug it in again, and try again"
