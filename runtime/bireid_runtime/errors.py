"""The exceptions of bireid-deploy: one tree, rooted here.

The runtime is the lowest package, so the root class lives in it. The workbench packages derive
their own errors from these. Only the command line turns an exception into an exit code.
"""


class BireidError(Exception):
    """Root of every error that a user can cause or mend.

    The message is one line that says what is wrong, where, and what to do about it.
    """


class BundleError(BireidError):
    """A bundle cannot be read: something is missing, malformed or of an unknown schema."""


class IntegrityError(BundleError):
    """A file of a bundle is not the file its manifest describes (size or SHA-256)."""


class ImageError(BireidError):
    """An image cannot be decoded or has an impossible shape."""


class CloudError(BireidError):
    """A point cloud cannot be read or has impossible points."""


class ArrayFileError(BireidError):
    """A file of arrays cannot be read: damaged, or written by something else."""


class BackendUnavailableError(BireidError):
    """A back end needs an optional package that is not installed; the message names it."""


class UnsupportedModelError(BireidError):
    """A model or a route that this version cannot handle."""


class SelfTestError(BireidError):
    """The golden self-test ran and failed: this machine computes other outputs."""


class ArgumentError(BireidError, ValueError):
    """A caller passed a value outside its documented range."""


class RateNotShownError(ArgumentError):
    """A calibration had too few people to show a rate as low as the one that is asked for."""
