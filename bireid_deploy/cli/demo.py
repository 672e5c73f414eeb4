"""`bireid-deploy demo`."""

import time
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from bireid_converters.formats import FORMATS
from bireid_runtime.backends import BACKENDS

from bireid_deploy.cli.console import emit_json, emit_table, message, progress
from bireid_deploy.cli.native_output import quiet_native_output

if TYPE_CHECKING:
    from bireid_runtime import Bundle

    from bireid_deploy.api import Comparison
    from bireid_deploy.data.dataset import ReIdDataset
    from bireid_deploy.training.recipe import Recipe


_TEST_FRACTION = 0.4


@click.command()
@click.option("--out", default="demo", type=click.Path(path_type=Path), help="Working folder.")
@click.option(
    "--identities",
    default=200,
    show_default=True,
    type=click.IntRange(20),
    help="Synthetic people; 60 % of them train, the others test.",
)
@click.option(
    "--set",
    "overrides",
    multiple=True,
    metavar="KEY=VALUE",
    help="Override a key of the three recipes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")
def command(out: Path, identities: int, overrides: tuple[str, ...], as_json: bool) -> None:
    """Render people, train a 1-bit network, convert, verify, and rank with every engine.

    The network learns in two stages from a real-valued one: recipes demo_real, demo_stage1, demo.
    Everything is written below --out. An interrupted training continues with the next call.
    """
    from bireid_deploy.data.synthetic import write_synthetic
    from bireid_deploy.extras import require
    from bireid_deploy.recipes import find_recipe, load_recipe

    require("train")
    began = time.perf_counter()
    teacher, first_stage, second_stage = (
        load_recipe(find_recipe(name), overrides) for name in ("demo_real", "demo_stage1", "demo")
    )
    _require_people(identities, (teacher, first_stage, second_stage))
    message(f"1/4  rendering {identities} synthetic people, 4 cameras")
    with progress("rendering") as on_progress:
        dataset = write_synthetic(
            out / "people",
            identities=identities,
            test_fraction=_TEST_FRACTION,
            on_progress=on_progress,
        )
    real = _train(teacher, dataset, out / "teacher")
    stage1 = _train(first_stage, dataset, out / "stage1", teacher=real)
    run = _train(second_stage, dataset, out / "run", init=stage1, teacher=real)
    message("3/4  converting to LCE and ONNX, with the parity gate")
    bundle = _convert(run, out / "bundle", dataset)
    twin = _convert_twin(real, out / "real")
    message("4/4  ranking the test people")
    records = [_histogram(dataset), *bundle.manifest["metrics"]]
    _draw(bundle, dataset, out / "ranked.png")
    found = _compare(twin, bundle, dataset)
    _report(records, found, bundle, run, dataset, time.perf_counter() - began, as_json)


def _require_people(identities: int, recipes: "Sequence[Recipe]") -> None:
    """Refuse, before anything is rendered, fewer people than a batch of training takes."""
    from bireid_deploy.data.synthetic import train_identities

    batches = [each.batch.identities for each in recipes if each.batch.sampling == "identity"]
    needed = max(batches, default=0)
    if train_identities(identities, _TEST_FRACTION) >= needed:
        return
    enough = (n for n in count(identities) if train_identities(n, _TEST_FRACTION) >= needed)
    raise click.UsageError(
        f"--identities {identities}: {train_identities(identities, _TEST_FRACTION)} of them train, "
        f"and a batch takes {needed}; give --identities {next(enough)} or more, or "
        f"--set batch.identities={train_identities(identities, _TEST_FRACTION)}"
    )


def _train(
    recipe: "Recipe",
    dataset: "ReIdDataset",
    run: Path,
    init: Path | None = None,
    teacher: Path | None = None,
) -> Path:
    from bireid_deploy import api
    from bireid_deploy.cli.training_progress import training_reporter
    from bireid_deploy.errors import TrainingError
    from bireid_deploy.trained_run import read_recipe
    from bireid_deploy.training.recipe import differences
    from bireid_deploy.training.run_directory import RunDirectory

    resume = (run / "run.json").exists()
    if resume and RunDirectory(run).read_record()["finished"]:
        changed = differences(read_recipe(RunDirectory(run)), recipe)
        if changed:
            raise TrainingError(
                f"{run}: trained with another recipe (changed: {', '.join(changed)}); remove it or "
                "choose another --out"
            )
        message(f"2/4  {run} is trained already; remove it to train again")
        return run
    images = len(dataset.train)
    message(f"2/4  training '{recipe.name}' on {images} images, {recipe.optimizer.epochs} epochs")
    result = api.train(
        recipe,
        dataset,
        run,
        init=init,
        teacher=teacher,
        resume=resume,
        reporting=training_reporter,
        decoding=lambda: progress("decoding"),
        quiet=quiet_native_output,
    )
    for line in result.advice:
        message(line)
    return run


