"""From a recipe and data to a search that can start."""

from dataclasses import replace
from typing import Any

from bireid_models.config import NetworkConfig

from bireid_deploy.errors import TrainingError
from bireid_deploy.search.directory import SearchDirectory
from bireid_deploy.search.latency import LatencyTable
from bireid_deploy.search.searcher import Searcher
from bireid_deploy.search.split import halves
from bireid_deploy.search.step import SearchStep
from bireid_deploy.tasks.supervised import LabelledImages
from bireid_deploy.training.methods import enabled_methods
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.reporter import Reporter
from bireid_deploy.training.task_step import TrainableTask


def check_recipe(recipe: Recipe, latency: LatencyTable | None) -> NetworkConfig:
    """See that a recipe can be searched; returns its network.

    Raises:
        TrainingError: It has no table `[search]`, searches another backbone, has a method beside
            it, holds out people, or has a table of latencies without a weight or the reverse.
    """
    options = recipe.search
    if not options.enabled:
        raise TrainingError(f"{recipe.name}: has no table [search]; it says what is searched")
    if recipe.network.backbone != "cdnet":
        raise TrainingError(
            f"{recipe.name}: network.backbone is {recipe.network.backbone!r}; a search builds "
            "'cdnet'"
        )
    if enabled_methods(recipe):
        raise TrainingError(f"{recipe.name}: a search takes no training methods; leave them out")
    if recipe.validation.every:
        raise TrainingError(f"{recipe.name}: a search holds out nothing; set validation.every=0")
    if (options.latency_weight > 0) != (latency is not None):
        raise TrainingError(
            f"{recipe.name}: search.latency_weight={options.latency_weight:g} and a table of "
            "latencies (--latency) go together"
        )
    config = recipe.network.config()
    if latency is not None:
        latency.require(config)
    return config


def prepare_search(
    recipe: Recipe,
    task: TrainableTask,
    data: Any,
    directory: SearchDirectory,
    reporter: Reporter,
    latency: LatencyTable | None,
) -> Searcher:
    """Seed everything, build the supernet and split the data.

    Raises:
        TrainingError: As `check_recipe`, or the data have no label per image.
    """
    config = check_recipe(recipe, latency)
    if not isinstance(data, LabelledImages):
        raise TrainingError(
            f"{recipe.name}: a search needs images with a label each, which its task has not"
        )
    step = search_step(recipe, config, task, data, latency)
    # A seed of their own, so that both halves do not draw alike.
    held_recipe = recipe.model_copy(update={"seed": recipe.seed + 1})
    rows = halves(data.labels, recipe.search.split, recipe.seed)
    parts = [replace(data, pixels=data.pixels[each], labels=data.labels[each]) for each in rows]
    counts = {"for_weights": len(rows[0]), "for_alpha": len(rows[1])}
    return Searcher(
        recipe,
        step,
        task.batches(recipe, parts[0]),
        task.batches(held_recipe, parts[1]),
        {**data.description, **counts},
        None if latency is None else latency.to_json(),
        directory,
        reporter,
    )


def search_step(
    recipe: Recipe,
    config: NetworkConfig,
    task: TrainableTask,
    data: LabelledImages,
    latency: LatencyTable | None,
) -> SearchStep:
    """Build the supernet with fresh weights, and what moves it."""
    from bireid_models.layers import binary_layers
    from bireid_models.supernet import build_supernet

    from bireid_deploy.training.optimizers import initialise_alphas
    from bireid_deploy.training.repeatability import make_repeatable

    options = recipe.search
    make_repeatable(recipe.seed, recipe.repeatable)
    supernet = build_supernet(config, options.candidates, options.top, options.unselected)
    initialise_alphas(
        binary_layers(supernet.network.model), recipe.optimizer.alpha_init, recipe.seed
    )
    part = task.step(recipe, supernet.network, data)
    shares = None if latency is None else latency.shares(options.candidates)
    return SearchStep(supernet, part, recipe, shares)
