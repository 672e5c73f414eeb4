"""From a training run to a checked bundle: what `convert` and `demo` do."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from bireid_converters.convert import convert
from bireid_runtime import Bundle

from bireid_deploy.conversion.measure import measure_engines, require_equal_scores
from bireid_deploy.tasks.base import Deployment
from bireid_deploy.trained_run import TrainedRun

SAMPLES = 64


def convert_run(
    run: TrainedRun,
    out: Path,
    formats: Sequence[str],
    *,
    name: str,
    real_run: TrainedRun | None = None,
    dataset: Any = None,
    licences: Mapping[str, str],
    configuration: str | None = None,
    verify: bool = True,
    on_progress: Callable[[str], None] = lambda stage: None,
) -> Bundle:
    """Convert a run into a bundle and check it.

    Args:
        run: Run to convert.
        out: Directory of the bundle.
        formats: Names of formats.
        name: Name of the network.
        real_run: Run of the real-valued counterpart, for the formats that hold it.
        dataset: Test data on which every engine must score as Keras does, opened by the run's task.
        licences: `weights` and `training_data`.
        configuration: Of the formats that have several.
        verify: Whether to run the parity gate.
        on_progress: Told what is being done.

    Raises:
        ParityError: A file computes or scores otherwise than the trained network.
        ConversionError, UnsupportedModelError: As `bireid_converters.convert`.
    """
    on_progress("exporting and checking")
    deployment = run.deployment()

    def measure(bundle: Bundle) -> list[dict[str, Any]]:
        on_progress(f"measuring every engine on {run.task.describe(dataset)['name']}")
        metrics = measure_engines(bundle, dataset, run)
        if verify:
            require_equal_scores(run.task, metrics)
        return metrics

    return convert(
        deployment,
        out,
        formats,
        name=name,
        task=run.recipe.task,
        inputs=deployment.inputs,
        outputs=deployment.outputs,
        card=run.task.card,
        licences=licences,
        training={
            "recipe": run.recipe.model_dump(mode="json"),
            "data": run.record["data"],
            **_moment(run),
            # A run's name and the hash of its checkpoint; the first stage's name.
            "teacher": run.record["teacher"],
            "first_stage": run.record["initial"],
            # What was changed after the training, if anything was.
            **{key: run.record[key] for key in ("adaptation",) if key in run.record},
            **_removed(run, deployment),
        },
        measure=None if dataset is None else measure,
        real_network=None if real_run is None else real_run.deployment(),
        candidates=run.task.samples(deployment.inputs, SAMPLES),
        more_candidates=partial(run.task.samples, deployment.inputs),
        candidates_source=run.task.samples_source,
        configuration=configuration,
        verify=verify,
    )


def _removed(run: TrainedRun, deployment: Deployment) -> dict[str, Any]:
    """What a pruning took away, if there was one: kernels before and after, and the whole."""
    from bireid_models.complexity import layer_costs, removed, weight_bytes

    trained = run.as_trained()
    layers = [] if trained is None else removed(trained.model, deployment.model)
    if trained is None or not layers:
        return {}
    costs = {
        name: layer_costs(model)
        for name, model in (("before", trained.model), ("after", deployment.model))
    }
    return {
        "removed": {
            "layers": [asdict(each) for each in layers],
            **{
                name: {
                    "weights": sum(each.weights for each in found),
                    "macs": sum(each.macs for each in found),
                    "bytes": weight_bytes(found),
                }
                for name, found in costs.items()
            },
        }
    }


def _moment(run: TrainedRun) -> dict[str, Any]:
    """When the weights were taken: after how many steps, and, if not at the end, which epoch."""
    moment = {"steps": run.record["steps"]}
    if run.directory != run.directory.last:
        moment |= {"checkpoint": "best", "epoch": len(run.record["history"])}
    return moment
