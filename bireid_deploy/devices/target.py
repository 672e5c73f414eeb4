"""Where a bundle goes: `ssh://user@host:port/dir`, `adb://serial/dir` or `file:///dir`."""

import re
from dataclasses import dataclass
from typing import Literal
from urllib.parse import unquote

from bireid_deploy.errors import TargetError

Scheme = Literal["ssh", "adb", "file"]

_SCHEMES: dict[str, Scheme] = {"ssh": "ssh", "adb": "adb", "file": "file"}
_FORMS = "ssh://user@host[:port]/dir, adb://serial/dir or file:///dir"

# None may begin with a dash: ssh and adb would take it for an option.
_USER = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.@+-]*")
_HOST = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_ADDRESS_V6 = re.compile(r"[0-9A-Fa-f:.]+(%[A-Za-z0-9_.-]+)?")
_SERIAL = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.:-]*")


@dataclass(frozen=True)
class Target:
    """A device and a folder on it.

    Attributes:
        scheme: How the device is reached.
        host: Host name or address of ssh, serial of adb, empty for this machine.
        directory: Absolute path there, or one below the home directory that begins with `~/`; no
            slash at its end.
        user: User of ssh; None leaves it to the person's configuration.
        port: Port of ssh; None leaves it to the person's configuration.
    """

    scheme: Scheme
    host: str
    directory: str
    user: str | None = None
    port: int | None = None

    @property
    def needs_program(self) -> bool:
        """Whether the device has no Python: one behind adb has none."""
        return self.scheme == "adb"

    @classmethod
    def parse(cls, text: str) -> "Target":
        """Read a target from the command line; `ssh://host/~/dir` is below the home directory.

        Characters that a URL cannot hold are written as in any other, `%20` for a space.

        Raises:
            TargetError: It is none of the three forms.
        """
        prefix, separator, rest = text.partition("://")
        scheme = _SCHEMES.get(prefix)
        if scheme is None or not separator:
            raise TargetError(f"target {text!r}: expected {_FORMS}")
        place, _, path = rest.partition("/")
        account, _, _ = place.rpartition("@")
        if ":" in account:
            # The text stays out of the message: it holds the password.
            raise TargetError(
                "the target holds a password: leave it out and type it when ssh asks, "
                "or log in with a key (ssh-copy-id)"
            )
        for character, escaped in (("?", "%3F"), ("#", "%23")):
            if character in rest:
                raise TargetError(
                    f"target {text!r}: {character!r} cannot be part of it; write {escaped}"
                )
        directory = _directory(text, path)
        if scheme == "ssh":
            user, host, port = _login(text, place)
            return cls(scheme, host, directory, user, port)
        if scheme == "adb":
            if directory.startswith("~"):
                raise TargetError(
                    f"target {text!r}: Android has no home directory; "
                    "use a folder such as /data/local/tmp/reid"
                )
            return cls(scheme, _matching(text, _SERIAL, place, "serial"), directory)
        if place:
            raise TargetError(
                f"target {text!r}: file:// is this machine and takes no host; "
                f"write file:///{place}/..."
            )
        return cls(scheme, "", directory)


def _login(text: str, place: str) -> tuple[str | None, str, int | None]:
    """Take `user@host:port` apart."""
    account, at, address = place.rpartition("@")
    user = _matching(text, _USER, account, "user") if at else None
    bracketed = re.fullmatch(r"\[(.*)\](?::(.*))?", address)
    if bracketed:
        host = _matching(text, _ADDRESS_V6, bracketed[1], "address")
        return user, host, _port(text, bracketed[2])
    name, colon, port = address.partition(":")
    return user, _matching(text, _HOST, name, "host"), _port(text, port if colon else None)


def _port(text: str, digits: str | None) -> int | None:
    if digits is None:
        return None
    if not re.fullmatch(r"[0-9]{1,5}", digits) or not 1 <= int(digits) <= 65535:
        raise TargetError(f"target {text!r}: port {digits!r} is not a number from 1 to 65535")
    return int(digits)


def _matching(text: str, pattern: re.Pattern[str], part: str, what: str) -> str:
    decoded = _decoded(text, part)
    if not pattern.fullmatch(decoded):
        raise TargetError(f"target {text!r}: {decoded!r} is not a valid {what}; expected {_FORMS}")
    return decoded


def _directory(text: str, path: str) -> str:
    """The folder as an absolute path, or one that begins with `~/`."""
    decoded = _decoded(text, path)
    if not decoded.isprintable():
        raise TargetError(f"target {text!r}: its folder holds a control character")
    parts = [part for part in decoded.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise TargetError(f"target {text!r}: '..' cannot be part of it; write the folder in full")
    if not parts or parts == ["~"]:
        raise TargetError(
            f"target {text!r}: name a folder of its own, such as {text.rstrip('/')}/reid"
        )
    return "/".join(parts) if parts[0] == "~" else "/" + "/".join(parts)


def _decoded(text: str, part: str) -> str:
    try:
        return unquote(part, errors="strict")
    except UnicodeDecodeError as error:
        raise TargetError(f"target {text!r}: {part!r} is not UTF-8 behind its % signs") from error
