"""Where a bundle goes: `ssh://user@host:port/dir`, `adb://serial/dir` or `file:///dir`."""

from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote, urlsplit

from bireid_deploy.errors import TargetError

_FORMS = "ssh://user@host[:port]/dir, adb://serial/dir or file:///dir"


@dataclass(frozen=True)
class Target:
    """A device and a folder on it.

    Attributes:
        scheme: How the device is reached.
        host: Host name or address of ssh, serial of adb, empty for this machine.
        directory: Absolute path there, or one below the home directory that begins with `~/`; no slash
            at its end.
        user: User of ssh; None leaves it to the person's configuration.
        port: Port of ssh; None leaves it to the person's configuration.
    """

    scheme: Literal["ssh", "adb", "file"]
    host: str
    directory: str
    user: str | None = None
    port: int | None = None

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Read a target from the command line; `ssh://host/~/dir` is below the home directory.

        Raises:
            TargetError: It is none of the three forms.
        """
        raise NotImplementedError
