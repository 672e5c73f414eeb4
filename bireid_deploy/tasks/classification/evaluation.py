"""Top-1 and top-5 accuracy of a network with logits."""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
from bireid_runtime.errors import ImageError
from bireid_runtime.outputs import OutputSpec

from bireid_deploy.data.class_folders import ClassificationDataset, LabelledImage, read_image
from bireid_deploy.errors import DatasetError
from bireid_deploy.evaluation.item_scores import ItemScores
from bireid_deploy.tasks.base import Progress, Report
from bireid_deploy.tasks.predictors import Predictor


@dataclass(frozen=True)
class Accuracy:
    """Shares of images, 0..1.

    Attributes:
        top_1: The true class has the largest logit.
        top_5: The true class is among the five largest logits.
        images: Images that were classified.
    """

    top_1: float
    top_5: float
    images: int


def evaluate_logits(
    predictor: Predictor,
    output: OutputSpec,
    dataset: ClassificationDataset,
    on_progress: Progress | None = None,
    chunk: int = 256,
) -> Report:
    """Classify the test split; see `Task.evaluate`.

    Args:
        predictor: Network.
        output: Spec of its logits, with the classes that it was trained on.
        dataset: Data set with those classes.
        on_progress: Called with (done, total).
        chunk: Images in memory at a time.

    Raises:
        DatasetError: Other classes, or an image is broken: a figure over a part of a test set would
            not be comparable.
    """
    if dataset.classes != output.classes:
        raise DatasetError(
            f"{dataset.root}: has the classes {_listed(dataset.classes)}, but the network was "
            f"trained on {_listed(output.classes)}"
        )
    images, rows, seconds = dataset.test, [], 0.0
    for start in range(0, len(images), chunk):
        pixels = [_read(image) for image in images[start : start + chunk]]
        began = time.perf_counter()
        rows.append(predictor.run_images(pixels)[output.name])
        seconds += time.perf_counter() - began
        if on_progress:
            on_progress(min(start + chunk, len(images)), len(images))
    logits = np.concatenate(rows)
    labels = np.array([image.label for image in images], np.int64)
    ranks = ranks_of_truth(logits, labels)
    overall = _accuracy(ranks)
    per_class = {
        name: _accuracy(ranks[labels == label]) for label, name in enumerate(dataset.classes)
    }
    return Report(
        scores={
            **asdict(overall),
            "per_class": {name: asdict(each) for name, each in per_class.items()},
        },
        columns=("class", "top-1", "top-5", "images"),
        rows=tuple(
            (name, f"{100 * each.top_1:.1f}", f"{100 * each.top_5:.1f}", str(each.images))
            for name, each in [*per_class.items(), ("all classes", overall)]
        ),
        images_per_second=len(images) / seconds,
        data=dataset.name,
        counts=f"{len(images)} test images of {len(dataset.classes)} classes",
        outputs={output.name: logits},
        items=ItemScores(
            names=tuple(f"{image.path.parent.name}/{image.path.name}" for image in images),
            groups=np.arange(len(images)),
            group_name="images",
            values={f"top_{k}": (ranks < k).astype(np.float64) for k in (1, 5)},
            answers=dataset.classes,
            responses=logits.__getitem__,
        ),
    )


def ranks_of_truth(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """The rank of the true class of each image among all logits.

    Args:
        logits: float32 (N, K).
        labels: int64 (N,), classes in 0..K-1.

    Returns:
        int64 (N,), 0 for the largest logit; of equal logits the lower class comes first.
    """
    rows = np.arange(len(labels))
    order = np.argsort(-logits, axis=1, kind="stable")
    ranks = np.empty_like(order)
    ranks[rows[:, None], order] = np.arange(logits.shape[1])
    found: np.ndarray = ranks[rows, labels]
    return found


def _accuracy(ranks: np.ndarray) -> Accuracy:
    return Accuracy(float(np.mean(ranks < 1)), float(np.mean(ranks < 5)), len(ranks))


def _read(image: LabelledImage) -> np.ndarray:
    try:
        return read_image(image)
    except ImageError as error:
        raise DatasetError(f"evaluation needs every image: {error}") from error


def _listed(classes: Sequence[str]) -> str:
    more = f" and {len(classes) - 3} more" if len(classes) > 3 else ""
    return ", ".join(classes[:3]) + more
