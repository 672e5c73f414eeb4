"""Errors of conversion; see `bireid_runtime.errors` for the root of the tree."""

from bireid_runtime.errors import BireidError


class ConversionError(BireidError):
    """A conversion cannot start or cannot finish: an argument, a format or the target is wrong."""


class CheckpointError(BireidError):
    """A checkpoint of another framework cannot be read: damaged, hostile, of another layout."""


class ParityError(BireidError):
    """A converted file does not compute what was trained."""
