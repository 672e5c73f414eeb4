"""This machine as a device: a folder of its own, `file:///dir`."""

import os
from collections.abc import Callable
from pathlib import Path

from bireid_deploy.devices.link import Completed
from bireid_deploy.devices.program_link import ProgramLink

_CHUNK_BYTES = 1 << 16


class LocalLink(ProgramLink):
    """A `Link` to the machine we run on."""

    def __init__(self) -> None:
        """Nothing to connect to."""
        super().__init__("this machine")

    def send(self, source: Path, destination: str, on_bytes: Callable[[int], None]) -> None:
        """Copy a file; see `Link.send`.

        Raises:
            DeviceCheckError: It cannot be written.
        """
        part = Path(f"{destination}.part")
        with source.open("rb") as file:
            try:
                with part.open("ab") as copy:
                    if copy.tell() > os.fstat(file.fileno()).st_size:
                        copy.seek(0)
                        copy.truncate()  # it was of another file
                    file.seek(copy.tell())
                    on_bytes(file.tell())
                    while chunk := file.read(_CHUNK_BYTES):
                        copy.write(chunk)
                        on_bytes(file.tell())
                os.replace(part, destination)
            except OSError as error:
                raise self._cannot_write(destination, str(error.strerror)) from error

    def close(self) -> None:
        """Nothing to end."""

    def _command(self, script: str, arguments: tuple[str, ...]) -> list[str]:
        return ["sh", "-c", script, "sh", *arguments]

    def _reached(self, completed: Completed) -> Completed:
        return completed
