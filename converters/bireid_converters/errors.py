"""Errors of conversion; see `bireid_runtime.errors` for the root of the tree."""

from bireid_runtime.errors import BireidError


class ConversionError(BireidError):
    """A conversion cannot start or cannot finish: an argument, a format or the target is wrong."""


class ParityError(BireidError):
    """A converted file does not compute what was trained."""
