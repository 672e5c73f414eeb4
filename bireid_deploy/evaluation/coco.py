"""Average precision as COCO defines it, computed by `faster-coco-eval`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bireid_deploy.evaluation.box_sets import FoundBoxes, TrueBoxes
from bireid_deploy.extras import require

_NAMES = (
    "ap", "ap_50", "ap_75", "ap_small", "ap_medium", "ap_large",
    "ar_1", "ar_10", "ar_100", "ar_small", "ar_medium", "ar_large",
)  # fmt: skip


@dataclass(frozen=True)
class CocoPrecision:
    """What COCO measures; shares from 0 to 1, NaN where there is no box to find.

    Attributes:
        overall: `ap` (mean over IoU 0.50:0.05:0.95 and classes), `ap_50`, `ap_75`, `ap_small`,
            `ap_medium`, `ap_large`, and the recalls `ar_1`, `ar_10`, `ar_100`, `ar_small`,
            `ar_medium`, `ar_large`.
        per_class: `ap` and `ap_50` of every class.
    """

    overall: dict[str, float]
    per_class: tuple[tuple[float, float], ...]


def coco_precision(
    found: Sequence[FoundBoxes], true: Sequence[TrueBoxes], classes: int
) -> CocoPrecision:
    """Average precision and recall over a set of images.

    Args:
        found: Per image what was found; COCO counts the best 100.
        true: Per image what is there.
        classes: K.

    Raises:
        MissingPackageError: `faster-coco-eval` is not installed.
    """
    require("coco")
    from faster_coco_eval import COCO, COCOeval_faster

    wanted = COCO(_dataset(true, classes))
    evaluation = COCOeval_faster(wanted, wanted.loadRes(_results(found)), iouType="bbox")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    # (IoU, recall, class, area, detections); -1 where a class has no box.
    precision = evaluation.eval["precision"][:, :, :, 0, -1]
    per_class = tuple(
        (_mean(precision[:, :, label]), _mean(precision[0, :, label])) for label in range(classes)
    )
    overall = {name: _share(value) for name, value in zip(_NAMES, evaluation.stats, strict=False)}
    return CocoPrecision(overall, per_class)


def _dataset(true: Sequence[TrueBoxes], classes: int) -> dict[str, Any]:
    annotations: list[dict[str, Any]] = []
    for image, boxes in enumerate(true, start=1):
        for row, corners in enumerate(boxes.corners.tolist()):
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image,
                    "category_id": int(boxes.labels[row]) + 1,
                    "bbox": _sides(corners),
                    "area": float(boxes.areas[row]),
                    "iscrowd": int(boxes.ignored[row]),
                }
            )
    return {
        "images": [{"id": image} for image in range(1, len(true) + 1)],
        "categories": [{"id": label, "name": str(label)} for label in range(1, classes + 1)],
        "annotations": annotations,
    }


def _results(found: Sequence[FoundBoxes]) -> list[dict[str, Any]]:
    return [
        {
            "image_id": image,
            "category_id": int(label) + 1,
            "bbox": _sides(corners),
            "score": float(score),
        }
        for image, boxes in enumerate(found, start=1)
        for corners, score, label in zip(
            boxes.corners.tolist(), boxes.scores, boxes.labels, strict=True
        )
    ]


def _sides(corners: list[float]) -> list[float]:
    """Left, top, width and height."""
    left, top, right, bottom = corners
    return [left, top, right - left, bottom - top]


def _mean(values: np.ndarray) -> float:
    known = values[values > -1]
    return float(known.mean()) if known.size else float("nan")


def _share(value: float) -> float:
    return float("nan") if value < 0 else float(value)
