"""Overall and mean class accuracy of a classifier of clouds, over the whole test set."""

import time
from collections.abc import Sequence

import numpy as np
from bireid_runtime.errors import CloudError
from bireid_runtime.outputs import OutputSpec

from bireid_deploy.data.clouds.dataset import CloudDataset, clouds_of, labels_of
from bireid_deploy.errors import DatasetError
from bireid_deploy.evaluation.item_scores import ItemScores
from bireid_deploy.tasks.base import Progress, Report
from bireid_deploy.tasks.predictors import ItemPredictor

_CHUNK = 64


def evaluate_clouds(
    predictor: ItemPredictor,
    output: OutputSpec,
    dataset: CloudDataset,
    on_progress: Progress | None = None,
) -> Report:
    """Classify the test split; see `Task.evaluate`.

    Raises:
        DatasetError: Other classes, or a cloud has impossible points: a figure over a part of a
            test set would not be comparable.
    """
    if dataset.classes != output.classes:
        raise DatasetError(
            f"{dataset.root}: has the classes {_listed(dataset.classes)}, but the network was "
            f"trained on {_listed(output.classes)}"
        )
    labels, rows, seconds = labels_of(dataset.test), [], 0.0
    done = 0
    for file in dataset.test:
        clouds = clouds_of(file)
        for start in range(0, len(clouds), _CHUNK):
            chunk = clouds[start : start + _CHUNK]
            began = time.perf_counter()
            try:
                rows.append(predictor.run_items(list(chunk))[output.name])
            except CloudError as error:
                raise DatasetError(
                    f"{file.path}: evaluation needs every cloud: from {start} on, {error}"
                ) from error
            seconds += time.perf_counter() - began
            done += len(chunk)
            if on_progress:
                on_progress(done, len(labels))
    logits = np.concatenate(rows)
    return _report(dataset, output, logits, labels, len(labels) / seconds)


def accuracies(logits: np.ndarray, labels: np.ndarray) -> tuple[float, dict[int, float]]:
    """Shares of the clouds whose true class has the largest logit, the first of equal ones.

    Args:
        logits: float32 (N, K).
        labels: int64 (N,).

    Returns:
        Over all clouds, and by class for the classes that occur.
    """
    right = logits.argmax(axis=1) == labels
    by_class = {
        int(label): float(right[labels == label].mean()) for label in np.unique(labels).tolist()
    }
    return float(right.mean()), by_class


def _report(
    dataset: CloudDataset,
    output: OutputSpec,
    logits: np.ndarray,
    labels: np.ndarray,
    speed: float,
) -> Report:
    overall, by_class = accuracies(logits, labels)
    counts = np.bincount(labels, minlength=len(dataset.classes))
    mean = float(np.mean(list(by_class.values())))
    rows = [
        (dataset.classes[label], f"{100 * share:.1f}", str(counts[label]))
        for label, share in by_class.items()
    ]
    absent = [name for name, count in zip(dataset.classes, counts, strict=True) if not count]
    return Report(
        scores={
            "overall": overall,
            "mean_class": mean,
            "clouds": len(labels),
            "per_class": {
                dataset.classes[label]: {"accuracy": share, "clouds": int(counts[label])}
                for label, share in by_class.items()
            },
        },
        columns=("class", "accuracy", "clouds"),
        rows=(
            *rows,
            ("mean of classes", f"{100 * mean:.1f}", ""),
            ("all clouds", f"{100 * overall:.1f}", str(len(labels))),
        ),
        images_per_second=speed,
        data=dataset.name,
        counts=f"{len(labels)} test clouds of {len(by_class)} classes",
        outputs={output.name: logits},
        remarks=(
            *dataset.remarks,
            *((f"no test cloud of {_listed(absent)}: left out of the mean",) if absent else ()),
        ),
        items=ItemScores(
            names=tuple(
                f"{file.path.name}/{row}"
                for file in dataset.test
                for row in range(len(file.labels))
            ),
            groups=np.arange(len(labels)),
            group_name="clouds",
            values={"overall": (logits.argmax(axis=1) == labels).astype(np.float64)},
            answers=dataset.classes,
            responses=logits.__getitem__,
        ),
    )


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(names[:3]) + more
