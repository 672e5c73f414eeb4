"""Embedding crops of known cameras with a network that is adapted to cameras."""

from collections.abc import Callable, Sequence

import numpy as np

from bireid_deploy.data.dataset import ReIdDataset
from bireid_deploy.errors import DatasetError
from bireid_deploy.tasks.predictors import CameraPredictor, Predictor

Embed = Callable[[Sequence[np.ndarray], Sequence[int]], np.ndarray]
"""From uint8 RGB crops (H, W, 3) of any size and their camera ids to float32 (N, D), unit rows."""


def camera_name(camera_id: int) -> str:
    """What an adapted bundle calls a camera of a data set: `c1` is the first, as in Market-1501."""
    return f"c{camera_id + 1}"


def embedder(predictor: Predictor, output: str, dataset: ReIdDataset) -> Embed:
    """How the crops of a data set become embeddings.

    Args:
        predictor: Network.
        output: Name of its embedding.
        dataset: Data set with a test split.

    Raises:
        DatasetError: The network is adapted to cameras, and a crop of the test split is of
            another one.
    """
    if not isinstance(predictor, CameraPredictor) or not predictor.cameras:
        return lambda crops, camera_ids: predictor.run_images(crops)[output]
    samples = [*dataset.query, *dataset.gallery]
    needed = sorted({sample.camera_id for sample in samples})
    if unknown := [
        camera_name(each) for each in needed if camera_name(each) not in predictor.cameras
    ]:
        raise DatasetError(
            f"{dataset.root}: its camera {unknown[0]} is none of those that the bundle is adapted "
            f"to: {', '.join(predictor.cameras)}; adapt it to the cameras of this data set"
        )
    networks = {each: predictor.for_camera(camera_name(each)) for each in needed}

    def embed(crops: Sequence[np.ndarray], camera_ids: Sequence[int]) -> np.ndarray:
        rows: dict[int, np.ndarray] = {}
        for camera in dict.fromkeys(camera_ids):
            places = [place for place, each in enumerate(camera_ids) if each == camera]
            found = networks[camera].run_images([crops[place] for place in places])[output]
            rows |= dict(zip(places, found, strict=True))
        return np.stack([rows[place] for place in range(len(crops))])

    return embed
