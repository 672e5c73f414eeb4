"""Measure an experiment's real-valued runs in 8-bit integers, for a row of their own.

    python studies/record_int8.py EXPERIMENT [--data DIR]

Each run becomes what `convert --formats int8` writes, quantised after training, and LiteRT ranks
the test set with it. The record joins those of the experiment, as run `real-int8`.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import click

from bireid_deploy.cli.native_output import quiet_native_output

RUN, ROW = "real", "real-int8"
LABEL = "real-valued, int8 after training"


@click.command()
@click.argument("experiment", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="Default: EXPERIMENT/people.")
def main(experiment: Path, data: Path | None) -> None:
    """Measure every seed of EXPERIMENT's run `real` and write results/real-int8-seed*.json."""
    from bireid_deploy.experiments.folder import ExperimentFolder
    from bireid_deploy.experiments.record import write_json
    from bireid_deploy.tasks import TASKS

    task = TASKS["reid"]
    people = experiment / task.generators["synthetic"].folder
    dataset = task.open_dataset(data or people)
    folder = ExperimentFolder(experiment)
    for path in sorted(folder.result(RUN).parent.glob(f"{RUN}-seed*.json")):
        record = folder.read_result(path.stem)
        with quiet_native_output():
            metrics = _measure(folder.run(path.stem).path, dataset)
        record |= {"run": ROW, "label": LABEL, "converted_from": RUN, "metrics": metrics}
        record["history"] = {}
        target = folder.result(f"{ROW}-seed{record['seed']}")
        write_json(target, record)
        click.echo(json.dumps({"record": str(target), **metrics}))


def _measure(run: Path, dataset: Any) -> dict[str, Any]:
    from bireid_deploy import api
    from bireid_deploy.comparison.contestants import find_contestant

    with tempfile.TemporaryDirectory() as scratch:
        bundle = api.convert(run, Path(scratch) / "bundle", formats=("int8",), name=ROW)
        opened, _ = find_contestant(bundle.file("int8")).open(threads=1)
        return opened.task.evaluate(opened.predictor, dataset, bundle.outputs, {}).scores


if __name__ == "__main__":
    main()
