"""Measure an experiment's real-valued runs in 8-bit integers, for a row of their own.

    python studies/record_int8.py EXPERIMENT [--run NAME] [--data DIR]

Each run becomes what `convert --format int8` writes, quantised after training, and LiteRT ranks
the test set with it. The record joins those of the experiment, as run `NAME-int8`.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import click

from bireid_deploy.cli.native_output import quiet_native_output

RUN = "real"


@click.command()
@click.argument("experiment", type=click.Path(path_type=Path))
@click.option("--run", "name", default=RUN, show_default=True, help="Run of the grid.")
@click.option("--data", type=click.Path(path_type=Path), help="Default: EXPERIMENT/people.")
def main(experiment: Path, name: str, data: Path | None) -> None:
    """Measure every seed of a run of EXPERIMENT and write results/NAME-int8-seed*.json."""
    from bireid_deploy.experiments.folder import ExperimentFolder
    from bireid_deploy.experiments.record import write_json
    from bireid_deploy.tasks import TASKS

    task = TASKS["reid"]
    people = experiment / task.generators["synthetic"].folder
    dataset = task.open_dataset(data or people)
    folder = ExperimentFolder(experiment)
    for path in sorted(folder.result(name).parent.glob(f"{name}-seed*.json")):
        record = folder.read_result(path.stem)
        with quiet_native_output():
            metrics = _measure(folder.run(path.stem).path, dataset)
        row = f"{name}-int8"
        label = f"{record['label']}, int8 after training"
        record |= {"run": row, "label": label, "converted_from": name, "metrics": metrics}
        record["history"] = {}
        target = folder.result(f"{row}-seed{record['seed']}")
        write_json(target, record)
        click.echo(json.dumps({"record": str(target), **metrics}))


def _measure(run: Path, dataset: Any) -> dict[str, Any]:
    from bireid_deploy import api
    from bireid_deploy.comparison.contestants import find_contestant

    with tempfile.TemporaryDirectory() as scratch:
        bundle = api.convert(run, Path(scratch) / "bundle", formats=("int8",), name=run.name)
        opened, _ = find_contestant(bundle.file("int8")).open(threads=1)
        return opened.task.evaluate(opened.predictor, dataset, bundle.outputs, {}).scores


if __name__ == "__main__":
    main()
