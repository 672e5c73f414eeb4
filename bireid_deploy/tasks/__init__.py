"""The tasks: each is a folder here and one line in `TASKS`."""

from bireid_deploy.tasks.base import Task
from bireid_deploy.tasks.classification.task import Classification
from bireid_deploy.tasks.detection.task import Detection
from bireid_deploy.tasks.points.task import Points
from bireid_deploy.tasks.reid.task import ReId
from bireid_deploy.tasks.tracking.task import Tracking

TASKS: dict[str, Task] = {
    "reid": ReId(),
    "classification": Classification(),
    "detection": Detection(),
    "tracking": Tracking(),
    "points": Points(),
}
