"""An imported network: images in, embeddings out."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bireid_models.framework import keras
from bireid_models.imported.weights import Weights
from bireid_models.layers import UnitNormalize

EMBEDDING = "embedding"


@dataclass(frozen=True)
class ImportedConfig:
    """What a network was built from; it stands in the manifest.

    Attributes:
        family: Where its kind of checkpoint comes from, such as `torchreid-osnet`.
        architecture: Builder, `module:function`.
        options: What the builder was told besides the weights.
        input_height: In pixels.
        input_width: In pixels.
        precision: `real`.
    """

    family: str
    architecture: str
    options: Mapping[str, Any]
    input_height: int
    input_width: int
    precision: str = "real"


@dataclass(frozen=True)
class ImportedNetwork:
    """A built network.

    Attributes:
        config: What it was built from.
        model: Keras functional model, from `image` (N, H, W, 3) to `embedding` (N, D) with rows of
            unit length.
    """

    config: ImportedConfig
    model: Any


def build_imported(config: ImportedConfig, weights: Weights) -> ImportedNetwork:
    """Build a network with the weights of a checkpoint.

    Args:
        config: What to build.
        weights: The checkpoint; what is used of it is noted there.

    Raises:
        WeightsError: A weight is missing, of another shape or not finite.
    """
    module, _, name = config.architecture.partition(":")
    build: Callable[..., Any] = getattr(importlib.import_module(module), name)
    image = keras.Input((config.input_height, config.input_width, 3), name="image")
    features = build(image, weights, **config.options)
    model = keras.Model(image, UnitNormalize(name=EMBEDDING)(features), name="imported")
    return ImportedNetwork(config, model)
