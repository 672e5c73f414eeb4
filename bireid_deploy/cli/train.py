"""`bireid-deploy train`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bireid_deploy.cli.console import emit_json, message, progress
from bireid_deploy.cli.native_output import load_tensorflow, quiet_native_output

if TYPE_CHECKING:
    from bireid_deploy.data.dataset import ReIdDataset
    from bireid_deploy.training.recipe import Recipe


@click.command()
@click.argument("recipe")
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Data set folder.")
@click.option("--layout", default="auto", show_default=True, help="Layout of the data set.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Run directory.")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key of the recipe."
)
@click.option("--init", type=click.Path(path_type=Path), help="Start from the weights of this run.")
@click.option("--resume", is_flag=True, help="Continue an interrupted run.")
@click.option("--json", "as_json", is_flag=True, help="Print the history as JSON.")
def command(
    recipe: str,
    data: Path,
    layout: str,
    out: Path,
    overrides: tuple[str, ...],
    init: Path | None,
    resume: bool,
    as_json: bool,
) -> None:
    """Train RECIPE (a TOML file, or the name of one that ships) into a run directory.

    Ctrl-C saves a checkpoint; --resume continues from it to the same result.
    """
    from bireid_deploy.data.layouts import open_dataset
    from bireid_deploy.training.recipe import find_recipe, load_recipe

    path = Path(recipe) if recipe.endswith(".toml") else find_recipe(recipe)
    loaded = load_recipe(path, overrides)
    dataset = open_dataset(data, layout)
    history = train_recipe(loaded, dataset, out, init, resume)
    if as_json:
        emit_json({"run": str(out), "history": history})
    else:
        click.echo(str(out))


def train_recipe(
    recipe: "Recipe",
    dataset: "ReIdDataset",
    out: Path,
    init: Path | None = None,
    resume: bool = False,
) -> list[dict[str, float]]:
    """Train a validated recipe and return the history; shared with `demo`."""
    from bireid_deploy.cli.training_progress import training_reporter
    from bireid_deploy.training.run_directory import RunDirectory
    from bireid_deploy.training.training_data import load_training_data

    run = RunDirectory(out)
    if resume:
        run.read_record()
    else:
        run.require_new()
    network = recipe.network
    with progress("decoding") as on_progress:
        data = load_training_data(dataset, network.input_height, network.input_width, on_progress)
    for path, reason in data.skipped:
        message(f"skipped {path}: {reason}")
    if data.skipped:
        message(f"skipped {len(data.skipped)} of {len(dataset.train)} training images")
    load_tensorflow()
    from bireid_deploy.training.trainer import Trainer

    images = recipe.batch.identities * recipe.batch.images_per_identity
    with training_reporter(recipe.optimizer.epochs, images) as reporter:
        with quiet_native_output():
            trainer = Trainer(recipe, data, run, reporter, init)
        return trainer.train(resume)
