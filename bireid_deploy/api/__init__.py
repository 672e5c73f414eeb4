"""The front door for Python: the verbs of the command line as functions with typed results.

Importing it is light; TensorFlow and the like are loaded by the calls that need them.
"""

from bireid_deploy.api.adaptation import adapt
from bireid_deploy.api.adaptation_result import Adaptation
from bireid_deploy.api.benchmark import bench, profile
from bireid_deploy.api.calibrating import CalibratedBundle, calibrate
from bireid_deploy.api.camera_learning import learn_cameras
from bireid_deploy.api.classifying import ClassifiedFiles, classify
from bireid_deploy.api.comparing import Comparison, compare
from bireid_deploy.api.conversion import Verification, convert, verify
from bireid_deploy.api.detecting import FoundInImages, detect
from bireid_deploy.api.embedding import embed
from bireid_deploy.api.evaluation import Evaluation, evaluate
from bireid_deploy.api.flashing import flash, roll_back
from bireid_deploy.api.following import FollowedTarget, follow
from bireid_deploy.api.galleries import add_to_gallery, create_gallery, search_gallery
from bireid_deploy.api.importing import ImportedBundle, import_checkpoint
from bireid_deploy.api.importing_onnx import import_onnx
from bireid_deploy.api.keeping import keep_scores
from bireid_deploy.api.reporting import report
from bireid_deploy.api.searching import SearchResult, measure_latencies, search
from bireid_deploy.api.serving import serve
from bireid_deploy.api.sharded_embedding import embed_shards
from bireid_deploy.api.teaching import TaughtCache, teach_cache
from bireid_deploy.api.training import TrainingResult, train
from bireid_deploy.api.watching import WatchReport, watch
from bireid_deploy.api.who import WhoResult, who
from bireid_deploy.gallery_server.opening import (
    copy_gallery,
    grant_rights,
    migrate_gallery,
    open_gallery,
)

__all__ = [
    "Adaptation",
    "CalibratedBundle",
    "ClassifiedFiles",
    "Comparison",
    "Evaluation",
    "FollowedTarget",
    "FoundInImages",
    "ImportedBundle",
    "SearchResult",
    "TaughtCache",
    "TrainingResult",
    "Verification",
    "WatchReport",
    "WhoResult",
    "adapt",
    "add_to_gallery",
    "bench",
    "calibrate",
    "classify",
    "compare",
    "convert",
    "copy_gallery",
    "create_gallery",
    "detect",
    "embed",
    "embed_shards",
    "evaluate",
    "flash",
    "follow",
    "grant_rights",
    "import_checkpoint",
    "import_onnx",
    "keep_scores",
    "learn_cameras",
    "measure_latencies",
    "migrate_gallery",
    "open_gallery",
    "profile",
    "report",
    "roll_back",
    "search",
    "search_gallery",
    "serve",
    "teach_cache",
    "train",
    "verify",
    "watch",
    "who",
]
