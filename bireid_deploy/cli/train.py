"""`bireid-deploy train`."""

import os
from pathlib import Path

import click

from bireid_deploy.cli.console import emit_json, message, progress
from bireid_deploy.cli.native_output import quiet_native_output
from bireid_deploy.training.workers import SOURCES
from bireid_deploy.training.workers.rendezvous import PATIENCE


@click.command()
@click.argument("recipe", required=False)
@click.option("--list", "lists", is_flag=True, help="List the recipes that ship.")
@click.option("--show", metavar="RECIPE", help="Print every key of a recipe, as --set changes it.")
@click.option("--data", type=click.Path(path_type=Path), help="Data set folder.")
@click.option("--layout", default="auto", show_default=True, help="Layout of the data set.")
@click.option("--out", type=click.Path(path_type=Path), help="Run directory.")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Override a key of the recipe."
)
@click.option(
    "--init",
    type=click.Path(path_type=Path),
    help="Start from the weights of this run, or of a ResNet or MobileNetV2 of PyTorch.",
)
@click.option(
    "--teacher",
    type=click.Path(path_type=Path),
    help="Run, bundle, file of teach-cache, or checkpoint of PyTorch, to learn from.",
)
@click.option("--resume", is_flag=True, help="Continue an interrupted run.")
@click.option(
    "--workers",
    type=click.Choice(list(SOURCES)),
    help="Train with other machines, which start the same command; what says who they are.",
)
@click.option(
    "--patience",
    type=click.FloatRange(0, 86400),
    default=PATIENCE,
    show_default=True,
    metavar="SECONDS",
    help="How long workers wait for each other at the start.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the history as JSON.")
def command(
    recipe: str | None,
    lists: bool,
    show: str | None,
    data: Path | None,
    layout: str,
    out: Path | None,
    overrides: tuple[str, ...],
    init: Path | None,
    teacher: Path | None,
    resume: bool,
    workers: str | None,
    patience: float,
    as_json: bool,
) -> None:
    """Train RECIPE (a TOML file, or the name of one that ships) into a run directory.

    Ctrl-C saves a checkpoint; --resume continues from it to the same result, with the recipe, the
    data and the teacher of the run: `train --resume --out RUN` is enough.
    """
    if lists or show is not None:
        from bireid_deploy.cli import recipe_listing

        recipe_listing.emit_list(as_json) if lists else recipe_listing.emit_recipe(
            show or "", overrides, as_json
        )
        return
    given = {"RECIPE": recipe or resume, "--data": data or resume, "--out": out}
    if missing := next((name for name, value in given.items() if not value), None):
        raise click.UsageError(
            f"Missing {missing}. `bireid-deploy train --list` shows the recipes; --resume takes "
            "recipe and data from the run."
        )
    assert out is not None
    from bireid_deploy import api
    from bireid_deploy.cli.training_progress import training_reporter

    members = None if workers is None else SOURCES[workers](os.environ)
    skipped = 0

    def on_skipped(path: Path, reason: str) -> None:
        nonlocal skipped
        skipped += 1
        message(f"skipped {path}: {reason}")

    result = api.train(
        recipe,
        data,
        out,
        overrides=overrides,
        layout=layout,
        init=init,
        teacher=teacher,
        resume=resume,
        members=members,
        patience=patience,
        reporting=training_reporter,
        decoding=lambda: progress("decoding"),
        on_skipped=on_skipped,
        on_remark=message,
        quiet=quiet_native_output,
    )
    if members is not None and not members.is_chief:
        return
    if skipped:
        message(f"training images skipped: {skipped}")
    for line in result.advice:
        message(line)
    if as_json:
        emit_json(
            {
                "run": str(out),
                "data_set": {**result.counts, "skipped": len(result.skipped)},
                "history": result.history,
                "advice": list(result.advice),
            }
        )
    else:
        click.echo(str(out))
