"""A block alone as a bundle, so that the native engine can run it."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from bireid_converters.bundle import write_bundle
from bireid_converters.card import CardFacts
from bireid_converters.lce import export_lce
from bireid_converters.named_model import named_model
from bireid_models.backbones.cdnet import stages
from bireid_models.backbones.cdnet_architecture import Choice
from bireid_models.backbones.cdnet_blocks import chain
from bireid_models.config import NetworkConfig
from bireid_models.framework import keras
from bireid_runtime.backends.native import NativeSession
from bireid_runtime.golden import Golden, Tolerance
from bireid_runtime.inputs import InputSpec
from bireid_runtime.outputs import OutputSpec

MapShape = tuple[int, int, int]


def place_shapes(config: NetworkConfig) -> list[tuple[MapShape, int]]:
    """Rows, columns and channels of the map before each place, and the channels behind it."""
    found: list[tuple[MapShape, int]] = []

    def place(x: Any, number: int, name: str, filters: int) -> Any:
        rows, columns, channels = x.shape[1:]
        found.append(((rows, columns, channels), filters))
        return keras.layers.Conv2D(filters, 1, name=name)(x)

    stages(
        keras.Input((config.input_height, config.input_width, config.input_channels)), config, place
    )
    return found


def open_block(
    config: NetworkConfig,
    choice: Choice,
    shape: MapShape,
    filters: int,
    folder: Path,
    threads: int,
) -> NativeSession:
    """Convert a candidate with fresh weights, and open it in the native engine.

    Args:
        config: Network description.
        choice: Which candidate.
        shape: Rows, columns and channels of the map that it reads.
        filters: Channels of its result.
        folder: Where its bundle goes.
        threads: Threads of one call.

    Returns:
        An engine from `map` to `result`.

    Raises:
        UnsupportedModelError: The converter or the engine refuses it.
    """
    x = keras.Input(shape, name="map")
    y = chain(x, config, choice, "block", filters)
    model = keras.Model(x, keras.layers.Activation("linear", name="result")(y))
    named = named_model(model, ["map"], ["result"])
    item = np.zeros(shape, np.float32)
    written = write_bundle(
        folder,
        name=f"block {choice}",
        task="none",
        network=asdict(config),
        inputs=(InputSpec.tensor("map", shape),),
        outputs=(OutputSpec.tensor("result", (*shape[:2], filters)),),
        files={"lce": export_lce(named)},
        golden=Golden({"map": (item,)}, named.run({"map": item[None]}), {"result": Tolerance(1.0)}),
        golden_source="zeros",
        licences={"weights": "none", "training_data": "none"},
        training={},
        metrics=(),
        parity={"verified": False},
        binarisation={},
        card=CardFacts("none", (), "a map", "## Use\n\nFor measuring alone."),
    )
    return NativeSession(written, threads)
