"""Checkpoints: one `.npz` with every variable and the state of the loop, written atomically."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from bireid_runtime.errors import ArrayFileError
from bireid_runtime.files import atomic_file
from bireid_runtime.npz import NpzFile, open_npz, write_npz

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.loop_state import LoopState

_STATE = "state.json"
_CLASSIFIER = "classifier/kernel:0"

DEPLOYED = "deployed/"
"""Opens the name of a value that the deployed network has in the place of that of the network's
variable whose name follows; methods may put such variables into their state."""


def save_checkpoint(path: Path, variables: Mapping[str, Any], state: Mapping[str, Any]) -> None:
    """Write a checkpoint; an interrupted write leaves the old file.

    Args:
        path: Target file.
        variables: TensorFlow variables by a stable name.
        state: JSON-serialisable state of the training loop.
    """
    arrays = {name: variable.numpy() for name, variable in variables.items()}
    arrays[_STATE] = np.frombuffer(json.dumps(state).encode(), np.uint8)
    with atomic_file(path) as file:
        write_npz(file, arrays)


def load_checkpoint(path: Path, variables: Mapping[str, Any]) -> dict[str, Any]:
    """Assign every variable from a checkpoint and return the state of the loop.

    Raises:
        TrainingError: The file is missing, damaged, or lacks a variable or has it in another
            shape; nothing is assigned then.
    """
    arrays = read_arrays(path, [*variables, _STATE])
    _check_shapes(path, variables, arrays)
    for name, variable in variables.items():
        variable.assign(arrays[name])
    return _parsed(path, arrays[_STATE])


def read_state(path: Path) -> LoopState | None:
    """Where the loop stood; None of a checkpoint that says nothing of it.

    Raises:
        TrainingError: The file is missing or damaged.
    """
    if _STATE not in array_names(path):
        return None
    values = _parsed(path, read_arrays(path, [_STATE])[_STATE])
    return LoopState.from_json(values, str(path)) if values else None


def load_network(path: Path, network: Any) -> None:
    """Assign the variables of a network, and nothing else, from a checkpoint.

    Raises:
        TrainingError: As `load_checkpoint`.
    """
    load_variables(path, learned_variables(network))


def learned_variables(network: Any) -> dict[str, Any]:
    """What a `Network` learned, by the names that it has in a checkpoint.

    That is the deployed model, and what its head learns for the losses alone; not the state of
    chance, such as that of dropout.
    """
    learned = {f"network/{each.name}": each for each in network.features.trainable_variables}
    return network_variables(network.model) | learned


def network_variables(model: Any) -> dict[str, Any]:
    """The variables of a Keras model by the names that they have in a checkpoint."""
    return {f"network/{variable.name}": variable for variable in model.variables}


def load_variables(path: Path, variables: Mapping[str, Any]) -> None:
    """Assign variables by their names in a checkpoint.

    Raises:
        TrainingError: As `load_checkpoint`.
    """
    arrays = read_arrays(path, list(variables))
    _check_shapes(path, variables, arrays)
    for name, variable in variables.items():
        variable.assign(arrays[name])


def has_classifier(path: Path) -> bool:
    """Whether a network was trained with a classifier.

    Raises:
        TrainingError: The file is missing or damaged.
    """
    return _CLASSIFIER in array_names(path)


def read_classifier(path: Path) -> np.ndarray:
    """The kernel of the classifier that a network was trained with, float32 (D, K).

    Raises:
        TrainingError: As `read_arrays`.
    """
    return read_arrays(path, [_CLASSIFIER])[_CLASSIFIER]


def read_arrays(path: Path, names: list[str]) -> dict[str, np.ndarray]:
    """Read the named arrays of a checkpoint, never unpickling anything.

    Raises:
        TrainingError: The file is missing or damaged, or has no array of that name.
    """
    with _open(path) as archive:
        missing = [name for name in names if name not in archive.names]
        if missing:
            raise TrainingError(
                f"{path}: no variable {missing[0]!r}; the checkpoint is of another network or "
                "recipe"
            )
        return {name: archive.read(name) for name in names}


def array_names(path: Path) -> frozenset[str]:
    """The names of the arrays of a checkpoint.

    Raises:
        TrainingError: The file is missing or damaged.
    """
    with _open(path) as archive:
        return frozenset(archive.names)


@contextmanager
def _open(path: Path) -> Iterator[NpzFile]:
    try:
        with open_npz(path) as archive:
            yield archive
    except FileNotFoundError:
        raise TrainingError(f"{path}: no such checkpoint; has the run been started?") from None
    except ArrayFileError as error:
        raise TrainingError(f"{path}: damaged checkpoint: {error}") from error


def _parsed(path: Path, state: np.ndarray) -> Any:
    try:
        return json.loads(state.tobytes())
    except (ValueError, RecursionError) as error:
        raise TrainingError(f"{path}: damaged checkpoint: {error}") from error


def _check_shapes(
    path: Path, variables: Mapping[str, Any], arrays: Mapping[str, np.ndarray]
) -> None:
    for name, variable in variables.items():
        if tuple(variable.shape) != arrays[name].shape:
            raise TrainingError(
                f"{path}: {name} has shape {arrays[name].shape}, this network needs "
                f"{tuple(variable.shape)}"
            )
