"""Starting from the weights of another run, also from the first stage of two-stage training."""

from pathlib import Path
from typing import Any

from bireid_models.framework import tf
from bireid_models.layers import latent_layers

from bireid_deploy.training.checkpoint import (
    array_names,
    learned_variables,
    load_network,
    load_variables,
)
from bireid_deploy.training.foreign_start import start_from_checkpoint
from bireid_deploy.training.optimizers import initialise_alphas
from bireid_deploy.training.recipe import OptimizerSection
from bireid_deploy.training.run_directory import RunDirectory

# A normalisation that stands before a sign alone has no counterpart in a real-valued network.
_SIGN_NORM = tuple(
    f"_input_bn/{part}:0" for part in ("gamma", "beta", "moving_mean", "moving_variance")
)
_MAY_BE_FRESH = ("/alpha:0", "/matrix:0", "/bias:0", "/mask:0", *_SIGN_NORM)


def is_of_others(source: Path) -> bool:
    """Whether a start is a checkpoint of another project, and no run or checkpoint of a run."""
    return source.is_file() and source.suffix != ".npz"


def initialise_from(network: Any, source: Path, options: OptimizerSection, seed: int) -> None:
    """Give a network the weights of another run.

    A run of the same precision gives every variable; only soft masks may be fresh, all one. From a
    run whose kernels are real-valued a 1-bit network takes every variable that exists there, clips
    the kernels to the [-1, 1] of latent ones and initialises alpha, or C, from them; what the
    source has not (shifts and normalisations before a sign) stays fresh. The kernels keep their
    size: enlarged, they outlive the rates that 1-bit kernels learn with, and the network trains
    worse than from random ones.

    Args:
        network: Built network; its variables are assigned.
        source: Run directory, checkpoint of a run of the same precision, or a ResNet or MobileNetV2
            of PyTorch.
        options: How to initialise alpha.
        seed: Seed of a random alpha.

    Raises:
        TrainingError: Not a run, or its checkpoint is damaged or of another network.
        CheckpointError, UnsupportedModelError: As `start_from_checkpoint`.
    """
    if is_of_others(source):
        start_from_checkpoint(network, source)
        return
    if not source.is_dir():
        load_network(source, network)
        return
    run = RunDirectory(source)
    if run.network_section().precision == network.config.precision:
        _load_shared(run.checkpoint, network, ("/mask:0",))
        return
    layers = latent_layers(network.model)
    _load_shared(run.checkpoint, network, _MAY_BE_FRESH)
    for layer in layers:
        layer.kernel.assign(tf.clip_by_value(layer.kernel, -1.0, 1.0))
    initialise_alphas(layers, options.alpha_init, seed)


def _load_shared(path: Path, network: Any, may_be_fresh: tuple[str, ...]) -> None:
    """Assign every variable that the checkpoint has; only those that end so may be missing."""
    present = array_names(path)
    load_variables(
        path,
        {
            name: variable
            for name, variable in learned_variables(network).items()
            if name in present or not name.endswith(may_be_fresh)
        },
    )
