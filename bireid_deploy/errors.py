"""Errors of the workbench; see `bireid_runtime.errors` for the root of the tree."""

from bireid_runtime.errors import BireidError


class DatasetError(BireidError):
    """A data set is missing, empty, of another layout, or holds a broken image."""


class EmbeddingsError(BireidError):
    """A file of embeddings cannot be read or does not fit its counterpart."""


class RecipeError(BireidError):
    """A training recipe is malformed: unknown key, wrong type, value out of range."""


class TrainingError(BireidError):
    """Training cannot start, continue or resume."""


class DivergenceError(TrainingError):
    """A loss term became NaN or infinite; the message names the step and the term."""


class TrainingInterruptedError(TrainingError):
    """Training was stopped from the keyboard, after saving a checkpoint."""


class TargetError(BireidError):
    """The address of a device is malformed."""


class DeviceUnreachableError(BireidError):
    """A device does not answer, refuses the login, or the connection broke."""


class MissingProgramError(BireidError):
    """A program of the system that a device is reached with, ssh or adb, is not installed."""


class MissingPackageError(BireidError):
    """A Python package that only an extra brings is not installed; the message names both."""


class DeviceCheckError(BireidError):
    """A device was reached but cannot take or run the bundle; the message says what it lacks."""


class PayloadError(BireidError):
    """A file that a device needs is not at hand here: a wheel or the program."""


class ClusterError(BireidError):
    """Machines that share a job cannot be reached, or have gone; what is done stays done."""
