"""Watch rendered scenes with a 1-bit network and its real-valued twin, for docs/results.md.

    python studies/watched_twins.py ONE_BIT REAL --data PEOPLE [--detector BUNDLE]

Both decide at one false-match rate, measured on the test half of PEOPLE, and see the same scenes.
"""

import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, pstdev

import click
from record_output import write_record

from bireid_deploy.api import calibrate, who

RESULT = Path(__file__).parent / "results" / "watched_twins.json"
FMR = 0.001


@dataclass(frozen=True)
class Scenes:
    """What is watched: scenes of so many people each, whose seeds count from 1."""

    count: int
    people: int
    detector: Path | None


@click.command()
@click.argument("one_bit", type=click.Path(exists=True, path_type=Path))
@click.argument("real", type=click.Path(exists=True, path_type=Path))
@click.option("--data", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--detector", type=click.Path(exists=True, path_type=Path), help="Bundle for boxes.")
@click.option("--scenes", default=5, show_default=True)
@click.option("--people", default=12, show_default=True)
def main(
    one_bit: Path, real: Path, data: Path, detector: Path | None, scenes: int, people: int
) -> None:
    """Write the means over the scenes."""
    wanted = Scenes(scenes, people, detector)
    bundles = {"1-bit": one_bit, "real-valued": real}
    same = {name: _threshold(bundle, data) for name, bundle in bundles.items()}
    record = {
        "scenes": scenes,
        "people": people,
        "detector": None if detector is None else detector.name,
        "fmr": FMR,
        "networks": {
            name: {"bundle": bundles[name].name, "threshold": same[name], **figures}
            for name, figures in _watched(bundles, same, wanted).items()
        },
    }
    write_record(record, RESULT)


def _threshold(bundle: Path, data: Path) -> float:
    """The lowest score that keeps to the false-match rate."""
    with tempfile.TemporaryDirectory() as folder:
        # What is measured is kept in the bundle.
        copy = shutil.copytree(bundle, Path(folder, "bundle"))
        (row,) = calibrate(copy, data, fmrs=[FMR]).scores.people
    return row.threshold


def _watched(
    bundles: Mapping[str, Path], same: Mapping[str, float], scenes: Scenes
) -> dict[str, dict[str, tuple[float, float]]]:
    """Per network, mean and deviation over the scenes of what `who` says."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in bundles}
    for seed in range(1, scenes.count + 1):
        with tempfile.TemporaryDirectory() as name:
            for network, bundle in bundles.items():
                scores = _scores(bundle, Path(name), same[network], seed, scenes)
                found[network].append(scores)
    return {
        network: {
            figure: (fmean(values), pstdev(values))
            for figure in each[0]
            for values in [[scene[figure] for scene in each]]
        }
        for network, each in found.items()
    }


def _scores(bundle: Path, folder: Path, same: float, seed: int, scenes: Scenes) -> dict[str, float]:
    """One scene, rendered by the first that watches it."""
    result = who(
        bundle, folder, detector=scenes.detector, same=same, people=scenes.people, seed=seed
    )
    shutil.rmtree(folder / "watch")
    result.gallery.unlink()
    scores = result.scores
    return {
        "idf1": scores.joint.idf1,
        "hota": scores.joint.hota,
        "found": scores.found / scores.pairs,
        "joined": float(scores.joined),
    }


if __name__ == "__main__":
    main()
