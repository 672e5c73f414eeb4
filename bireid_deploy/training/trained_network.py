"""The network of a finished (or interrupted) run; importing it loads TensorFlow."""

from typing import Any

from bireid_models.network import build_network

from bireid_deploy.training.checkpoint import load_network
from bireid_deploy.training.run_directory import RunDirectory


def open_network(run: RunDirectory) -> Any:
    """Build the `Network` of a run and give it the weights of its checkpoint.

    Raises:
        TrainingError: Not a run, or its checkpoint is missing, damaged or of another network.
    """
    network = build_network(run.network_section().config())
    load_network(run.checkpoint, network)
    return network
