"""Average precision of a network with boxes."""

import math
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from bireid_runtime.boxes import Decoding, decode, read_decoding
from bireid_runtime.errors import ImageError, UnsupportedModelError
from bireid_runtime.letterbox import content_size
from bireid_runtime.outputs import OutputSpec
from bireid_runtime.preprocess import Preprocess

from bireid_deploy.data.annotated import AnnotatedDataset, AnnotatedImage
from bireid_deploy.errors import DatasetError
from bireid_deploy.evaluation.box_sets import FoundBoxes, TrueBoxes
from bireid_deploy.evaluation.coco import CocoPrecision, coco_precision
from bireid_deploy.evaluation.voc import VocPrecision, voc_precision
from bireid_deploy.tasks.base import Progress, Report
from bireid_deploy.tasks.detection.data import read_annotated
from bireid_deploy.tasks.predictors import NetworkPredictor, Predictor

SCORE_THRESHOLD = 0.05
"""Low, for precision is measured at every recall; the threshold of a bundle is for use."""

_COLUMNS = ("class", "AP", "AP50", "AP75", "VOC07", "VOC10", "boxes")


def evaluate_boxes(
    predictor: Predictor,
    output: OutputSpec,
    dataset: AnnotatedDataset,
    on_progress: Progress | None = None,
    chunk: int = 64,
) -> Report:
    """Find boxes in the test split and measure them; see `Task.evaluate`.

    Args:
        predictor: Network.
        output: Spec of its map.
        dataset: Data set with the classes of the network, and perhaps more, which are left alone.
        on_progress: Called with (done, total).
        chunk: Images in memory at a time.

    Raises:
        DatasetError: A class is missing, there is no box to find, or an image is broken.
        MissingPackageError: `faster-coco-eval` is not installed.
    """
    preprocess = _preprocess_of(predictor)
    decoding = replace(read_decoding(output.details), score_threshold=SCORE_THRESHOLD)
    true, other = _true_boxes(dataset, output.classes)
    found: list[FoundBoxes] = []
    maps: list[np.ndarray] = []
    images, seconds = dataset.test, 0.0
    for start in range(0, len(images), chunk):
        pixels = [_read(image) for image in images[start : start + chunk]]
        began = time.perf_counter()
        maps.append(predictor.run_images(pixels)[output.name])
        seconds += time.perf_counter() - began
        for image, values in zip(pixels, maps[-1], strict=True):
            found.append(_found(values, decoding, preprocess, image))
        if on_progress:
            on_progress(min(start + chunk, len(images)), len(images))
    coco = coco_precision(found, true, len(output.classes))
    voc = [voc_precision(found, true, label) for label in range(len(output.classes))]
    return Report(
        scores=_scores(output.classes, coco, voc, len(images)),
        columns=_COLUMNS,
        rows=_rows(output.classes, coco, voc),
        images_per_second=len(images) / seconds,
        data=dataset.name,
        counts=f"{len(images)} test images with {sum(each.boxes for each in voc)} boxes",
        outputs={output.name: np.concatenate(maps)},
        remarks=_remarks(dataset, other),
    )


def _preprocess_of(predictor: Predictor) -> Preprocess:
    if isinstance(predictor, NetworkPredictor) and len(predictor.inputs) == 1:
        preprocess = predictor.inputs[0].preprocess
        if preprocess is not None:
            return preprocess
    raise UnsupportedModelError("boxes are measured of a network that takes one image")


def _true_boxes(dataset: AnnotatedDataset, classes: Sequence[str]) -> tuple[list[TrueBoxes], int]:
    """The test split's boxes of the network's classes, and how many others there are."""
    for name in classes:
        if name not in dataset.classes:
            raise DatasetError(
                f"{dataset.root}: has no class {name!r}, which the network finds; there are "
                f"{', '.join(dataset.classes[:8])}"
            )
    labels = np.array([_position(classes, name) for name in dataset.classes], np.int64)
    true, other = [], 0
    for image in dataset.test:
        own = labels[image.labels]
        kept = own >= 0
        other += int((~kept).sum())
        true.append(
            TrueBoxes(image.corners[kept], own[kept], image.ignored[kept], image.areas[kept])
        )
    if not any((~each.ignored).any() for each in true):
        raise DatasetError(f"{dataset.root}: the test split holds no box of {', '.join(classes)}")
    return true, other


def _position(classes: Sequence[str], name: str) -> int:
    return list(classes).index(name) if name in classes else -1


def _found(
    values: np.ndarray, decoding: Decoding, spec: Preprocess, image: np.ndarray
) -> FoundBoxes:
    size = (image.shape[0], image.shape[1])
    content = content_size(spec.fit, size, (spec.height, spec.width))
    boxes = decode(values, decoding, content, size)
    return FoundBoxes(boxes.corners, boxes.scores, boxes.labels)


def _scores(
    classes: Sequence[str], coco: CocoPrecision, voc: Sequence[VocPrecision], images: int
) -> dict[str, Any]:
    return {
        **{name: _known(value) for name, value in coco.overall.items()},
        "voc_eleven_point": _mean([each.eleven_point for each in voc]),
        "voc_area": _mean([each.area for each in voc]),
        "images": images,
        "boxes": sum(each.boxes for each in voc),
        "per_class": {
            name: {
                "ap": _known(ap),
                "ap_50": _known(ap_50),
                "voc_eleven_point": _known(of.eleven_point),
                "voc_area": _known(of.area),
                "boxes": of.boxes,
            }
            for name, (ap, ap_50), of in zip(classes, coco.per_class, voc, strict=True)
        },
    }


def _rows(
    classes: Sequence[str], coco: CocoPrecision, voc: Sequence[VocPrecision]
) -> tuple[tuple[str, ...], ...]:
    """A row for each class if there are several, and one for all."""
    rows = []
    for name, (ap, ap_50), of in zip(classes, coco.per_class, voc, strict=True):
        shares = (ap, ap_50, math.nan, of.eleven_point, of.area)
        rows.append((name, *map(_percent, shares), str(of.boxes)))
    overall = coco.overall
    shares = (
        overall["ap"],
        overall["ap_50"],
        overall["ap_75"],
        _mean([each.eleven_point for each in voc]) or 0.0,
        _mean([each.area for each in voc]) or 0.0,
    )
    name = classes[0] if len(classes) == 1 else "all classes"
    total = (name, *map(_percent, shares), str(sum(each.boxes for each in voc)))
    return (total,) if len(classes) == 1 else (*rows, total)


def _remarks(dataset: AnnotatedDataset, other: int) -> tuple[str, ...]:
    if not other:
        return dataset.remarks
    return (f"{other} boxes of classes that the network does not know left out", *dataset.remarks)


def _read(image: AnnotatedImage) -> np.ndarray:
    try:
        return read_annotated(image)
    except ImageError as error:
        raise DatasetError(f"evaluation needs every image: {error}") from error


def _known(value: float) -> float | None:
    """JSON has no NaN."""
    return None if math.isnan(value) else value


def _mean(values: Sequence[float]) -> float | None:
    known = [value for value in values if not math.isnan(value)]
    return float(np.mean(known)) if known else None


def _percent(value: float) -> str:
    return "-" if math.isnan(value) else f"{100 * value:.1f}"
