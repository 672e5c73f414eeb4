"""Opening a finished (or interrupted) run as a network."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bireid_models.network import Network, build_network
from bireid_runtime.preprocess import Preprocess
from bireid_runtime.preprocess import preprocess as preprocess_image

from bireid_deploy.training.checkpoint import load_network
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.run_directory import RunDirectory


@dataclass(frozen=True)
class TrainedRun:
    """A run with its weights loaded.

    Attributes:
        recipe: What it was trained with.
        record: Content of `run.json`.
        network: The network with the checkpoint's weights.
        preprocess: How crops become network input.
    """

    recipe: Recipe
    record: dict[str, Any]
    network: Network
    preprocess: Preprocess

    def embed(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Embed uint8 RGB crops of any size; float32 (N, D), rows of unit length."""
        return keras_embeddings(self.network, self.preprocess, images)


def open_run(path: Path) -> TrainedRun:
    """Open a run directory.

    Raises:
        TrainingError: Not a run, or its checkpoint is missing, damaged or of another network.
    """
    run = RunDirectory(path)
    recipe = run.read_recipe()
    network = build_network(recipe.network.config())
    load_network(run.checkpoint, network.model)
    preprocess = Preprocess(recipe.network.input_height, recipe.network.input_width)
    return TrainedRun(recipe, run.read_record(), network, preprocess)


def keras_embeddings(
    network: Network, preprocess: Preprocess, images: Sequence[np.ndarray], batch_size: int = 64
) -> np.ndarray:
    """Embed crops with the Keras network, the reference of every converted file.

    Args:
        network: Network.
        preprocess: How crops become network input.
        images: uint8 RGB crops (H, W, 3) of any size.
        batch_size: Crops in one forward pass.

    Returns:
        float32 (N, D), rows of unit length.
    """
    rows = [np.zeros((0, network.model.output_shape[-1]), np.float32)]
    for start in range(0, len(images), batch_size):
        batch = [
            preprocess_image(image, preprocess) for image in images[start : start + batch_size]
        ]
        rows.append(network.model(np.stack(batch), training=False).numpy())
    return np.concatenate(rows)
