"""The network of a finished (or interrupted) run; importing it loads TensorFlow."""

from typing import Any

from bireid_models.deploying import deployable
from bireid_models.network import build_network

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.checkpoint import (
    DEPLOYED,
    array_names,
    load_network,
    read_arrays,
)
from bireid_deploy.training.run_directory import RunDirectory


def open_network(run: RunDirectory) -> Any:
    """Build the `Network` of a run and give it the weights of its checkpoint.

    Raises:
        TrainingError: Not a run, or its checkpoint is missing, damaged or of another network.
    """
    network = build_network(run.network_section().config())
    load_network(run.checkpoint, network)
    return network


def deployed_network(run: RunDirectory, network: Any) -> Any:
    """What a run's network becomes on a device: without matrices C and without what was pruned.

    Args:
        run: The run; its checkpoint may hold values that only the deployed network has.
        network: The network with its weights.

    Raises:
        TrainingError: The checkpoint is missing, damaged or of another network.
    """
    names = sorted(each for each in array_names(run.checkpoint) if each.startswith(DEPLOYED))
    replaced = read_arrays(run.checkpoint, names) if names else {}
    try:
        return deployable(network, {name[len(DEPLOYED) :]: replaced[name] for name in names})
    except ValueError as error:
        raise TrainingError(f"{run.checkpoint}: damaged checkpoint: {error}") from error
