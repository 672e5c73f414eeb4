"""Strict reading of `manifest.json`, a file that a stranger may have written."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

from bireid_runtime.errors import BundleError

T = TypeVar("T")

_MAX_NUMBER = 1e6


class Section:
    """One JSON object of a manifest, read key by key.

    Every reader raises BundleError naming the file and the dotted key when the key is missing, of
    another type or out of range.

    Args:
        values: The object; anything but a mapping is an error.
        source: The file it comes from, for messages.
        path: Dotted path of this object in the file; empty for the whole document.
    """

    def __init__(self, values: object, source: str, path: str = "") -> None:
        if not isinstance(values, Mapping):
            raise BundleError(f"{source}: {path or 'the document'} must be a JSON object")
        self.values: Mapping[str, Any] = values
        self.source = source
        self.path = path

    def error(self, key: str, problem: str) -> BundleError:
        """Return (not raise) the error that says what is wrong with a key."""
        dotted = f"{self.path}.{key}" if self.path else key
        return BundleError(f"{self.source}: key '{dotted}' {problem}")

    def refuse_unknown(self, known: Iterable[str]) -> None:
        """Raise if the object holds a key outside `known`."""
        unknown = sorted(set(self.values) - set(known))
        if unknown:
            raise self.error(unknown[0], "is unknown to this version")

    def section(self, key: str) -> "Section":
        """Return the JSON object under a key."""
        path = f"{self.path}.{key}" if self.path else key
        return Section(self._typed(key, dict, "a JSON object"), self.source, path)

    def array(self, key: str) -> list[Any]:
        """Return the JSON array under a key."""
        return self._typed(key, list, "a JSON array")

    def text(self, key: str) -> str:
        """Return a string of printable characters that is not empty."""
        value = self._typed(key, str, "a string")
        if not value or not value.isprintable():
            raise self.error(key, "must be one line of printable text")
        return value

    def boolean(self, key: str) -> bool:
        """Return true or false."""
        return self._typed(key, bool, "true or false")

    def integer(self, key: str, minimum: int, maximum: int) -> int:
        """Return a whole number in [minimum, maximum]."""
        value = self._typed(key, int, "a whole number")
        if isinstance(value, bool):
            raise self.error(key, "must be a whole number, not true or false")
        if not minimum <= value <= maximum:
            raise self.error(key, f"is {value}; it must lie in {minimum}..{maximum}")
        return value

    def number(self, key: str) -> float:
        """Return a finite number within a million."""
        value = self._typed(key, (int, float), "a number")
        if isinstance(value, bool) or not abs(value) <= _MAX_NUMBER:
            raise self.error(key, "must be a finite number")
        return float(value)

    def numbers(self, key: str, minimum: int, maximum: int) -> tuple[float, ...]:
        """Return an array of numbers within a million, `minimum` to `maximum` of them."""
        values = self.array(key)
        numbers = [v for v in values if isinstance(v, int | float) and not isinstance(v, bool)]
        # False for NaN; and no overflow on a whole number of a thousand digits.
        within = all(abs(number) <= _MAX_NUMBER for number in numbers)
        if len(numbers) != len(values) or not minimum <= len(values) <= maximum or not within:
            count = f"{minimum}" if minimum == maximum else f"{minimum} to {maximum}"
            raise self.error(key, f"must be {count} finite numbers")
        return tuple(float(number) for number in numbers)

    def sections(self, key: str, minimum: int, maximum: int) -> "list[Section]":
        """Return an array of JSON objects, `minimum` to `maximum` of them."""
        values = self.array(key)
        if not minimum <= len(values) <= maximum:
            raise self.error(key, f"must have {minimum} to {maximum} entries")
        path = f"{self.path}.{key}" if self.path else key
        return [
            Section(value, self.source, f"{path}[{index}]") for index, value in enumerate(values)
        ]

    def _typed(self, key: str, kind: type[T] | tuple[type[T], ...], description: str) -> T:
        if key not in self.values:
            raise self.error(key, "is missing")
        value = self.values[key]
        if not isinstance(value, kind):
            raise self.error(key, f"must be {description}, not {type(value).__name__}")
        return value


def parse_manifest(data: bytes, source: str) -> dict[str, Any]:
    """Parse JSON, refusing what the standard parser lets pass.

    Args:
        data: The bytes of the file, UTF-8.
        source: The file they come from, for messages.

    Returns:
        The document.

    Raises:
        BundleError: Not UTF-8 or not JSON, nested too deeply, not an object, or it holds NaN, an
            infinite number or one key twice.
    """
    try:
        document = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique_keys,
            parse_constant=_finite,
            parse_float=_finite,
        )
    except RecursionError as error:
        raise BundleError(f"{source}: nested too deeply for a manifest") from error
    except ValueError as error:
        raise BundleError(f"{source}: not a valid manifest: {error}") from error
    if not isinstance(document, dict):
        raise BundleError(f"{source}: the document must be a JSON object")
    return document


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise ValueError(f"key '{key}' occurs twice")
        values[key] = value
    return values


def _finite(text: str) -> float:
    value = float(text)
    if not abs(value) < float("inf"):
        raise ValueError(f"{text} is not a finite number")
    return value
