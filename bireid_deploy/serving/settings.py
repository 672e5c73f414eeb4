"""What the service is told when it starts, and what it refuses to start with."""

import ipaddress
from dataclasses import dataclass
from pathlib import Path

from bireid_runtime.errors import ArgumentError
from bireid_runtime.files import open_regular

_KEY_BYTES = 4096
_SHORTEST_KEY = 16


@dataclass(frozen=True)
class Settings:
    """Limits and rules of the service.

    Attributes:
        host: Address to listen on.
        port: Port, 0 for a free one.
        api_key: What every request but those for health must carry; None only on loopback.
        max_bytes: Largest body of a request.
        max_pixels: Largest image.
        body_seconds: How long a client may take for its body.
        waiting: Requests that may be in work at once; more are answered 503.
        sweep_seconds: How often what has expired is removed.
        fpir: Share of strangers that may be taken for anybody of a gallery.
        keep_crops: Keep a small JPEG of what is enrolled.

    Raises:
        ArgumentError: Another address than loopback without a key, or a key that is too short.
    """

    host: str = "127.0.0.1"
    port: int = 8000
    api_key: str | None = None
    max_bytes: int = 8 * 2**20
    max_pixels: int = 25_000_000
    body_seconds: float = 20.0
    waiting: int = 256
    sweep_seconds: float = 60.0
    fpir: float = 0.01
    keep_crops: bool = False

    def __post_init__(self) -> None:
        if self.api_key is None and not is_loopback(self.host):
            raise ArgumentError(
                f"{self.host} can be reached from elsewhere; give --api-key-file, or listen on "
                "127.0.0.1"
            )
        if self.api_key is not None and len(self.api_key) < _SHORTEST_KEY:
            raise ArgumentError(f"the API key is shorter than {_SHORTEST_KEY} characters")
        if not 0 < self.fpir < 1:
            raise ArgumentError(f"fpir is {self.fpir}; it must be above 0 and below 1")


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches an address."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def read_key(path: Path) -> str:
    """The API key, the first line of a file.

    Raises:
        ArgumentError: The file is empty, too large or no ASCII text.
        OSError: It cannot be read.
    """
    with open_regular(path) as file:
        content = file.read(_KEY_BYTES + 1)
    lines = content.splitlines()
    if len(content) > _KEY_BYTES or not lines or not lines[0].isascii():
        raise ArgumentError(f"{path}: its first line must be an API key, ASCII")
    return str(lines[0].decode("ascii").strip())
