"""From a network and a data set to a ranking: embed query and gallery, then rank."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bireid_runtime.errors import ArgumentError, ImageError
from bireid_runtime.files import atomic_file
from bireid_runtime.images import load_image

from bireid_deploy.data.dataset import JUNK, ReIdDataset, Sample
from bireid_deploy.errors import DatasetError
from bireid_deploy.evaluation.bootstrap import ranking_intervals
from bireid_deploy.evaluation.drawn_ranks import draw_ranks
from bireid_deploy.evaluation.embedding_file import (
    NamedEmbeddings,
    load_query_and_gallery,
    require_writable,
)
from bireid_deploy.evaluation.embeddings import Embeddings
from bireid_deploy.evaluation.item_scores import ItemScores
from bireid_deploy.evaluation.ranked_lists import RankedLists
from bireid_deploy.evaluation.ranking import GalleryCameras, RankingResult, SameCamera, rank
from bireid_deploy.evaluation.reranking import ReRanking
from bireid_deploy.tasks.base import Progress, Report
from bireid_deploy.tasks.predictors import Predictor
from bireid_deploy.tasks.reid import scores
from bireid_deploy.tasks.reid.cameras import Embed, embedder
from bireid_deploy.tasks.reid.page import Ranking


@dataclass(frozen=True)
class EmbeddedDataset:
    """The embeddings of a test set.

    Attributes:
        query: Query embeddings.
        gallery: Gallery embeddings.
        images_per_second: Crops embedded per second, preprocessing included, decoding not; None
            where nothing was embedded.
    """

    query: Embeddings
    gallery: Embeddings
    images_per_second: float | None


def embed_dataset(
    embed: Embed,
    dataset: ReIdDataset,
    on_progress: Progress | None = None,
    chunk: int = 64,
) -> EmbeddedDataset:
    """Embed query and gallery.

    Args:
        embed: Network.
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
        cameras = [sample.camera_id for sample in samples[start : start + chunk]]
        rows.append(embed(crops, cameras))
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


def evaluate_embeddings(
    predictor: Predictor,
    output: str,
    dataset: ReIdDataset,
    options: Mapping[str, Any],
    on_progress: Progress | None = None,
) -> Report:
    """Embed the test people and rank them; see `Task.evaluate`.

    Args:
        predictor: Network.
        output: Name of its embedding.
        dataset: Data set.
        options: `rerank`, `average_precision`, `gallery_cameras`, `same_camera`; `save`, a file
            that the embeddings go to; `draw`, one that a picture of ranked lists goes to.
        on_progress: Called with (done, total).
    """
    save = None if options.get("save") is None else Path(options["save"])
    if save is not None:
        require_writable(save)
    embedded = embed_dataset(embedder(predictor, output, dataset), dataset, on_progress)
    if save is not None:
        found = NamedEmbeddings.of_splits(embedded.query, embedded.gallery, predictor.fingerprint)
        found.save(save)
    return _report(embedded, dataset.name, output, options, dataset=dataset)


def evaluate_saved(
    path: Path, options: Mapping[str, Any], on_progress: Progress | None = None
) -> Report:
    """Rank saved embeddings; options as of `evaluate_embeddings`.

    Raises:
        EmbeddingsError: The file cannot be read, or has no labels.
        ArgumentError: `draw`, for which the file has no images.
    """
    if options.get("draw") is not None:
        raise ArgumentError(f"{path} holds no images to draw; evaluate a run or a bundle")
    query, gallery = load_query_and_gallery(path)
    embedded = EmbeddedDataset(query, gallery, images_per_second=None)
    return _report(embedded, "its own", "embedding", options, on_progress)


def _report(
    embedded: EmbeddedDataset,
    data: str,
    output: str,
    options: Mapping[str, Any],
    on_progress: Progress | None = None,
    dataset: ReIdDataset | None = None,
) -> Report:
    gallery_cameras: GalleryCameras = options.get("gallery_cameras") or "any"
    same_camera: SameCamera = options.get("same_camera") or "drop"
    result = rank(
        embedded.query,
        embedded.gallery,
        average_precision=options.get("average_precision") or "non-interpolated",
        rerank=ReRanking() if options.get("rerank") else None,
        gallery_cameras=gallery_cameras,
        same_camera=same_camera,
        on_progress=on_progress,
    )
    if options.get("draw") is not None and dataset is not None:
        samples = dataset.query, dataset.gallery
        picture = draw_ranks(
            embedded.query, embedded.gallery, samples, result, gallery_cameras, same_camera
        )
        with atomic_file(options["draw"]) as file:
            picture.save(file, "PNG")
    intervals = ranking_intervals(result, embedded.query.person_ids)
    kept = same_camera == "keep"
    return Report(
        # What no published figure does is said with every figure.
        scores=scores.to_json(result, intervals) | ({"same_camera": "keep"} if kept else {}),
        columns=scores.COLUMNS,
        rows=(scores.cells(result),),
        images_per_second=embedded.images_per_second,
        data=data,
        counts=f"{_sizes(embedded)}; "
        f"95 %: mAP {_range(intervals.mean_average_precision)}, rank-1 {_range(intervals.rank_1)}"
        + ("; matches under the query's own camera count" if kept else ""),
        outputs={output: np.concatenate([embedded.query.vectors, embedded.gallery.vectors])},
        items=_items(
            result,
            RankedLists(embedded.query, embedded.gallery, gallery_cameras, same_camera),
        ),
    )


def _sizes(embedded: EmbeddedDataset) -> str:
    """As the counts of the data set: images of nobody's interest take no part."""
    junk = int(np.count_nonzero(embedded.gallery.person_ids == JUNK))
    aside = f" ({junk} junk {'image is' if junk == 1 else 'images are'} dropped)" if junk else ""
    return f"{len(embedded.query)} queries, {len(embedded.gallery) - junk} gallery images{aside}"


def _items(result: RankingResult, lists: RankedLists) -> ItemScores:
    """A query is an item, and what it finds first is its answer; re-ranking moves scores alone."""
    valid = ~np.isnan(result.average_precisions)
    return ItemScores(
        names=lists.query.names,
        groups=lists.query.person_ids,
        group_name="people",
        values={
            "mean_average_precision": result.average_precisions,
            "rank_1": np.where(valid, result.first_ranks == 1, np.nan),
        },
        answers=lists.gallery.names,
        responses=lists.similarities,
    )


def ranking_of(report: Report, dataset: ReIdDataset) -> Ranking:
    """The ranking behind a report of `evaluate_embeddings` without options."""
    (vectors,) = report.outputs.values()
    queries = len(dataset.query)
    lists = RankedLists(
        _embeddings(vectors[:queries], dataset.query),
        _embeddings(vectors[queries:], dataset.gallery),
    )
    result = rank(lists.query, lists.gallery)
    found = ranking_intervals(result, lists.query.person_ids)
    intervals = found.mean_average_precision, found.rank_1
    return Ranking(dataset, lists, result, intervals)


def _range(interval: tuple[float, float]) -> str:
    low, high = interval
    return f"{100 * low:.1f} to {100 * high:.1f}"


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
