"""What scores of a network mean on some cameras: thresholds with their rates."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from bireid_deploy.evaluation.comparisons import Block, Comparisons
from bireid_deploy.evaluation.embeddings import Embeddings
from bireid_deploy.evaluation.error_rates import (
    Histograms,
    ThresholdRow,
    histograms,
    threshold_rows,
)
from bireid_deploy.evaluation.open_set import OpenSetRow, open_set_rows

_FPIRS = (0.1, 0.01)
_GALLERIES = (10, 30, 100, 300, 1000, 3000, 10_000)
_BINS = 100


@dataclass(frozen=True)
class CameraPair:
    """Images of two cameras against each other, at one threshold."""

    cameras: tuple[int, int]
    pairs: int
    fmr: float | None
    tpr: float | None


@dataclass(frozen=True, eq=False)
class ScoreCalibration:
    """Thresholds of a network on a data set.

    Attributes:
        identities: People.
        images: Images of them.
        people: Thresholds for an image against a person, the mean of that one's images of other
            cameras; a gallery matches so.
        single: Thresholds for an image against an image of another camera.
        refused: False-match rates of `people` that the data cannot support, with the reason.
        equal_error: Equal error rate of image against image, and its threshold.
        open_set: Rates of galleries of N people.
        camera_pairs: Each pair of cameras, at the first threshold of `single`.
        scores: Histograms of image against image.
    """

    identities: int
    images: int
    people: tuple[ThresholdRow, ...]
    single: tuple[ThresholdRow, ...]
    refused: tuple[tuple[float, str], ...]
    equal_error: tuple[float, float]
    open_set: tuple[OpenSetRow, ...]
    camera_pairs: tuple[CameraPair, ...]
    scores: Histograms

    def to_json(self) -> dict[str, Any]:
        """As a manifest keeps it, beside the name of the data."""
        return {
            "identities": self.identities,
            "images": self.images,
            "protocol": "other cameras",
            "people": [row.to_json() for row in self.people],
            "single": [row.to_json() for row in self.single],
            "refused": [{"target": target, "reason": why} for target, why in self.refused],
            "equal_error": dict(zip(("rate", "threshold"), self.equal_error, strict=True)),
            "open_set": [row.to_json() for row in self.open_set],
            "camera_pairs": [vars(pair) for pair in self.camera_pairs],
            "histograms": {
                "from": -1,
                "to": 1,
                "mates": self.scores.mates.reshape(_BINS, -1).sum(axis=1).tolist(),
                "strangers": self.scores.strangers.reshape(_BINS, -1).sum(axis=1).tolist(),
            },
        }


def calibrate_scores(embeddings: Embeddings, fmrs: Sequence[float]) -> ScoreCalibration:
    """Measure thresholds across cameras.

    Args:
        embeddings: People under several cameras; junk and distractors are left out.
        fmrs: False-match rates wanted, descending.

    Raises:
        EmbeddingsError: As `Comparisons`.
    """
    comparisons = Comparisons(embeddings)
    with_people = histograms(comparisons.images_with_people)
    single = histograms(comparisons.images_with_images)
    rows, refused = threshold_rows(
        comparisons.images_with_people, with_people, comparisons.people, fmrs
    )
    single_rows, _ = threshold_rows(
        comparisons.images_with_images, single, comparisons.people, fmrs
    )
    equal = single.equal_error
    threshold = single_rows[0].threshold if single_rows else equal[1]
    return ScoreCalibration(
        identities=comparisons.people,
        images=comparisons.images,
        people=tuple(rows),
        single=tuple(single_rows),
        refused=tuple(refused),
        equal_error=equal,
        open_set=tuple(open_set_rows(comparisons, _GALLERIES, _FPIRS)),
        camera_pairs=_camera_pairs(comparisons, threshold),
        scores=single,
    )


def _camera_pairs(comparisons: Comparisons, threshold: float) -> tuple[CameraPair, ...]:
    # Of a pair of cameras: pairs of strangers, those above; pairs of mates, those above.
    counts = {pair: np.zeros(4, np.int64) for pair in combinations(comparisons.cameras.tolist(), 2)}
    for block in comparisons.images_with_images():
        assert block.cameras is not None
        same = block.rows[:, None] == block.columns[None]
        above = block.scores >= threshold
        for pair, counted in counts.items():
            counted += _count_pair(block, pair, same, above)
    found = []
    for pair, (strangers, false, mates, true) in counts.items():
        found.append(
            CameraPair(
                pair,
                int(strangers + mates),
                float(false / strangers) if strangers else None,
                float(true / mates) if mates else None,
            )
        )
    return tuple(found)


def _count_pair(
    block: Block, pair: tuple[int, int], same: np.ndarray, above: np.ndarray
) -> np.ndarray:
    assert block.cameras is not None
    rows, columns = block.cameras
    both = np.ix_(rows == pair[0], columns == pair[1])
    alike, high = same[both], above[both]
    return np.array([(~alike).sum(), (~alike & high).sum(), alike.sum(), (alike & high).sum()])
