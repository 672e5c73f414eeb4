"""The single-query ranking protocol of person Re-ID: CMC, mAP and mINP."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from bireid_deploy.errors import EmbeddingsError
from bireid_deploy.evaluation.distances import EuclideanDistances, QueryDistances, unit_rows
from bireid_deploy.evaluation.embeddings import Embeddings
from bireid_deploy.evaluation.reranking import ReRankedDistances, ReRanking, memory_estimate

AveragePrecision = Literal["non-interpolated", "trapezoid"]
GalleryCameras = Literal["any", "other"]
SameCamera = Literal["drop", "keep"]

DEFAULT_MEMORY_LIMIT_BYTES = 2 * 1024**3

_JUNK = -1
_LARGEST_CHUNK = 256
# Distances (4), the two label comparisons, their combinations and room for temporaries.
_BYTES_PER_DISTANCE = 16


@dataclass(frozen=True, eq=False)
class RankingResult:
    """What one evaluation found; every share is in the range 0 to 1.

    Attributes:
        mean_average_precision: Mean of the average precisions of the valid queries.
        cmc: Cumulative matching characteristic, float64 `(max_rank,)`; `cmc[r - 1]` is rank-r,
            the share of valid queries with a true match among the first r.
        mean_inverse_negative_penalty: mINP of Ye et al. (TPAMI 2021): mean over the valid queries
            of the number of true matches divided by the rank of the last one.
        average_precisions: Average precision of each query, float64 `(Q,)`; NaN where the query
            has no true match.
        first_ranks: Rank of the first true match of each query, from 1, float64 `(Q,)`; NaN where
            there is none.
        average_precision_definition: The definition that was used.
        reranking: The re-ranking that was used, or None.
    """

    mean_average_precision: float
    cmc: NDArray[np.float64]
    mean_inverse_negative_penalty: float
    average_precisions: NDArray[np.float64]
    first_ranks: NDArray[np.float64]
    average_precision_definition: AveragePrecision
    reranking: ReRanking | None

    @property
    def total_queries(self) -> int:
        """Number of queries, valid or not."""
        return len(self.average_precisions)

    @property
    def valid_queries(self) -> int:
        """Number of queries with at least one true match; the means run over these."""
        return int(np.count_nonzero(~np.isnan(self.average_precisions)))


def rank(
    query: Embeddings,
    gallery: Embeddings,
    *,
    average_precision: AveragePrecision = "non-interpolated",
    max_rank: int = 50,
    memory_limit_bytes: int = DEFAULT_MEMORY_LIMIT_BYTES,
    rerank: ReRanking | None = None,
    gallery_cameras: GalleryCameras = "any",
    same_camera: SameCamera = "drop",
    on_progress: Callable[[int, int], None] | None = None,
) -> RankingResult:
    """Rank the gallery for each query and score the rankings.

    Junk (person id -1) leaves the gallery first; distractors (0) stay and match nobody. For each
    query the gallery images of the same person *and* the same camera are dropped, the rest is
    sorted by the squared Euclidean distance of the L2-normalised embeddings (the order of the
    cosine similarity), and equal distances keep the order of the gallery. A query with no true
    match left is skipped. Junk and distractors are not allowed as queries: nothing could match
    them, so their presence means that labels were misread or the two sets were swapped.

    With R true matches at the ranks `rank_1 < ... < rank_R`, the average precision is the mean
    over j of `j / rank_j` ("non-interpolated", as torchreid and most papers have it), or of
    `(j / rank_j + before_j) / 2` with `before_j = (j - 1) / (rank_j - 1)`, 1 where `rank_j` is 1
    ("trapezoid", the original Market-1501 code).

    Args:
        query: The images that are searched for.
        gallery: The images that are searched.
        average_precision: Definition of the average precision.
        max_rank: Length of the CMC.
        memory_limit_bytes: Bound on the working arrays (copies of the embeddings, one chunk of
            distances, `memory_estimate` of re-ranking); the chunk adapts to it.
        rerank: Settings of k-reciprocal re-ranking, or None for the plain distance.
        gallery_cameras: `any`, or `other` to drop every gallery image of the query's own camera,
            strangers as well: what remains has crossed to another camera.
        same_camera: `drop`, or `keep` to rank the gallery images of the query's own person and
            camera too, as true matches: for data of one camera, and no figure of the protocol.
        on_progress: Called after each chunk with the number of queries done and of all queries.

    Returns:
        The scores over all valid queries.

    Raises:
        EmbeddingsError: The two sets have embeddings of different size, a query is junk or a
            distractor, an embedding is all zeros, no query is valid, or the memory limit is too
            low; the message gives the bytes needed.
        ValueError: `average_precision`, `gallery_cameras`, `same_camera` or `max_rank` is out of
            range, or two of them contradict each other.
    """
    if average_precision not in get_args(AveragePrecision):
        raise ValueError(
            f"average_precision {average_precision!r}: choose non-interpolated or trapezoid"
        )
    if gallery_cameras not in get_args(GalleryCameras):
        raise ValueError(f"gallery_cameras {gallery_cameras!r}: choose any or other")
    if same_camera not in get_args(SameCamera):
        raise ValueError(f"same_camera {same_camera!r}: choose drop or keep")
    if same_camera == "keep" and gallery_cameras == "other":
        raise ValueError("same_camera 'keep' contradicts gallery_cameras 'other'")
    if max_rank < 1:
        raise ValueError(f"max_rank is {max_rank}; it must be at least 1")
    _check_labels(query, gallery)

    kept = gallery.person_ids != _JUNK
    gallery_persons, kept_cameras = gallery.person_ids[kept], gallery.camera_ids[kept]
    chunk = _chunk_size(query, len(gallery_persons), rerank, memory_limit_bytes)
    query_unit = unit_rows(query.vectors, "query")
    gallery_unit = unit_rows(gallery.vectors[kept], "gallery")
    distances: QueryDistances = (
        EuclideanDistances(query_unit, gallery_unit)
        if rerank is None
        else ReRankedDistances(query_unit, gallery_unit, rerank, chunk)
    )

    match_ranks: list[NDArray[np.int64]] = []
    for start in range(0, len(query), chunk):
        stop = min(start + chunk, len(query))
        same_person = query.person_ids[start:stop, np.newaxis] == gallery_persons
        own_camera = query.camera_ids[start:stop, np.newaxis] == kept_cameras
        rows, matches = distances.rows(start, stop), same_person
        if same_camera == "drop":
            rows[own_camera if gallery_cameras == "other" else same_person & own_camera] = np.inf
            matches = same_person & ~own_camera
        match_ranks += map(_match_ranks, rows, matches)
        if on_progress is not None:
            on_progress(stop, len(query))
    return _score(match_ranks, average_precision, max_rank, rerank)


def _check_labels(query: Embeddings, gallery: Embeddings) -> None:
    if query.vectors.shape[1] != gallery.vectors.shape[1]:
        raise EmbeddingsError(
            f"query embeddings have {query.vectors.shape[1]} values and gallery embeddings "
            f"{gallery.vectors.shape[1]}; embed both with the same model"
        )
    nobody = np.flatnonzero(query.person_ids <= 0)
    if len(nobody):
        first = int(nobody[0])
        raise EmbeddingsError(
            f"query {first} ({query.names[first]}) has person id {query.person_ids[first]}, junk "
            "or a distractor; check the labels and that query and gallery are not swapped"
        )
    if (gallery.person_ids == _JUNK).all():
        raise EmbeddingsError("the gallery holds nothing but junk (person id -1); check the labels")


def _chunk_size(
    query: Embeddings, gallery_count: int, rerank: ReRanking | None, memory_limit_bytes: int
) -> int:
    """Number of images whose distances fit the memory limit beside everything else."""
    size = query.vectors.shape[1]
    # The kept gallery rows exist twice, as given and normalised.
    fixed = 4 * size * (len(query) + 2 * gallery_count)
    width = gallery_count
    if rerank is not None:
        width += len(query)
        fixed += memory_estimate(width, size, rerank)
    row = _BYTES_PER_DISTANCE * width
    chunk = (memory_limit_bytes - fixed) // row
    if chunk < 1:
        how = "ranking" if rerank is None else "re-ranking"
        raise EmbeddingsError(
            f"{how} {len(query)} queries in a gallery of {gallery_count} needs up to "
            f"{fixed + row} bytes; the limit is {memory_limit_bytes} bytes, raise it"
        )
    return min(chunk, _LARGEST_CHUNK)


def _match_ranks(distances: NDArray[np.float32], matches: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Ascending ranks, from 1, of the true matches in the stable order of `distances` `(G,)`.

    Sorting values is several times faster than sorting indices, and only the matches need a rank.
    """
    targets = np.flatnonzero(matches)
    if len(targets) == 0:
        return targets
    values = distances[targets]
    ordered = np.sort(distances)
    ranks = np.searchsorted(ordered, values, side="left") + 1
    for tied in np.flatnonzero(np.searchsorted(ordered, values, side="right") > ranks):
        ranks[tied] += np.count_nonzero(distances[: targets[tied]] == values[tied])
    return np.sort(ranks)


