"""A supernet of one place, which compiles in seconds, and a search with it."""

import dataclasses

import numpy as np
import pytest
from bireid_models.backbones.cdnet_architecture import Choice
from bireid_models.framework import keras
from bireid_models.layers import BinaryConv2D
from bireid_models.mixed_place import MixedPlace
from bireid_models.network import build_on
from bireid_models.supernet import Supernet

from bireid_deploy.recipes import parse_recipe
from bireid_deploy.search.step import SearchStep
from bireid_deploy.tasks import TASKS
from bireid_deploy.tasks.supervised import LabelledImages

CANDIDATES = tuple(Choice(pair) for pair in ((3, 5), (3, 7), (5, 7)))


@pytest.fixture(scope="session")
def recipe_of():
    """A recipe of a search on 32x32, two epochs; its table and the precision are given."""

    def call(precision="real", **search):
        return parse_recipe(
            {
                "name": "tiny",
                "network": {
                    "backbone": "cdnet",
                    "precision": precision,
                    "width": 0.125,
                    "input_height": 32,
                    "input_width": 32,
                },
                "batch": {"identities": 3, "images_per_identity": 2},
                "augmentation": {"pad": 2},
                "optimizer": {
                    "epochs": 2,
                    "method": "sgd",
                    "schedule": "cosine",
                    "weight_decay": 0,
                },
                "search": {"kernels": [3, 5, 7], "alpha_rate": 0.01, "top": 1, **search},
            },
            "test",
        )

    return call


@pytest.fixture(scope="session")
def data():
    """Four people with eight images each."""
    rng = np.random.default_rng(0)
    labels = np.repeat(np.arange(4), 8)
    patterns = rng.integers(40, 216, (4, 32, 32, 3))
    pixels = patterns[labels] + rng.integers(-40, 40, (32, 32, 32, 3))
    return LabelledImages(pixels.astype(np.uint8), labels, {"name": "patterns"})


@pytest.fixture(scope="session")
def step_of(data):
    """The step of a search with one place: convolutions of 1, 3 and 5 pixels."""
    convolution = {"real": keras.layers.Conv2D, "binary": BinaryConv2D}.__getitem__

    def call(recipe, latency=None):
        keras.utils.set_random_seed(0)
        places = []

        def maps(image, config):
            models = []
            for size in (1, 3, 5):
                x = keras.Input((8, 8, 3))
                y = convolution(config.precision)(8, size, padding="same", name=f"size{size}")(x)
                models.append(keras.Model(x, keras.layers.BatchNormalization(name=f"bn{size}")(y)))
            places.append(
                MixedPlace(models, recipe.search.top, recipe.search.unselected, name="place")
            )
            reduced = keras.layers.Conv2D(3, 1, 4, name="stem")(image)
            return {"last": places[0](reduced)}

        config = recipe.network.config()
        network = build_on(dataclasses.replace(config, head="blneck"), maps)
        part = TASKS[recipe.task].step(recipe, network, data)
        return SearchStep(Supernet(network, tuple(places), CANDIDATES), part, recipe, latency)

    return call
