"""Who trains together."""

from dataclasses import dataclass

from bireid_runtime.errors import ArgumentError

MOST = 1024
"""More processes than that are taken for a mistake."""

_LAST_PORT = 65535


@dataclass(frozen=True)
class Members:
    """The processes of one training; each has one replica of the network.

    Attributes:
        addresses: `HOST:PORT` of each, the chief's first; in all processes the same.
        rank: Which of them this process is.

    Raises:
        ArgumentError: There are none or too many, two are one, or one is no address.
    """

    addresses: tuple[str, ...]
    rank: int

    def __post_init__(self) -> None:
        if not 1 <= len(self.addresses) <= MOST:
            raise ArgumentError(f"{len(self.addresses)} workers; there must be 1 to {MOST}")
        if not 0 <= self.rank < len(self.addresses):
            raise ArgumentError(
                f"this worker is number {self.rank} of {len(self.addresses)}, counted from 0"
            )
        if len(set(self.addresses)) != len(self.addresses):
            raise ArgumentError("two workers have one address; give each a port of its own")
        for address in self.addresses:
            split_address(address)

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self.addresses)

    @property
    def is_chief(self) -> bool:
        """Whether this process writes what the training leaves."""
        return self.rank == 0

    def named(self, rank: int) -> str:
        """What messages call one of them."""
        return f"worker {rank} ({self.addresses[rank]})"


def split_address(address: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`; an IPv6 host stands in brackets.

    Raises:
        ArgumentError: It is something else, or no name can be such a host's.
    """
    host, _, port = address.rpartition(":")
    is_port = port.isascii() and port.isdecimal() and len(port) < 6 and 0 < int(port) <= _LAST_PORT
    if not host or not is_port or any(each.isspace() for each in host):
        raise ArgumentError(f"a worker's address must be HOST:PORT, not {address[:100]!r}")
    try:
        # As it is encoded to be looked up.
        is_name = host.isprintable() and bool(host.encode("idna"))
    except UnicodeError:
        is_name = False
    if not is_name:
        raise ArgumentError(f"a worker's address must name a host, not {address[:100]!r}")
    return host.removeprefix("[").removesuffix("]"), int(port)
