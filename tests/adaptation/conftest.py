"""Six patterns under two cameras, and an untrained network as a run that can be adapted."""

import numpy as np
import pytest

from bireid_deploy.adaptation.crops import Crops
from bireid_deploy.recipes import parse_recipe

PEOPLE, PER_CAMERA = 6, 8


@pytest.fixture(scope="session")
def crops():
    """Each pattern 8 times under each camera, with noise; the second camera is darker and redder."""
    generator = np.random.default_rng(0)
    people = np.tile(np.repeat(np.arange(PEOPLE), PER_CAMERA), 2)
    patterns = generator.integers(40, 216, (PEOPLE, 32, 32, 3))
    seen = patterns[people] + generator.integers(-20, 20, (len(people), 32, 32, 3))
    cameras = np.repeat([0, 1], PEOPLE * PER_CAMERA)
    seen[cameras == 1] = seen[cameras == 1] * [0.7, 0.5, 0.4] + [40, 0, 0]
    return Crops(("door", "yard"), np.clip(seen, 0, 255).astype(np.uint8), cameras, ())


@pytest.fixture(scope="session")
def recipe():
    """Real-valued, eighth width, 32x32."""
    return parse_recipe(
        {
            "name": "tiny",
            "network": {
                "precision": "real",
                "width": 0.125,
                "input_height": 32,
                "input_width": 32,
            },
            "batch": {"identities": 3, "images_per_identity": 2},
            "augmentation": {"pad": 2, "erasing": 0.0},
        },
        "test",
    )


@pytest.fixture(scope="session")
def run(recipe, tmp_path_factory):
    """A run directory of that recipe; its network was never trained."""
    from bireid_models.framework import keras
    from bireid_models.network import build_network

    from bireid_deploy.training.checkpoint import network_variables, save_checkpoint
    from bireid_deploy.training.run_directory import RunDirectory

    keras.utils.set_random_seed(0)
    network = build_network(recipe.network.config())
    directory = RunDirectory(tmp_path_factory.mktemp("adaptation") / "run")
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
    return directory.path


@pytest.fixture
def trained(run):
    """The run, opened; a test may change its network."""
    from bireid_deploy.trained_run import open_run

    return open_run(run)
