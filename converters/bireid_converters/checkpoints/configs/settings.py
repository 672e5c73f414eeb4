"""A framework's YAML as values by dotted names; all of it stays text, whatever its tags."""

import math
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bireid_runtime.files import open_regular

from bireid_converters.errors import CheckpointError

# The longest of these projects have 6 KiB.
_MAX_BYTES = 64 * 2**10
_MAX_DEPTH = 8
_FLAGS = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}

Value = str | list[Any]


class Settings:
    """Values by dotted names, such as `INPUT.SIZE_TEST`; which were asked for is noted.

    Args:
        values: Text, or a list, by name.
        source: The file, for messages.
    """

    def __init__(self, values: Mapping[str, Value], source: str) -> None:
        self._values = dict(values)
        self.source = source
        self._read: set[str] = set()

    def names(self) -> list[str]:
        """All names, in the order of the file."""
        return list(self._values)

    def unread(self) -> list[str]:
        """Names that nobody has asked for."""
        return [key for key in self._values if key not in self._read]

    def text(self, key: str) -> str | None:
        """A text; None if the file does not say.

        Raises:
            CheckpointError: It is a list.
        """
        value = self._take(key)
        if value is None or isinstance(value, str):
            return value
        raise self.wrong(key, "must be one value")

    def flag(self, key: str) -> bool | None:
        """Yes or no.

        Raises:
            CheckpointError: It is neither.
        """
        text = self.text(key)
        if text is None:
            return None
        if text.lower() not in _FLAGS:
            raise self.wrong(key, "must be true or false")
        return _FLAGS[text.lower()]

    def whole(self, key: str, allowed: range) -> int | None:
        """A whole number.

        Raises:
            CheckpointError: It is none, or not in this range.
        """
        text = self.text(key)
        if text is None:
            return None
        if not (text.isascii() and text.isdigit()) or len(text) > 6 or int(text) not in allowed:
            raise self.wrong(key, f"must be a whole number in {allowed.start}..{allowed.stop - 1}")
        return int(text)

    def numbers(self, key: str, count: int) -> tuple[float, ...] | None:
        """So many numbers, `[1, 2]` or, as Python writes them, `(1, 2)`.

        Raises:
            CheckpointError: It is something else.
        """
        value = self._take(key)
        if value is None:
            return None
        parts = value.strip("()[] ").split(",") if isinstance(value, str) else value
        try:
            found = tuple(float(part) for part in parts)
        except (TypeError, ValueError):
            found = ()
        if len(found) != count or not all(math.isfinite(number) for number in found):
            raise self.wrong(key, f"must be {count} numbers")
        return found

    def size(self, key: str, side: range) -> tuple[int, int] | None:
        """Height and width in pixels.

        Raises:
            CheckpointError: They are none.
        """
        found = self.numbers(key, 2)
        if found is None:
            return None
        height, width = (int(number) for number in found)
        if (height, width) != found or height not in side or width not in side:
            raise self.wrong(key, "must be a height and a width in pixels")
        return height, width

    def wrong(self, key: str, problem: str) -> CheckpointError:
        """The error that one value is."""
        return CheckpointError(f"{self.source}: {key} {problem}, not {self.shown(key)}")

    def shown(self, key: str) -> str:
        """A value for a message."""
        return repr(self._values.get(key))[:60]

    def _take(self, key: str) -> Value | None:
        self._read.add(key)
        value = self._values.get(key)
        # What yacs and YAML write for nothing.
        return None if value in ("", "null", "~", "None") else value


def read_settings(path: str | os.PathLike[str]) -> Settings:
    """Read a YAML file that a stranger may have written.

    Every plain value stays text, whatever its tag; references (`*name`), which a small file could
    unfold into a large one with, and names that occur twice are refused.

    Raises:
        OSError: There is no such file, or it is none.
        CheckpointError: Too large, damaged or hostile.
    """
    import yaml

    source = os.fspath(path)
    with open_regular(path) as file:
        data = file.read(_MAX_BYTES + 1)
    if len(data) > _MAX_BYTES:
        raise CheckpointError(f"{source}: larger than any configuration; limit {_MAX_BYTES} bytes")
    try:
        root = yaml.load(data.decode("utf-8"), _plain_loader())
        values = _united(_flat(root, "", source, 0), source)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        problem = " ".join(str(error).split())[:200]
        raise CheckpointError(f"{source}: no YAML that can be read: {problem}") from error
    return Settings(values, Path(source).name)


def _united(parts: Iterator[tuple[str, Value]], source: str) -> dict[str, Value]:
    """The values by name; `A: {B: 1}` and `A.B: 1` are one name."""
    values: dict[str, Value] = {}
    for name, value in parts:
        if name in values:
            raise CheckpointError(f"{source}: {name[:100]!r} occurs twice; keep one of them")
        values[name] = value
    return values


def _plain_loader() -> Any:
    import yaml

    class PlainLoader(yaml.BaseLoader):
        """Makes dictionaries, lists and text, and nothing else."""

        def compose_node(self, parent: Any, index: Any) -> Any:
            if self.check_event(yaml.AliasEvent):
                raise yaml.YAMLError("references are not read")
            return super().compose_node(parent, index)

        def construct_mapping(self, node: Any, deep: bool = False) -> Any:
            made = super().construct_mapping(node, deep=deep)
            if len(made) != len(node.value):
                raise yaml.YAMLError("a name occurs twice")
            return made

    return PlainLoader


def _flat(value: Any, name: str, source: str, depth: int) -> Iterator[tuple[str, Value]]:
    if depth > _MAX_DEPTH:
        raise CheckpointError(f"{source}: nested deeper than {_MAX_DEPTH} levels")
    if isinstance(value, dict):
        for key, member in value.items():
            if not isinstance(key, str):
                raise CheckpointError(f"{source}: a name that is no text")
            yield from _flat(member, f"{name}.{key}" if name else key, source, depth + 1)
    elif not name:
        raise CheckpointError(f"{source}: names with values are expected")
    else:
        yield name, value
