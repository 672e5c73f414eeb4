"""Training on several machines at once: who takes part, that all are there, and what they share."""

from collections.abc import Callable, Mapping

from bireid_deploy.training.workers.members import Members
from bireid_deploy.training.workers.slurm import from_slurm
from bireid_deploy.training.workers.tf_config import from_tf_config

SOURCES: dict[str, Callable[[Mapping[str, str]], Members]] = {
    "tf-config": from_tf_config,
    "slurm": from_slurm,
}
"""What says who takes part, by the name that `train --workers` takes."""
