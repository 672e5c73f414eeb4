"""Measure a trained run on a test set and keep the result as JSON for docs/results.md.

    python studies/record_run.py RUN --data DIR --table NAME --label TEXT [--engines]

With --engines the run is converted (parity gate on) and every engine ranks the test set, those that
round on purpose as well.
"""

import json
import platform
import tempfile
from pathlib import Path
from typing import Any

import click

from bireid_deploy.cli.native_output import quiet_native_output

RESULTS = Path(__file__).parent / "results"


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Data set folder.")
@click.option("--table", required=True, help="Name of the table in docs/results.md.")
@click.option("--label", required=True, help="Name of the row.")
@click.option("--engines", is_flag=True, help="Also convert and rank with every engine.")
def main(run: Path, data: Path, table: str, label: str, engines: bool) -> None:
    """Measure RUN and write studies/results/TABLE/RUN.json."""
    from bireid_runtime.backends import BACKENDS

    from bireid_deploy import api
    from bireid_deploy.data.layouts import open_dataset
    from bireid_deploy.trained_run import read_recipe
    from bireid_deploy.training.run_directory import RunDirectory

    dataset = open_dataset(data)
    directory = RunDirectory(run)
    trained = directory.read_record()

    def measure(model: Path | str, **options: Any) -> dict[str, Any]:
        found = api.evaluate(model, dataset, quiet=quiet_native_output, **options).to_json()
        return {name: value for name, value in found.items() if name != "model"}

    metrics = [measure("histogram")]
    sizes = {}
    if engines:
        with tempfile.TemporaryDirectory() as folder:
            with quiet_native_output():
                bundle = api.convert(run, Path(folder) / "bundle", name=label, data=dataset)
            metrics += bundle.manifest["metrics"]
            metrics += [
                measure(bundle.path, backend=each.name) for each in BACKENDS if not each.exact
            ]
            sizes = {each.name: each.file_in(bundle).stat().st_size for each in BACKENDS}
    else:
        metrics.append(measure(run))
    summary = dataset.summary()
    record = {
        "label": label,
        "recipe": read_recipe(directory).model_dump(),
        "initial": trained["initial"],
        "training_data": trained["data"],
        "test_data": {
            "name": dataset.name,
            "identities": summary["query"].identities,
            "query": summary["query"].images,
            "gallery": summary["gallery"].images,
        },
        "last_epoch": trained["history"][-1],
        "metrics": metrics,
        "bytes": sizes,
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
    }
    target = RESULTS / table / f"{run.name}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(record, indent=1) + "\n")
    click.echo(str(target))


if __name__ == "__main__":
    main()
