"""Time the networks of a grid in the native engine: what the results page sets beside scores.

    python studies/record_times.py GRID EXPERIMENT

EXPERIMENT is the folder that `bireid-deploy experiment GRID --out EXPERIMENT` left, or one of the
same grid with less data and fewer epochs: speed does not depend on the weights. The first seed of
every run is converted, and all are timed in one run, interleaved, into studies/results/times. What
is not yet deployed, such as a first stage, is left out, and so are runs that EXPERIMENT lacks.
"""

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click
from machine import machine_name
from record_output import write_record

if TYPE_CHECKING:
    from bireid_deploy.experiments.folder import ExperimentFolder
    from bireid_deploy.trained_run import TrainedRun

RESULTS = Path(__file__).parent / "results" / "times"
_KIND = "native"
_RUNS_PER_ROUND = 10
# The file that the native engine runs, by the precision of a network.
_FORMATS = {"binary": "lce", "real": "float"}


@click.command()
@click.argument("grid")
@click.argument("experiment", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--threads", default=1, show_default=True, help="Threads.")
@click.option("--rounds", default=40, show_default=True, help="Rounds.")
def main(grid: str, experiment: Path, threads: int, rounds: int) -> None:
    """Time the networks of GRID that EXPERIMENT trained."""
    from bireid_deploy.benchmark.engines import engines_of
    from bireid_deploy.benchmark.session import time_engines
    from bireid_deploy.cli.native_output import quiet_native_output
    from bireid_deploy.conversion.convert import convert_run
    from bireid_deploy.experiments.folder import ExperimentFolder
    from bireid_deploy.experiments.grid import find_grid, load_grid
    from bireid_deploy.experiments.plan import run_key

    planned = load_grid(find_grid(grid))
    networks, engines = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for entry in planned.run:
            key = run_key(entry.name, planned.seeds[0])
            run = _finished(ExperimentFolder(experiment), key)
            if run is None:
                click.echo(f"{key}: not finished, or nothing to deploy; left out", err=True)
                continue
            with quiet_native_output():
                bundle = convert_run(
                    run,
                    Path(folder) / entry.name,
                    (_FORMATS[run.recipe.network.precision],),
                    name=entry.name,
                    licences={"weights": "none", "training_data": "none"},
                    verify=False,
                )
            networks[entry.name] = run.recipe.network
            engines += [each for each in engines_of(bundle, (), threads) if each.kind == _KIND]
        timings = time_engines(engines, rounds, _RUNS_PER_ROUND, 1)
    record = {
        "grid": planned.name,
        "machine": machine_name(),
        "engine": timings[0].starts[0].version,
        "threads": threads,
        "rounds": rounds,
        "runs": {
            name: {
                "input": [network.input_height, network.input_width],
                "bytes": timing.engine.bytes,
                "p10_ms": timing.percentile(10),
                "median_ms": timing.percentile(50),
            }
            for (name, network), timing in zip(networks.items(), timings, strict=True)
        },
    }
    write_record(record, RESULTS / f"{planned.name}.json")


def _finished(experiment: "ExperimentFolder", key: str) -> "TrainedRun | None":
    """The run, if it is finished and becomes a file."""
    from bireid_deploy.trained_run import open_run

    if not experiment.result(key).exists():
        return None
    run = open_run(experiment.run(key).path)
    return run if run.recipe.network.precision in _FORMATS else None


if __name__ == "__main__":
    main()
