"""Measure an experiment's real-valued runs in 8-bit integers, for a row of their own.

    python studies/record_int8.py EXPERIMENT [--data DIR]

Each run becomes what `convert --formats int8` writes, quantised after training, and LiteRT ranks
the test set with it. The record joins those of the experiment, as run `real-int8`.
"""

import json
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from bireid_runtime import Bundle
from bireid_runtime.preprocess import Preprocess, preprocess

from bireid_deploy.cli.native_output import load_tensorflow, quiet_native_output

RUN, ROW = "real", "real-int8"
LABEL = "real-valued, int8 after training"


class Int8Embedder:
    """Runs the int8 file of a bundle in LiteRT; an `evaluation.protocol.Embedder`."""

    def __init__(self, bundle: Bundle, spec: Preprocess) -> None:
        from ai_edge_litert.interpreter import Interpreter

        self._spec = spec
        self._interpreter = Interpreter(str(bundle.file("int8")))
        self._interpreter.allocate_tensors()
        self._input = self._interpreter.get_input_details()[0]["index"]
        self._output = self._interpreter.get_output_details()[0]["index"]

    def embed(self, images: Sequence[np.ndarray]) -> np.ndarray:
        """Map uint8 RGB crops (H, W, 3) to float32 (N, D), rows of unit length."""
        return np.concatenate([self._embed(image) for image in images])

    def _embed(self, image: np.ndarray) -> np.ndarray:
        self._interpreter.set_tensor(self._input, preprocess(image, self._spec)[None])
        self._interpreter.invoke()
        embedding: np.ndarray = self._interpreter.get_tensor(self._output)
        return embedding


@click.command()
@click.argument("experiment", type=click.Path(path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), help="Default: EXPERIMENT/people.")
def main(experiment: Path, data: Path | None) -> None:
    """Measure every seed of EXPERIMENT's run `real` and write results/real-int8-seed*.json."""
    from bireid_deploy.data.layouts import open_dataset
    from bireid_deploy.experiments.folder import ExperimentFolder
    from bireid_deploy.experiments.record import write_json

    load_tensorflow()
    folder = ExperimentFolder(experiment)
    dataset = open_dataset(data or folder.people)
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
    from bireid_deploy.conversion import convert_run, measure_embedder
    from bireid_deploy.experiments.record import metrics_of
    from bireid_deploy.trained_run import open_run

    trained = open_run(run)
    with tempfile.TemporaryDirectory() as scratch:
        bundle = convert_run(trained, Path(scratch) / "bundle", ("int8",), name=ROW)
        embedder = Int8Embedder(bundle, trained.preprocess)
        return metrics_of(measure_embedder("litert", embedder, dataset))


if __name__ == "__main__":
    main()
