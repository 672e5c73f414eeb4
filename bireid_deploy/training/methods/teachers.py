"""Runs that `train --teacher` names, opened; importing it loads TensorFlow."""

from pathlib import Path
from typing import Any

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.run_directory import RunDirectory
from bireid_deploy.training.trained_network import open_network


def open_teacher_network(path: Path, student: Any) -> Any:
    """Open the network of a run that a student of the same input learns from.

    Args:
        path: Run directory.
        student: The network that will learn.

    Raises:
        TrainingError: Not a run, or it takes another input size.
    """
    network = open_network(RunDirectory(path))
    theirs, ours = network.model, student.model
    if theirs.input_shape != ours.input_shape:
        raise TrainingError(
            f"{path}: the teacher takes images of {_size(theirs)}, the student of {_size(ours)}; "
            "give both the same network.input_height and network.input_width"
        )
    return network


def _size(model: Any) -> str:
    return f"{model.input_shape[1]}x{model.input_shape[2]}"
