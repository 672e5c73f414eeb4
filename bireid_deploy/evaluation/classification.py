"""Top-1 and top-5 accuracy of a run that was trained to classify."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bireid_runtime.errors import ImageError
from bireid_runtime.preprocess import Preprocess, preprocess

from bireid_deploy.data.classification import ClassificationDataset, LabelledImage, read_image
from bireid_deploy.errors import DatasetError, TrainingError


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


@dataclass(frozen=True)
class ClassificationResult:
    """Accuracy on the test split.

    Attributes:
        overall: Over all images.
        per_class: Over the images of each class, by its name.
        images_per_second: Images classified per second, preprocessing included, decoding not.
    """

    overall: Accuracy
    per_class: dict[str, Accuracy]
    images_per_second: float

    def to_json(self) -> dict[str, Any]:
        """Values that `json.dumps` accepts: those of `overall`, and `per_class`."""
        return {
            **asdict(self.overall),
            "per_class": {name: asdict(each) for name, each in self.per_class.items()},
            "images_per_second": self.images_per_second,
        }


@dataclass(frozen=True)
class TrainedClassifier:
    """A network with the classifier that it was trained with.

    Attributes:
        network: The network, `bireid_models.network.Network`.
        kernel: Of the classifier, float32 (D, K).
        classes: Names of the K classes.
        preprocess: How images become network input.
    """

    network: Any
    kernel: np.ndarray
    classes: tuple[str, ...]
    preprocess: Preprocess

    def logits(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Classify uint8 RGB images of any size; float32 (N, K)."""
        batch = np.stack([preprocess(image, self.preprocess) for image in images])
        neck = self.network.features(batch, training=False)["neck"].numpy()
        logits: np.ndarray = neck @ self.kernel
        return logits


def open_classifier(path: Path) -> TrainedClassifier:
    """Open a run directory of the task `classification`.

    Raises:
        TrainingError: Not a run, not of that task, or its checkpoint is missing or damaged.
    """
    from bireid_deploy.training.checkpoint import read_classifier
    from bireid_deploy.training.run_directory import RunDirectory
    from bireid_deploy.training.trained import open_run

    run = open_run(path)
    if run.recipe.task != "classification":
        raise TrainingError(f"{path}: was trained for Re-ID; it has no classes to predict")
    kernel = read_classifier(RunDirectory(path).checkpoint)
    classes = run.record["data"].get("classes")
    if not isinstance(classes, list):
        raise TrainingError(f"{path}: damaged run: its record does not list the classes")
    if kernel.shape != (run.network.model.output_shape[-1], len(classes)):
        raise TrainingError(
            f"{path}: damaged run: the classifier {kernel.shape} does not fit the network and its "
            f"{len(classes)} classes"
        )
    return TrainedClassifier(run.network, kernel, tuple(classes), run.preprocess)


def classify_dataset(
    classifier: TrainedClassifier,
    dataset: ClassificationDataset,
    on_progress: Callable[[int, int], None] | None = None,
    chunk: int = 256,
) -> ClassificationResult:
    """Classify the test split.

    Args:
        classifier: Model.
        dataset: Data set with the classes that the model was trained on.
        on_progress: Called with (done, total).
        chunk: Images in memory at a time.

    Raises:
        DatasetError: Other classes, or an image is broken: a figure over a part of a test set would
            not be comparable.
    """
    if dataset.classes != classifier.classes:
        raise DatasetError(
            f"{dataset.root}: has the classes {_listed(dataset.classes)}, but the run was trained "
            f"on {_listed(classifier.classes)}"
        )
    images, logits, seconds = dataset.test, [], 0.0
    for start in range(0, len(images), chunk):
        pixels = [_read(image) for image in images[start : start + chunk]]
        began = time.perf_counter()
        logits.append(classifier.logits(pixels))
        seconds += time.perf_counter() - began
        if on_progress:
            on_progress(min(start + chunk, len(images)), len(images))
    labels = np.array([image.label for image in images], np.int64)
    ranks = ranks_of_truth(np.concatenate(logits), labels)
    return ClassificationResult(
        overall=_accuracy(ranks),
        per_class={
            name: _accuracy(ranks[labels == label]) for label, name in enumerate(dataset.classes)
        },
        images_per_second=len(images) / seconds,
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
