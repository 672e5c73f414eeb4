"""Training a run further on clusters of unlabelled crops."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

from bireid_deploy.adaptation.clustering.data import UnlabelledCrops
from bireid_deploy.adaptation.clustering.progress import ClusterReporter
from bireid_deploy.adaptation.clustering.recipe import clustering_recipe
from bireid_deploy.adaptation.clustering.section import ClusteringSection
from bireid_deploy.adaptation.clustering.task import ClusterTask
from bireid_deploy.adaptation.crops import Crops
from bireid_deploy.trained_run import TrainedRun
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.reporter import Reporter
from bireid_deploy.training.run_directory import RunDirectory

Reporting = Callable[[Recipe], AbstractContextManager[Reporter]]
"""Opens what is told how a training goes."""


def train_on_clusters(
    source: TrainedRun,
    crops: Crops,
    out: Path,
    overrides: Sequence[str],
    reporting: Reporting,
    resume: bool = False,
) -> list[dict[str, float]]:
    """Train a run further, without labels, into a run of its own.

    Args:
        source: Run to start from.
        crops: Decoded at its input size.
        out: Run directory.
        overrides: See `clustering_recipe`.
        reporting: Opens what is told how it goes.
        resume: Continue an interrupted run, to the same weights.

    Returns:
        The history, one summary per epoch.

    Raises:
        RecipeError: An override is malformed.
        TrainingError: The run exists already or cannot be resumed, or no clusters were found.
        DivergenceError, TrainingInterruptedError: As `Trainer.train`.
    """
    from bireid_deploy.training.trainer import Trainer

    recipe, options = clustering_recipe(source.recipe, overrides)
    run = RunDirectory(out)
    data = UnlabelledCrops(crops, options, _description(source, crops, options), crops.ignored)
    with reporting(recipe) as reporter:
        trainer = Trainer(
            recipe,
            ClusterTask(),
            data,
            run,
            ClusterReporter(reporter, run),
            initial=source.directory.path,
        )
        return trainer.train(resume)


def _description(source: TrainedRun, crops: Crops, options: ClusteringSection) -> dict[str, Any]:
    """What the record says; a resumed run must have the same crops, settings and origin."""
    before: Mapping[str, Any] = source.record["data"]
    return {
        "name": f"unlabelled crops of {len(crops.cameras)} cameras",
        "cameras": crops.counts,
        "sha256": hashlib.sha256(crops.pixels.tobytes()).hexdigest(),
        "clustering": options.model_dump(mode="json"),
        "adapted_from": source.directory.identity(),
        "trained_before_on": dict(before),
    }