def _average_precision(ranks: NDArray[np.int64], definition: AveragePrecision) -> float:
    found = np.arange(1, len(ranks) + 1)
    precision = found / ranks
    if definition == "trapezoid":
        before = np.where(ranks == 1, 1.0, (found - 1) / np.maximum(ranks - 1, 1))
        precision = (precision + before) / 2
    return float(precision.mean())


def _score(
    match_ranks: list[NDArray[np.int64]],
    definition: AveragePrecision,
    max_rank: int,
    rerank: ReRanking | None,
) -> RankingResult:
    valid = [ranks for ranks in match_ranks if len(ranks)]
    if not valid:
        raise EmbeddingsError(
            f"none of the {len(match_ranks)} queries has a true match in the gallery (same person, "
            "another camera); check person and camera ids, or with one camera alone rank those of "
            "the query's own too (--same-camera keep)"
        )
    average_precisions = np.array(
        [_average_precision(ranks, definition) if len(ranks) else np.nan for ranks in match_ranks]
    )
    firsts = np.array([ranks[0] for ranks in valid])
    hits = np.bincount(firsts[firsts <= max_rank] - 1, minlength=max_rank)
    return RankingResult(
        mean_average_precision=float(np.nanmean(average_precisions)),
        cmc=np.cumsum(hits) / len(valid),
        mean_inverse_negative_penalty=float(np.mean([len(r) / r[-1] for r in valid])),
        average_precisions=average_precisions,
        first_ranks=np.array([ranks[0] if len(ranks) else np.nan for ranks in match_ranks]),
        average_precision_definition=definition,
        reranking=rerank,
    )
