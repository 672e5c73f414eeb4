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

from bireid_deploy.cli.native_output import load_tensorflow, quiet_native_output

RESULTS = Path(__file__).parent / "results"


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--data", required=True, type=click.Path(path_type=Path), help="Data set folder.")
@click.option("--table", required=True, help="Name of the table in docs/results.md.")
@click.option("--label", required=True, help="Name of the row.")
@click.option("--engines", is_flag=True, help="Also convert and rank with every engine.")
def main(run: Path, data: Path, table: str, label: str, engines: bool) -> None:
    """Measure RUN and write studies/results/TABLE/RUN.json."""
    from bireid_runtime import Extractor
    from bireid_runtime.backends import BACKENDS

    from bireid_deploy.data.layouts import open_dataset

    dataset = open_dataset(data)
    load_tensorflow()
    from bireid_deploy.conversion import convert_run, measure_embedder
    from bireid_deploy.tasks.reid.histogram import HistogramEmbedder
    from bireid_deploy.trained_run import open_run

    with quiet_native_output():
        trained = open_run(run)
        metrics: list[dict[str, Any]] = [
            measure_embedder("colour histogram", HistogramEmbedder(), dataset)
        ]
        sizes = {}
        if engines:
            with tempfile.TemporaryDirectory() as folder:
                formats = ("lce", "onnx")
                bundle = convert_run(
                    trained, Path(folder) / "bundle", formats, name=label, dataset=dataset
                )
                metrics += bundle.manifest["metrics"]
                metrics += [
                    measure_embedder(backend.name, Extractor.open(bundle, backend.name), dataset)
                    for backend in BACKENDS
                    if not backend.exact
                ]
                sizes = {
                    backend.name: bundle.file(backend.format).stat().st_size for backend in BACKENDS
                }
        else:
            metrics.append(measure_embedder("keras", trained, dataset))
    summary = dataset.summary()
    record = {
        "label": label,
        "recipe": trained.recipe.model_dump(),
        "initial": trained.record["initial"],
        "training_data": trained.record["data"],
        "test_data": {
            "name": dataset.name,
            "identities": summary["query"].identities,
            "query": summary["query"].images,
            "gallery": summary["gallery"].images,
        },
        "last_epoch": trained.record["history"][-1],
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
