"""Measure the runs of an experiment on data that they were not trained on.

    python studies/record_elsewhere.py EXPERIMENT --data DIR --name NAME [--adapt LEVELS]...

Every finished run is evaluated on DIR, the task's own way; those of re-identification against the
other cameras' images alone, too. With --adapt each 1-bit run, which alone
becomes a bundle that knows cameras, is adapted to the crops of --crops too, without their labels,
and gets a row of its own. Records go to EXPERIMENT/elsewhere/NAME and belong into
studies/results/experiments/GRID@NAME, where `make results` finds them.
"""

import json
import tempfile
from pathlib import Path
from typing import Any

import click

from bireid_deploy.cli.native_output import quiet_native_output

# Levels of `adapt` by what a row is called.
LEVELS = {
    "camera": (("camera",), "mean of each camera taken out"),
    "norm": (("norm",), "batch normalisation of each camera"),
    "norm+camera": (("norm", "camera"), "batch normalisation and mean of each camera"),
    "cluster+norm+camera": (
        ("cluster", "norm", "camera"),
        "trained on clusters, then both of these",
    ),
}
# What is measured against the other cameras alone.
_RANKED = ("mean_average_precision", "rank_1")


@click.command()
@click.argument("experiment", type=click.Path(path_type=Path))
@click.option("--data", required=True, type=click.Path(path_type=Path))
@click.option("--name", required=True, help="What the data are called.")
@click.option("--only", multiple=True, help="Names of runs; all without.")
@click.option("--adapt", "levels", multiple=True, type=click.Choice(list(LEVELS)))
@click.option("--crops", type=click.Path(path_type=Path), help="What to adapt to.")
def main(
    experiment: Path,
    data: Path,
    name: str,
    only: tuple[str, ...],
    levels: tuple[str, ...],
    crops: Path | None,
) -> None:
    """Write a record per run, and one per run and --adapt."""
    from bireid_deploy.experiments.folder import ExperimentFolder

    if levels and crops is None:
        raise click.UsageError("--adapt needs --crops")
    folder = ExperimentFolder(experiment)
    for path in sorted(folder.result("x").parent.glob("*.json")):
        record = folder.read_result(path.stem)
        if only and record["run"] not in only:
            continue
        run = folder.run(path.stem).path
        _write(experiment, name, record, _measure(run, data), data)
        if record["recipe"]["network"]["precision"] != "binary":
            continue
        for level in levels:
            wanted, label = LEVELS[level]
            adapted = {
                "run": f"{record['run']}-{level}",
                "label": f"{record['label']}; {label}",
                "converted_from": record["run"],
            }
            metrics = _measure_adapted(run, crops, data, wanted)
            _write(experiment, name, record | adapted, metrics, data)


def _measure(model: Path, data: Path) -> dict[str, Any]:
    from bireid_deploy import api

    with quiet_native_output():
        report = api.evaluate(model, data).report
        scores = dict(report.scores)
        if "mean_average_precision" in scores:
            options = {"gallery_cameras": "other"}
            others = api.evaluate(model, data, options=options).report.scores
            scores |= {f"other_cameras_{key}": others[key] for key in _RANKED}
    return scores


def _measure_adapted(
    run: Path, crops: Path | None, data: Path, levels: tuple[str, ...]
) -> dict[str, Any]:
    from bireid_deploy import api

    assert crops is not None
    with tempfile.TemporaryDirectory() as scratch, quiet_native_output():
        bundle = Path(scratch, "bundle")
        api.adapt(run, crops, bundle, levels=levels, name="adapted")
        return _measure(bundle, data)


def _write(
    experiment: Path, name: str, record: dict[str, Any], metrics: dict[str, Any], data: Path
) -> None:
    from bireid_deploy.experiments.data import open_data
    from bireid_deploy.experiments.kinds import FolderData
    from bireid_deploy.experiments.record import write_json

    section = FolderData(kind=record["recipe"]["task"])
    described = {**open_data(section, data, data).description, "name": name}
    folder = experiment / "elsewhere" / name
    folder.mkdir(parents=True, exist_ok=True)
    measured = record | {
        "metrics": metrics,
        "trained_on": record["data"],
        "data": described,
        "history": {},
    }
    measured.pop("schema_version", None)
    write_json(folder / f"{record['run']}-seed{record['seed']}.json", measured)
    click.echo(json.dumps({"run": record["run"], "seed": record["seed"], **_first(metrics)}))


def _first(metrics: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in list(metrics.items())[:3] if isinstance(value, float)}


if __name__ == "__main__":
    main()
