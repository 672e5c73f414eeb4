"""What can go wrong with a gallery."""

from bireid_runtime.errors import BireidError


class GalleryError(BireidError):
    """A gallery cannot be opened, read or written; the message names it."""


class FingerprintError(GalleryError):
    """Embeddings of another network, or of another adaptation of it."""
