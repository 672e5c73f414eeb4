"""The front door for Python: the verbs of the command line as functions with typed results.

Importing it is light; TensorFlow and the like are loaded by the calls that need them.
"""

from bireid_deploy.api.adaptation import Adaptation, adapt
from bireid_deploy.api.benchmark import bench, profile
from bireid_deploy.api.calibrating import CalibratedBundle, calibrate
from bireid_deploy.api.classifying import ClassifiedFiles, classify
from bireid_deploy.api.comparing import Comparison, compare
from bireid_deploy.api.conversion import Verification, convert, verify
from bireid_deploy.api.detecting import FoundInImages, detect
from bireid_deploy.api.embedding import embed
from bireid_deploy.api.evaluation import Evaluation, evaluate
from bireid_deploy.api.flashing import flash, roll_back
from bireid_deploy.api.following import FollowedTarget, follow
from bireid_deploy.api.galleries import add_to_gallery, create_gallery, search_gallery
from bireid_deploy.api.reporting import report
from bireid_deploy.api.serving import serve
from bireid_deploy.api.training import TrainingResult, train

__all__ = [
    "Adaptation",
    "CalibratedBundle",
    "ClassifiedFiles",
    "Comparison",
    "Evaluation",
    "FollowedTarget",
    "FoundInImages",
    "TrainingResult",
    "Verification",
    "adapt",
    "add_to_gallery",
    "bench",
    "calibrate",
    "classify",
    "compare",
    "convert",
    "create_gallery",
    "detect",
    "embed",
    "evaluate",
    "flash",
    "follow",
    "profile",
    "report",
    "roll_back",
    "search_gallery",
    "serve",
    "train",
    "verify",
]
