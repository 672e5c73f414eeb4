"""A gallery on the device: people, cameras, times and embeddings in one SQLite file."""

from bireid_runtime.gallery.centring import (
    camera_centring,
    centred_fingerprint,
    embedding_space,
)
from bireid_runtime.gallery.errors import FingerprintError, GalleryError
from bireid_runtime.gallery.protocol import GalleryStore
from bireid_runtime.gallery.records import Entry, Hit, Match, Person, Records, Stats
from bireid_runtime.gallery.store import Gallery

__all__ = [
    "Entry",
    "FingerprintError",
    "Gallery",
    "GalleryError",
    "GalleryStore",
    "Hit",
    "Match",
    "Person",
    "Records",
    "Stats",
    "camera_centring",
    "centred_fingerprint",
    "embedding_space",
]
