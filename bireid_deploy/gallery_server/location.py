"""Where a gallery of a server is: a URL of PostgreSQL, and the gallery's name in it."""

import re
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlencode, urlsplit, urlunsplit

from bireid_runtime.errors import ArgumentError

SCHEMES = ("postgresql", "postgres")
_PREFIX = "bireid_"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,40}")


@dataclass(frozen=True)
class ServerLocation:
    """A gallery of a server.

    Attributes:
        url: What libpq connects to.
        schema: Schema of the database that holds the gallery.
        shown: The same for messages, without a password.
    """

    url: str
    schema: str
    shown: str

    @property
    def name(self) -> str:
        """What the gallery is called."""
        return self.schema.removeprefix(_PREFIX)


def is_server(location: object) -> bool:
    """Whether a location is a URL of a server; otherwise it is a file."""
    return isinstance(location, str) and location.partition("://")[0] in SCHEMES


def read_location(location: str) -> ServerLocation:
    """Take `postgresql://[user[:password]@]host[:port]/database[?gallery=NAME&...]` apart.

    Args:
        location: Such a URL. `gallery` is the gallery's name, `main` without it; libpq knows the
            other parameters, and reads passwords from `~/.pgpass` or `PGPASSWORD` too.

    Raises:
        ArgumentError: No such URL, or a name with other than small letters, digits and `_`.
    """
    try:
        parts = urlsplit(location)
        parameters = parse_qsl(
            parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)
        )
    except ValueError as error:
        raise ArgumentError(f"not a URL of PostgreSQL: {error}") from error
    names = [value for key, value in parameters if key == "gallery"] or ["main"]
    if len(names) != 1 or not _NAME.fullmatch(names[0]):
        raise ArgumentError(
            f"gallery={names[0]!r}: a gallery's name has up to 41 small letters, digits and _"
        )
    query = urlencode([each for each in parameters if each[0] != "gallery"], quote_via=quote)
    user, at, host = parts.netloc.rpartition("@")
    hidden = f"{user.partition(':')[0]}{at}{host}"
    public = [each for each in parameters if "password" not in each[0]]
    return ServerLocation(
        urlunsplit((parts.scheme, parts.netloc, parts.path, query, "")),
        f"{_PREFIX}{names[0]}",
        urlunsplit((parts.scheme, hidden, parts.path, urlencode(public, safe="/"), "")),
    )


def shown(location: Path | str) -> str:
    """A location for messages: a URL without its password."""
    return read_location(str(location)).shown if is_server(location) else str(location)
