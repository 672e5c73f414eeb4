"""`bireid-deploy experiment`."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from bireid_deploy import extras
from bireid_deploy.cli.console import emit_json, emit_table, message, progress

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bireid_deploy.experiments.data import ExperimentData
    from bireid_deploy.experiments.folder import ExperimentFolder
    from bireid_deploy.experiments.grid import Grid
    from bireid_deploy.experiments.plan import PlannedRun
    from bireid_deploy.experiments.runner import Failure


@click.command()
@click.argument("grid")
@click.option("--data", type=click.Path(path_type=Path), help="Data set folder.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder for all runs.")
@click.option("--only", multiple=True, metavar="NAME", help="Train these runs of the grid alone.")
@click.option(
    "--init-from",
    type=click.Path(path_type=Path),
    help="Experiment, or file, that `init_from` means.",
)
@click.option(
    "--teacher-from",
    type=click.Path(path_type=Path),
    help="Experiment, or file, that `teacher_from` means.",
)
@click.option("--jobs", default=1, show_default=True, type=click.IntRange(1), help="Runs at once.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
def command(
    grid: str,
    data: Path | None,
    out: Path,
    only: tuple[str, ...],
    init_from: Path | None,
    teacher_from: Path | None,
    jobs: int,
    as_json: bool,
) -> int:
    """Train every run of GRID with every seed, and compare what they measured.

    GRID is a TOML file, or the name of one that ships. Runs that are done are skipped; after Ctrl-C
    the same command continues. OUT gets runs/ with the run directories and results/ with one JSON
    per finished run.
    """
    extras.require("train")
    from bireid_deploy.experiments.data import open_data
    from bireid_deploy.experiments.folder import ExperimentFolder
    from bireid_deploy.experiments.grid import find_grid, load_grid
    from bireid_deploy.experiments.plan import plan_runs

    path = find_grid(grid)
    loaded = load_grid(path)
    # Before anything is rendered, so that a mistake costs no time.
    runs = plan_runs(loaded, path, only, init_from, teacher_from)
    folder = ExperimentFolder(out)
    with folder.locked() as lock:
        with progress("rendering") as on_progress:
            dataset = open_data(loaded.data, data, folder.path, on_progress)
        for line in dataset.said:
            message(line)
        failures = _run(loaded, runs, dataset, folder, lock, jobs)
    _report(loaded, runs, dataset, folder, failures, as_json)
    return failures[0].code if failures else 0


def _run(
    grid: "Grid",
    runs: "Sequence[PlannedRun]",
    data: "ExperimentData",
    folder: "ExperimentFolder",
    lock: int,
    jobs: int,
) -> "list[Failure]":
    from bireid_deploy.cli.experiment_progress import experiment_reporter
    from bireid_deploy.experiments.plan import unfinished
    from bireid_deploy.experiments.runner import GridRunner

    remaining = unfinished(runs, data, folder)
    message(
        f"experiment '{grid.name}': {len(runs)} runs, {len(runs) - len(remaining)} done already"
    )
    epochs_done = {
        run.key: len(folder.run(run.key).read_record()["history"])
        for run in remaining
        if folder.run(run.key).record_path.exists()
    }
    with experiment_reporter(remaining, epochs_done) as reporter:
        return GridRunner(grid.name, folder, lock, data, reporter, jobs).run(remaining)


def _report(
    grid: "Grid",
    runs: "Sequence[PlannedRun]",
    data: "ExperimentData",
    folder: "ExperimentFolder",
    failures: "Sequence[Failure]",
    as_json: bool,
) -> None:
    from bireid_deploy.experiments.summary import percent, scores_of, summarise

    failed = {failure.run.key for failure in failures}
    order = [entry.name for entry in grid.run]
    finished = sorted(
        (run for run in runs if run.key not in failed), key=lambda run: order.index(run.entry.name)
    )
    summaries = summarise([folder.read_result(run.key) for run in finished])
    if as_json:
        emit_json(
            {
                "grid": grid.name,
                "data": data.description,
                "runs": [summary.to_json() for summary in summaries],
                "failed": {failure.run.key: failure.reason for failure in failures},
            }
        )
    else:
        scores = scores_of(grid.data.kind)
        rows = [
            (
                summary.label,
                *(percent(summary.scores[name]) for name in scores),
                str(len(summary.seeds)),
            )
            for summary in summaries
        ]
        columns = ("run", *(f"{heading} ± 95 %" for heading in scores.values()), "seeds")
        emit_table(f"{grid.name} on {data.description['name']}", columns, rows)
    for failure in failures:
        message(f"{failure.run.key} failed: {failure.reason}")
