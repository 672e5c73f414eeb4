"""From a model and a data set to a ranking: embed query and gallery, then rank."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from bireid_runtime.errors import ImageError
from bireid_runtime.images import load_image

from bireid_deploy.data.dataset import ReIdDataset, Sample
from bireid_deploy.errors import DatasetError
from bireid_deploy.evaluation.embeddings import Embeddings


class Embedder(Protocol):
    """Whatever turns crops into embeddings: a trained run, or an `Extractor` on a bundle."""

    def embed(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Map uint8 RGB crops (H, W, 3) of any size to float32 (N, D), rows of unit length."""


@dataclass(frozen=True)
class EmbeddedDataset:
    """The embeddings of a test set.

    Attributes:
        query: Query embeddings.
        gallery: Gallery embeddings.
        images_per_second: Crops embedded per second, preprocessing included, decoding not.
    """

    query: Embeddings
    gallery: Embeddings
    images_per_second: float


def embed_dataset(
    embedder: Embedder,
    dataset: ReIdDataset,
    on_progress: Callable[[int, int], None] | None = None,
    chunk: int = 64,
) -> EmbeddedDataset:
    """Embed query and gallery.

    Args:
        embedder: Model.
        dataset: Data set with a test split.
        on_progress: Called with (done, total).
        chunk: Crops in memory at a time.

    Raises:
        DatasetError: The test split is empty, or an image is broken: a figure over a part of a
            test set would not be comparable.
    """
    samples = [*dataset.query, *dataset.gallery]
    if not dataset.query or not dataset.gallery:
        raise DatasetError(f"{dataset.root}: no query or no gallery images to evaluate on")
    rows, seconds = [], 0.0
    for start in range(0, len(samples), chunk):
        crops = [_load(sample) for sample in samples[start : start + chunk]]
        began = time.perf_counter()
        rows.append(embedder.embed(crops))
        seconds += time.perf_counter() - began
        if on_progress:
            on_progress(min(start + chunk, len(samples)), len(samples))
    vectors = np.concatenate(rows)
    queries = len(dataset.query)
    return EmbeddedDataset(
        query=_embeddings(vectors[:queries], dataset.query),
        gallery=_embeddings(vectors[queries:], dataset.gallery),
        images_per_second=len(samples) / seconds,
    )


def _load(sample: Sample) -> np.ndarray:
    try:
        return load_image(sample.path)
    except ImageError as error:
        raise DatasetError(f"evaluation needs every image: {error}") from error


def _embeddings(vectors: np.ndarray, samples: Sequence[Sample]) -> Embeddings:
    return Embeddings(
        vectors=vectors,
        person_ids=np.array([sample.person_id for sample in samples], np.int64),
        camera_ids=np.array([sample.camera_id for sample in samples], np.int64),
        names=tuple(sample.path.name for sample in samples),
    )
