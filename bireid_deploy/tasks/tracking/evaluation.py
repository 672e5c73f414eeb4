"""What a network finds in sequences, and what that is worth."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from bireid_runtime.errors import ImageError, UnsupportedModelError
from bireid_runtime.following import Follower
from bireid_runtime.images import load_image
from bireid_runtime.matching import read_matching
from bireid_runtime.outputs import OutputSpec

from bireid_deploy.data.sequences import MarkedSequence, SequenceDataset
from bireid_deploy.errors import DatasetError
from bireid_deploy.evaluation.item_scores import ItemScores
from bireid_deploy.evaluation.overlap_scores import (
    OtbScores,
    got10k_overlaps,
    got10k_scores,
    otb_scores,
)
from bireid_deploy.tasks.base import Progress, Report
from bireid_deploy.tasks.predictors import NetworkPredictor, Predictor

_COLUMNS = ("sequence", "success", "prec@20", "AO", "SR.5", "SR.75", "frames")


@dataclass(frozen=True)
class _Measured:
    name: str
    otb: OtbScores
    overlaps: np.ndarray
    frames: int


def evaluate_sequences(
    predictor: Predictor,
    output: OutputSpec,
    dataset: SequenceDataset,
    on_progress: Progress | None = None,
) -> Report:
    """Follow the target of every test sequence once, and measure; see `Task.evaluate`.

    Raises:
        DatasetError: There is no test sequence, or a frame is broken.
    """
    if not dataset.test:
        raise DatasetError(f"{dataset.root}: holds no sequence to measure on")
    side = _side_of(predictor)
    total, done = sum(len(sequence.frames) for sequence in dataset.test), 0
    measured: list[_Measured] = []
    seconds = 0.0

    def maps(crops: Any) -> np.ndarray:
        nonlocal seconds
        began = time.perf_counter()
        found = predictor.run_images(crops)[output.name]
        seconds += time.perf_counter() - began
        return found

    def advance() -> None:
        nonlocal done
        done += 1
        if on_progress is not None:
            on_progress(done, total)

    for sequence in dataset.test:
        follower = Follower(maps, read_matching(output.details), side)
        found, size = _follow(follower, sequence, advance)
        bound = (float(size[1]), float(size[0]))
        iou = got10k_overlaps(found, sequence.boxes, sequence.visible, bound)
        otb = otb_scores(found, sequence.boxes)
        measured.append(_Measured(sequence.name, otb, iou, len(found)))
    return Report(
        scores=_scores(measured),
        columns=_COLUMNS,
        rows=_rows(measured),
        images_per_second=total / seconds,
        data=dataset.name,
        counts=f"{total} frames of {len(measured)} sequence{'s' if len(measured) > 1 else ''}",
        # Maps of all crops of all frames are too many to keep.
        outputs={},
        items=ItemScores(
            names=tuple(each.name for each in measured),
            groups=np.arange(len(measured)),
            group_name="sequences",
            values={
                "success": np.array([each.otb.success for each in measured]),
                "precision": np.array([each.otb.precision for each in measured]),
            },
        ),
    )


def _side_of(predictor: Predictor) -> int:
    if isinstance(predictor, NetworkPredictor) and len(predictor.inputs) == 1:
        preprocess = predictor.inputs[0].preprocess
        if preprocess is not None:
            return preprocess.height
    raise UnsupportedModelError("a target is followed by a network that takes one image")


def _follow(
    follower: Follower, sequence: MarkedSequence, advance: Callable[[], None]
) -> tuple[np.ndarray, tuple[int, int]]:
    """Boxes float64 (N, 4) as in the files, where 1 is the first pixel, and size of the frames."""
    first = _load(sequence, 0)
    left, top, width, height = sequence.boxes[0].tolist()
    follower.start(first, (left - 1, top - 1, width, height))
    found = [(left, top, width, height)]
    advance()
    for number in range(1, len(sequence.frames)):
        left, top, width, height = follower.update(_load(sequence, number)).box
        found.append((left + 1, top + 1, width, height))
        advance()
    return np.array(found), (first.shape[0], first.shape[1])


def _load(sequence: MarkedSequence, number: int) -> np.ndarray:
    try:
        return load_image(sequence.frames[number])
    except ImageError as error:
        raise DatasetError(f"evaluation needs every frame: {error}") from error


def _scores(measured: list[_Measured]) -> dict[str, Any]:
    """OTB's are means over sequences, GOT-10k's are over the frames of all."""
    pooled = got10k_scores(np.concatenate([each.overlaps for each in measured]))
    return {
        **_otb([each.otb for each in measured]),
        "ao": _known(pooled.average_overlap),
        "sr_50": _known(pooled.success_50),
        "sr_75": _known(pooled.success_75),
        "frames": sum(each.frames for each in measured),
        "per_sequence": {
            each.name: {
                **_otb([each.otb]),
                "ao": _known(got10k_scores(each.overlaps).average_overlap),
                "frames": each.frames,
            }
            for each in measured
        },
    }


def _otb(scores: list[OtbScores]) -> dict[str, float]:
    return {
        "success": float(np.mean([each.success for each in scores])),
        "precision": float(np.mean([each.precision for each in scores])),
        "success_rate": float(np.mean([each.success_rate for each in scores])),
    }


def _rows(measured: list[_Measured]) -> tuple[tuple[str, ...], ...]:
    """A row for each sequence if there are several, and one for all."""
    rows = [_row(each.name, [each]) for each in measured]
    return tuple(rows) if len(rows) == 1 else (*rows, _row("all", measured))


def _row(name: str, measured: list[_Measured]) -> tuple[str, ...]:
    otb = _otb([each.otb for each in measured])
    pooled = got10k_scores(np.concatenate([each.overlaps for each in measured]))
    shares = (
        otb["success"],
        otb["precision"],
        pooled.average_overlap,
        pooled.success_50,
        pooled.success_75,
    )
    text = ("-" if np.isnan(share) else f"{100 * share:.1f}" for share in shares)
    return (name, *text, str(sum(each.frames for each in measured)))


def _known(value: float) -> float | None:
    """JSON has no NaN."""
    return None if np.isnan(value) else value
