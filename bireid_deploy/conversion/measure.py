"""Scores of every engine that can run a bundle here, side by side."""

from collections.abc import Mapping, Sequence
from typing import Any

from bireid_converters.errors import ParityError
from bireid_converters.parity import ParityThresholds
from bireid_converters.parity.agreement import compare
from bireid_runtime import Bundle
from bireid_runtime.backends import BACKENDS
from bireid_runtime.self_test import open_any_camera

from bireid_deploy.models_at_hand import task_of_bundle
from bireid_deploy.tasks.base import Report, Task
from bireid_deploy.tasks.predictors import Predictor
from bireid_deploy.trained_run import KerasPredictor, TrainedRun

SCORE_TOLERANCE = 0.01
"""Part (c) of the parity gate: how far the scores of two engines may be apart."""


def measure_engines(
    bundle: Bundle, dataset: Any, run: TrainedRun | None = None
) -> list[dict[str, Any]]:
    """Measure Keras and every exact back end that can run the bundle here.

    Args:
        bundle: Bundle.
        dataset: Test data, opened by the task of the bundle.
        run: The run that the bundle came from; without it Keras is left out, and so it is if the
            bundle is adapted to cameras, which the run is not.

    Returns:
        One record per engine: `engine`, `data`, `images_per_second` and the task's scores. Keras,
        if a run is given, comes first. Where the task keeps outputs, the records after the first
        have `agreeing_share` too: the share of the items, 0..1, whose outputs are those of the
        first engine within the tolerance of the parity gate.
    """
    task = task_of_bundle(bundle)
    predictors: dict[str, Predictor] = {}
    if run is not None and bundle.adaptation is None:
        predictors["keras"] = KerasPredictor(run.deployment())
    for backend in BACKENDS:
        runs_it = backend.format_in(bundle) is not None and backend.unavailable_reason() is None
        if backend.exact and runs_it:
            predictors[backend.name] = open_any_camera(bundle, backend.name)
    records: list[dict[str, Any]] = []
    first: Report | None = None
    for engine, predictor in predictors.items():
        report = task.evaluate(predictor, dataset, bundle.outputs, {})
        record = report.to_record(engine)
        if first is not None and first.outputs:
            found = compare(
                report.outputs, first.outputs, bundle.outputs, ParityThresholds().tolerance
            )
            record["agreeing_share"] = found.agreeing_share
        records.append(record)
        first = first or report
    return records


def say_measured(metrics: Sequence[Mapping[str, Any]]) -> str:
    """What was measured, for the list of what was checked; at least one record."""
    engines = ", ".join(str(record["engine"]) for record in metrics)
    return f"data: {engines} on {metrics[0]['data']}"


def say_beside(task: Task, apart: Mapping[str, Any], metrics: Sequence[Mapping[str, Any]]) -> str:
    """What a file scores that computes otherwise, beside the first engine that does not.

    Args:
        task: The task.
        apart: The record of that file.
        metrics: Records of the others; none if there is no other file.
    """
    main, heading = next(iter(task.scores.items()))
    own = f"{apart['engine']} has {100 * apart[main]:.1f} {heading}"
    others = [f"{each['engine']} {100 * each[main]:.1f}" for each in metrics[:1]]
    return f"data: {', '.join([own, *others])} on {apart['data']}"


def require_equal_scores(task: Task, metrics: Sequence[Mapping[str, Any]]) -> None:
    """Refuse engines whose comparable scores are more than a point from the first record's.

    Raises:
        ParityError: An engine scores otherwise.
    """
    if not metrics:
        return
    reference = metrics[0]
    expected = task.comparable(reference)
    for record in metrics[1:]:
        for key, found in task.comparable(record).items():
            if abs(found - expected[key]) > SCORE_TOLERANCE:
                raise ParityError(
                    f"{record['engine']}: {key} is {found:.4f} on {record['data']}, "
                    f"{reference['engine']} has {expected[key]:.4f}; at most "
                    f"{SCORE_TOLERANCE} may lie between"
                )
