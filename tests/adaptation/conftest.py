"""Six patterns under two cameras, and an untrained network as a run that can be adapted."""

import numpy as np
import pytest
import tiny_backbone

from bireid_deploy.adaptation.crops import Crops
from bireid_deploy.recipes import parse_recipe

PEOPLE, PER_CAMERA = 6, 8


@pytest.fixture(scope="session")
def crops():
    """Each pattern 8 times under each camera, with noise; the second one is darker and redder."""
    generator = np.random.default_rng(0)
    people = np.tile(np.repeat(np.arange(PEOPLE), PER_CAMERA), 2)
    patterns = generator.integers(40, 216, (PEOPLE, 32, 32, 3))
    seen = patterns[people] + generator.integers(-20, 20, (len(people), 32, 32, 3))
    cameras = np.repeat([0, 1], PEOPLE * PER_CAMERA)
    seen[cameras == 1] = seen[cameras == 1] * [0.9, 0.8, 0.7] + [20, 0, 0]
    return Crops(("door", "yard"), np.clip(seen, 0, 255).astype(np.uint8), cameras, ())


@pytest.fixture(scope="session", autouse=True)
def backbone():
    """A backbone that trains in no time."""
    with tiny_backbone.known() as name:
        yield name


def _recipe(precision, height):
    return parse_recipe(
        {
            "name": "tiny",
            "network": {
                "backbone": "two_units",
                "precision": precision,
                "width": 0.25,
                "input_height": height,
                "input_width": 32,
            },
            "batch": {"identities": 3, "images_per_identity": 2},
            "augmentation": {"pad": 2, "erasing": 0.0},
        },
        "test",
    )


def _write_run(path, recipe):
    """A run directory whose network was never trained."""
    from bireid_models.framework import keras
    from bireid_models.network import build_network

    from bireid_deploy.adaptation.normalisation import batch_normalisations
    from bireid_deploy.training.checkpoint import network_variables, save_checkpoint
    from bireid_deploy.training.run_directory import RunDirectory

    keras.utils.set_random_seed(0)
    network = build_network(recipe.network.config())
    generator = np.random.default_rng(0)
    for layer in batch_normalisations(network.model):
        shape = layer.moving_mean.shape
        layer.moving_mean.assign(generator.normal(size=shape) * 0.1)
        layer.moving_variance.assign(generator.uniform(0.5, 2, shape))
    directory = RunDirectory(path)
    directory.create()
    save_checkpoint(directory.checkpoint, network_variables(network.features), {})
    directory.write_record(
        {
            "recipe": recipe.model_dump(mode="json"),
            "data": {"name": "nothing"},
            "initial": None,
            "teacher": None,
            "finished": True,
            "steps": 0,
            "history": [],
        }
    )
    return path


@pytest.fixture(scope="session")
def recipe(backbone):
    """Real-valued, two units of quarter width, 32x32."""
    return _recipe("real", 32)


@pytest.fixture(scope="session")
def run(recipe, tmp_path_factory):
    """A run directory of that recipe."""
    return _write_run(tmp_path_factory.mktemp("adaptation") / "run", recipe)


@pytest.fixture(scope="session")
def binary_run(backbone, tmp_path_factory):
    """A run directory of a 1-bit network, 64x32."""
    return _write_run(tmp_path_factory.mktemp("adaptation") / "binary", _recipe("binary", 64))


@pytest.fixture
def trained(run):
    """The run, opened; a test may change its network."""
    from bireid_deploy.trained_run import open_run

    return open_run(run)
