"""From frames to identities: association, best crops, and the question to a gallery."""

from bireid_runtime.watching.assignment import assign
from bireid_runtime.watching.association import AssociationRules
from bireid_runtime.watching.best_crops import BestCrop
from bireid_runtime.watching.identities import Thresholds
from bireid_runtime.watching.watcher import Sighting, TrackBox, Watched, Watcher, Watching

__all__ = [
    "AssociationRules",
    "BestCrop",
    "Sighting",
    "Thresholds",
    "TrackBox",
    "Watched",
    "Watcher",
    "Watching",
    "assign",
]
