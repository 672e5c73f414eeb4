"""Errors of experiments."""

from bireid_runtime.errors import BireidError


class ExperimentError(BireidError):
    """A grid is malformed, does not fit what a folder holds already, or a record is damaged."""
