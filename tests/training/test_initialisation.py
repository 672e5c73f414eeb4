"""Starting from another run: the same network, a real-valued one, the first of two stages."""

import numpy as np
import pytest
from bireid_models.config import NetworkConfig
from bireid_models.layers import binary_layers
from bireid_models.network import build_network

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.checkpoint import save_checkpoint
from bireid_deploy.training.initialisation import initialise_from
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.recipe_sections import OptimizerSection
from bireid_deploy.training.run_directory import RunDirectory


def _network(**options):
    sizes = {"backbone": "resnet10", "width": 0.125, "input_height": 32, "input_width": 32}
    return build_network(NetworkConfig(**{**sizes, **options}))


def _run(path, **options):
    """A run directory of a network whose weights are all its own; returns them by name."""
    network = _network(**options)
    generator = np.random.default_rng(1)
    for variable in network.model.variables:
        variable.assign(generator.normal(0.0, 0.6, variable.shape))
    variables = {f"network/{each.name}": each for each in network.model.variables}
    run = RunDirectory(path)
    run.create()
    sizes = {"backbone": "resnet10", "width": 0.125, "input_height": 32, "input_width": 32}
    recipe = Recipe.model_validate({"name": "source", "network": {**sizes, **options}})
    save_checkpoint(run.checkpoint, variables, {})
    run.write_record(
        {
            "recipe": recipe.model_dump(),
            "data": {},
            "initial": None,
            "teacher": None,
            "finished": True,
            "steps": 1,
            "history": [],
        }
    )
    return {each.name: each.numpy() for each in network.model.variables}


def _weights(network):
    return {each.name: each.numpy() for each in network.model.variables}


def _initialise(network, source, **options):
    initialise_from(network, source, OptimizerSection(**options), seed=0)
    return _weights(network)


def test_the_same_network_takes_every_variable(tmp_path):
    source = _run(tmp_path / "run")
    loaded = _initialise(_network(), tmp_path / "run")
    assert loaded.keys() == source.keys()
    for name, array in loaded.items():
        np.testing.assert_array_equal(array, source[name], err_msg=name)
    from_file = _initialise(_network(), tmp_path / "run" / "checkpoint.npz")
    np.testing.assert_array_equal(from_file["stem_conv/kernel:0"], source["stem_conv/kernel:0"])


@pytest.mark.parametrize("precision", ["real", "binary_activations"])
def test_a_binary_network_starts_from_real_valued_kernels(tmp_path, precision):
    source = _run(tmp_path / "run", precision=precision)
    network = _network()
    loaded = _initialise(network, tmp_path / "run")
    latent = {f"{layer.name}/kernel:0" for layer in binary_layers(network.model)}
    scales = {f"{layer.name}/alpha:0" for layer in binary_layers(network.model)}
    assert latent <= source.keys()
    for name in loaded.keys() - latent - scales:
        np.testing.assert_array_equal(loaded[name], source[name], err_msg=name)
    for layer in binary_layers(network.model):
        kernel = np.clip(source[f"{layer.name}/kernel:0"], -1, 1)
        np.testing.assert_array_equal(layer.kernel, kernel)
        np.testing.assert_allclose(layer.alpha, np.abs(kernel).mean(axis=(0, 1, 2)), rtol=1e-5)


def test_alpha_follows_the_recipe(tmp_path):
    _run(tmp_path / "run", precision="real")
    loaded = _initialise(_network(), tmp_path / "run", alpha_init="ones")
    np.testing.assert_array_equal(loaded["stage3_unit2_conv/alpha:0"], 1.0)


def test_both_stages_of_reactnet_have_the_same_variables(tmp_path):
    source = _run(tmp_path / "run", binarization="reactnet", precision="binary_activations")
    loaded = _initialise(_network(binarization="reactnet"), tmp_path / "run")
    assert loaded.keys() == source.keys()
    shifts = [name for name in loaded if name.endswith("/bias:0")]
    assert shifts
    for name in shifts:
        np.testing.assert_array_equal(loaded[name], source[name], err_msg=name)


def test_shifts_that_a_real_valued_network_has_not_stay_fresh(tmp_path):
    source = _run(tmp_path / "run", binarization="reactnet", precision="real")
    loaded = _initialise(_network(binarization="reactnet"), tmp_path / "run")
    fresh = loaded.keys() - source.keys()
    assert fresh
    for name in fresh:
        np.testing.assert_array_equal(loaded[name], 0.0, err_msg=name)


def test_what_does_not_fit_is_named(tmp_path):
    _run(tmp_path / "wide", precision="real", width=0.25)
    with pytest.raises(TrainingError, match=r"stem_conv/kernel:0 has shape .* this network needs"):
        _initialise(_network(), tmp_path / "wide")
    _run(tmp_path / "short", precision="real")
    with pytest.raises(TrainingError, match="no variable 'network/projection/kernel:0'"):
        _initialise(_network(embedding_dim=8), tmp_path / "short")
    # The file alone does not say that its kernels are real-valued.
    with pytest.raises(TrainingError, match=r"no variable 'network/stage1_unit1_conv/alpha:0'"):
        _initialise(_network(), tmp_path / "short" / "checkpoint.npz")
    with pytest.raises(TrainingError, match=r"no such checkpoint"):
        _initialise(_network(), tmp_path / "absent.npz")
