"""`bireid-deploy train`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bireid_deploy import extras
from bireid_deploy.cli.console import emit_json, message, progress
from bireid_deploy.cli.native_output import load_tensorflow, quiet_native_output

if TYPE_CHECKING:
    from bireid_deploy.data.classification import ClassificationDataset
    from bireid_deploy.data.dataset import ReIdDataset
    from bireid_deploy.training.recipe import Recipe
    from bireid_deploy.training.training_data import TrainingData


@click.command()
@click.argument("recipe")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Data set folder.")
@click.option("--layout", default="auto", show_default=True, help="Layout of Re-ID data.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Run directory.")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key of the recipe."
)
@click.option("--init", type=click.Path(path_type=Path), help="Start from the weights of this run.")
@click.option(
    "--teacher", type=click.Path(path_type=Path), help="Run to learn from, if the recipe distils."
)
@click.option("--resume", is_flag=True, help="Continue an interrupted run.")
@click.option("--json", "as_json", is_flag=True, help="Print the history as JSON.")
def command(
    recipe: str,
    data: Path,
    layout: str,
    out: Path,
    overrides: tuple[str, ...],
    init: Path | None,
    teacher: Path | None,
    resume: bool,
    as_json: bool,
) -> None:
    """Train RECIPE (a TOML file, or the name of one that ships) into a run directory.

    Ctrl-C saves a checkpoint; --resume continues from it to the same result.
    """
    extras.require("train")
    from bireid_deploy.training.recipe import find_recipe, load_recipe

    path = Path(recipe) if recipe.endswith(".toml") else find_recipe(recipe)
    loaded = load_recipe(path, overrides)
    dataset = _open_dataset(loaded, data, layout)
    history = train_recipe(loaded, dataset, out, init, resume, teacher)
    if as_json:
        emit_json({"run": str(out), "history": history})
    else:
        click.echo(str(out))


def train_recipe(
    recipe: "Recipe",
    dataset: "ReIdDataset | ClassificationDataset",
    out: Path,
    init: Path | None = None,
    resume: bool = False,
    teacher: Path | None = None,
) -> list[dict[str, float]]:
    """Train a validated recipe and return the history; shared with `demo`."""
    from bireid_deploy.cli.training_progress import training_reporter
    from bireid_deploy.training.run_directory import RunDirectory

    recipe.require_teacher(teacher is not None)
    run = RunDirectory(out)
    if resume:
        run.read_record()
    else:
        run.require_new()
    data = _load(recipe, dataset)
    for path, reason in data.skipped:
        message(f"skipped {path}: {reason}")
    if data.skipped:
        message(f"skipped {len(data.skipped)} of {len(dataset.train)} training images")
    load_tensorflow()
    from bireid_deploy.training.objectives.feature_refining import collapsed_epoch
    from bireid_deploy.training.trainer import Trainer

    with training_reporter(recipe.optimizer.epochs, recipe.batch.images) as reporter:
        with quiet_native_output():
            trainer = Trainer(recipe, data, run, reporter, init, teacher)
        history = trainer.train(resume)
    collapsed = collapsed_epoch(history)
    if collapsed is not None:
        message(
            f"FR-GAL collapsed in epoch {collapsed}: a*_H became a constant (target_variance); "
            "lower feature_refining.mse_weight or set feature_refining.trainable_projection=false"
        )
    return history


def _open_dataset(
    recipe: "Recipe", data: Path, layout: str
) -> "ReIdDataset | ClassificationDataset":
    from bireid_deploy.data.classification import open_classification_dataset
    from bireid_deploy.data.layouts import open_dataset

    if recipe.task == "reid":
        return open_dataset(data, layout)
    if layout != "auto":
        raise click.UsageError("--layout is for Re-ID data; a data set of classes has one layout")
    return open_classification_dataset(data, recipe.images_per_class)


def _load(recipe: "Recipe", dataset: "ReIdDataset | ClassificationDataset") -> "TrainingData":
    from bireid_deploy.data.dataset import ReIdDataset
    from bireid_deploy.training.training_data import load_classification_data, load_training_data

    height, width = recipe.network.input_height, recipe.network.input_width
    with progress("decoding") as on_progress:
        if isinstance(dataset, ReIdDataset):
            return load_training_data(dataset, height, width, on_progress)
        return load_classification_data(dataset, height, width, on_progress)