def _convert(run: Path, out: Path, dataset: "ReIdDataset") -> "Bundle":
    from bireid_deploy import api

    with quiet_native_output() as terminal:
        return api.convert(
            run,
            out,
            data=dataset,
            licences={"weights": "Apache-2.0", "training_data": "rendered, no real person"},
            on_progress=lambda stage: terminal(f"     {stage}"),
        )


def _convert_twin(run: Path, out: Path) -> "Bundle":
    """The real-valued twin in the formats that it is compared in."""
    from bireid_deploy import api

    with quiet_native_output() as terminal:
        return api.convert(
            run,
            out,
            formats=[entry.name for entry in FORMATS if entry.peer],
            licences={"weights": "Apache-2.0", "training_data": "rendered, no real person"},
            on_progress=lambda stage: terminal(f"     {stage} the real-valued twin"),
        )


def _compare(twin: "Bundle", bundle: "Bundle", dataset: "ReIdDataset") -> "Comparison":
    from bireid_deploy import api

    models = {name: twin.file(name) for name in twin.formats} | {"1-bit": bundle.path}
    return api.compare(models, dataset, quiet=quiet_native_output)


def _histogram(dataset: "ReIdDataset") -> dict[str, Any]:
    from bireid_deploy import api

    return api.evaluate("histogram", dataset).to_json()


def _draw(bundle: "Bundle", dataset: "ReIdDataset", picture: Path) -> None:
    from bireid_deploy import api

    api.evaluate(bundle.path, dataset, options={"draw": picture}, quiet=quiet_native_output)
    message(f"ranked lists of eight people: {picture}")


def _report(
    records: list[dict[str, Any]],
    found: "Comparison",
    bundle: "Bundle",
    run: Path,
    dataset: "ReIdDataset",
    seconds: float,
    as_json: bool,
) -> None:
    from bireid_deploy.cli.comparison_table import emit_comparison

    files = {"keras": run / "checkpoint.npz"}
    files |= {each.name: each.file_in(bundle) for each in BACKENDS}
    for record in records:
        file = files.get(record["engine"])
        record["bytes"] = None if file is None else file.stat().st_size
    if as_json:
        emit_json(
            {
                "data": dataset.name,
                "engines": records,
                "comparison": found.to_json(),
                "bundle": str(bundle.path),
                "seconds": seconds,
            }
        )
        return
    rows = [
        (
            _LABELS.get(record["engine"], record["engine"]),
            f"{100 * record['mean_average_precision']:.1f}",
            f"{100 * record['rank_1']:.1f}",
            "-" if record["bytes"] is None else f"{record['bytes'] / 1e6:.2f}",
            f"{record['images_per_second']:.0f}",
            f"{record['agreeing_share']:.0%}" if "agreeing_share" in record else "-",
        )
        for record in records
    ]
    columns = ("engine", "mAP", "rank-1", "MB", "embeddings/s", "crops equal to Keras")
    queries, gallery = (dataset.summary()[split].images for split in ("query", "gallery"))
    emit_table(f"Synthetic people, {queries} queries, {gallery} gallery images", columns, rows)
    emit_comparison(found)
    message(f"bundle: {bundle.path}   ({seconds:.0f} s in all)")
    message(f"next: bireid-deploy report {bundle.path} --data {dataset.root} -o report.html")


_LABELS = {
    "keras": "Keras, checkpoint with optimiser",
    "native": "bireid, model.lce.tflite",
    "litert": "LiteRT + bireid, model.lce.tflite",
    "onnx": "ONNX Runtime, model.onnx",
    "lce": "LCE reference, model.lce.tflite",
}
