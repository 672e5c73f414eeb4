"""A device reached with the system's ssh, and the person's own keys and configuration."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from bireid_deploy.devices.link import Completed, shell_command
from bireid_deploy.devices.processes import as_text, finish, started
from bireid_deploy.devices.program_link import ProgramLink
from bireid_deploy.devices.ssh_failures import explain, name_of
from bireid_deploy.devices.target import Target
from bireid_deploy.errors import DeviceUnreachableError, MissingProgramError

_CHUNK_BYTES = 1 << 16

# The status of ssh itself, whatever went wrong; no script of ours ends with it.
_SSH_FAILED = 255

_OPTIONS = (
    "-T",
    "-a",
    "-x",
    # A dead link is noticed after 30 s.
    *("-o", "ConnectTimeout=15", "-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=3"),
    # What a person set up for sitting at the device is in the way here.
    *("-o", "ClearAllForwardings=yes", "-o", "RemoteCommand=none", "-o", "LogLevel=ERROR"),
)

_SIZE = 'if [ -e "$1" ]; then wc -c < "$1"; else echo 0; fi'

# When the connection breaks, `cat` ends as if the file had: hence the look at the size.
_APPEND = """
export LC_ALL=C
cat >> "$1" || exit 1
size=$(wc -c < "$1")
[ "$size" -eq "$2" ] || { echo "$size of $2 bytes arrived" >&2; exit 1; }
mv -f "$1" "$3"
"""


class SshLink(ProgramLink):
    """A `Link` over one ssh connection, which all scripts and copies share.

    Where there is a terminal, ssh asks there for what it needs (a password, a passphrase, whether
    to trust a new host key), once.
    """

    def __init__(self, target: Target) -> None:
        """Connect and log in.

        Raises:
            DeviceUnreachableError: There is no connection or no login; the message says why.
            MissingProgramError: ssh is not installed.
        """
        super().__init__(name_of(target))
        self._target = target
        # Not below TMPDIR: the path of a socket has room for 100 characters.
        self._folder = Path(tempfile.mkdtemp(prefix="bireid-ssh-", dir="/tmp"))
        try:
            self._log_in()
        except BaseException:
            shutil.rmtree(self._folder)
            raise

    def send(self, source: Path, destination: str, on_bytes: Callable[[int], None]) -> None:
        """Copy a file, from where an earlier copy stopped; see `Link.send`.

        Raises:
            DeviceCheckError: It cannot be written there.
        """
        part = f"{destination}.part"
        with source.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            file.seek(self._bytes_there(part, size))
            on_bytes(file.tell())
            append = self._command(_APPEND, (part, str(size), destination))
            with started(append, stdin=subprocess.PIPE) as process:
                assert process.stdin is not None
                with suppress(BrokenPipeError):  # how it ended says why
                    while chunk := file.read(_CHUNK_BYTES):
                        process.stdin.write(chunk)
                        on_bytes(file.tell())
                completed = self._reached(finish(process))
        if completed.code != 0:
            raise self._cannot_write(destination, completed.last_line())

    def close(self) -> None:
        """End the connection."""
        # A failure means that the connection is gone already.
        subprocess.run(self._ssh("-O", "exit"), capture_output=True, check=False)
        # ssh may remove its socket at the same moment.
        shutil.rmtree(self._folder, ignore_errors=True)

    def _log_in(self) -> None:
        # The connection ends by itself if we are killed and nothing uses it for ten minutes.
        master = self._ssh("-M", "-N", "-f", "-o", "ControlPersist=600")
        # ssh stays in the background: a pipe of messages would never end, a file does.
        with tempfile.TemporaryFile() as messages:
            try:
                completed = subprocess.run(
                    master,
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    stderr=messages,
                    check=False,
                )
            except FileNotFoundError as error:
                raise MissingProgramError(
                    "ssh: not installed, or not in PATH; sudo apt install openssh-client"
                ) from error
            if completed.returncode != 0:
                messages.seek(0)
                raise self._unreachable(as_text(messages.read()))

    def _bytes_there(self, part: str, size: int) -> int:
        """How much of a file of `size` bytes an earlier copy left there."""
        completed = self.run(_SIZE, part)
        if completed.code != 0 or not completed.stdout.strip().isdecimal():
            raise self._cannot_write(part, completed.last_line())
        there = int(completed.stdout)
        if there <= size:
            return there
        self.run('rm -f "$1"', part)  # of another file
        return 0

    def _ssh(self, *options: str) -> list[str]:
        target = self._target
        return [
            "ssh",
            *_OPTIONS,
            *([] if os.isatty(0) else ["-o", "BatchMode=yes"]),
            *("-o", f"ControlPath={self._folder}/master"),
            *([] if target.user is None else ["-l", target.user]),
            *([] if target.port is None else ["-p", str(target.port)]),
            *options,
            "--",
            target.host,
        ]

    def _command(self, script: str, arguments: tuple[str, ...]) -> list[str]:
        # Without the shared connection ssh would make one of its own, and log in again for each
        # script; a proxy that fails keeps it from that.
        shared = self._ssh("-o", "ControlMaster=no", "-o", "ProxyCommand=false")
        return [*shared, shell_command(script, arguments)]

    def _reached(self, completed: Completed) -> Completed:
        if completed.code == _SSH_FAILED:
            raise self._unreachable(completed.stderr)
        return completed

    def _unreachable(self, messages: str) -> DeviceUnreachableError:
        return DeviceUnreachableError(f"{self.name}: {explain(self._target, messages)}")
