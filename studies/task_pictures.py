"""Draw what the zoo's detector, tracker and classifier of point clouds find in rendered data.

    python studies/task_pictures.py

Writes docs/figures/tasks.jpg: a row for each of the three, none of whose data they have seen.
"""

import tempfile
from collections.abc import Sequence
from pathlib import Path

import click
import numpy as np
from bireid_runtime import Detector, PointClassifier, Tracker
from bireid_runtime.images import load_image
from PIL import Image, ImageDraw

from bireid_deploy.data.clouds.shapes import SHAPES, sample_shape
from bireid_deploy.data.synthetic.write_street import write_street
from bireid_deploy.data.synthetic.write_walks import write_walks
from bireid_deploy.evaluation.drawn_boxes import draw_boxes
from bireid_deploy.evaluation.drawn_tracks import draw_track

ROOT = Path(__file__).parents[1]
ZOO = ROOT / "models" / "zoo"
TILE, GAP, COLUMNS, SEED = 200, 4, 5, 2026


@click.command()
def main() -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as name:
        rows = [_streets(Path(name)), _walk(Path(name)), _clouds()]
    step = TILE + GAP
    sheet = Image.new("RGB", (COLUMNS * step - GAP, len(rows) * step - GAP), "white")
    for row, tiles in enumerate(rows):
        for column, tile in enumerate(tiles):
            sheet.paste(
                tile.resize((TILE, TILE), Image.Resampling.LANCZOS), (column * step, row * step)
            )
    path = ROOT / "docs" / "figures" / "tasks.jpg"
    sheet.save(path, quality=85)
    click.echo(str(path))


def _streets(folder: Path) -> Sequence[Image.Image]:
    dataset = write_street(folder / "street", train=1, test=COLUMNS, seed=SEED)
    detector = Detector.open(next(ZOO.glob("detector_*")))
    paths = [each.path for each in dataset.test]
    return [
        draw_boxes(path, found) for path, found in zip(paths, detector.detect(paths), strict=True)
    ]


def _walk(folder: Path) -> Sequence[Image.Image]:
    dataset = write_walks(folder / "walks", train=1, test=1, frames=60, size=(240, 240), seed=SEED)
    (sequence,) = dataset.test
    tracker = Tracker.open(next(ZOO.glob("tracker_*")))
    left, top, width, height = sequence.boxes[0].tolist()
    tiles = []
    for number, path in enumerate(sequence.frames):
        frame = load_image(path)
        if number == 0:
            # The data set counts pixels from 1.
            tracker.start(frame, (left - 1, top - 1, width, height))
            continue
        found = tracker.update(frame)
        if number % (len(sequence.frames) // COLUMNS) == 1:
            tiles.append(draw_track(frame, found.box, found.score))
    return tiles[:COLUMNS]


def _clouds() -> Sequence[Image.Image]:
    classifier = PointClassifier.open(next(ZOO.glob("pointnet-*")))
    rng = np.random.default_rng(SEED)
    names = list(SHAPES)[:: len(SHAPES) // COLUMNS][:COLUMNS]
    clouds = [sample_shape(name, 2048, rng) for name in names]
    return [
        _cloud(cloud, best.name if best.name == name else f"{best.name}? it is a {name}")
        for cloud, name, (best,) in zip(
            clouds, names, classifier.predict(clouds, top=1), strict=True
        )
    ]


def _cloud(points: np.ndarray, name: str) -> Image.Image:
    """From above and the side; nearer points are darker."""
    turned = points - points.mean(axis=0)
    turned = turned @ _rotation(0.6, 1) @ _rotation(0.4, 0)
    turned = turned / np.abs(turned).max() * 0.4
    picture = Image.new("RGB", (TILE, TILE), "white")
    draw = ImageDraw.Draw(picture)
    for x, y, z in turned[np.argsort(turned[:, 2])]:
        shade = round(170 - 300 * (z + 0.25))
        place = (TILE * (0.5 + x), TILE * (0.5 - y))
        draw.ellipse(
            [place[0] - 1, place[1] - 1, place[0] + 1, place[1] + 1], (30, 90, max(90, shade))
        )
    draw.text((6, 4), name, fill=(0, 0, 0))
    return picture


def _rotation(angle: float, axis: int) -> np.ndarray:
    a, b = [each for each in range(3) if each != axis]
    matrix = np.eye(3)
    matrix[a, a] = matrix[b, b] = np.cos(angle)
    matrix[a, b], matrix[b, a] = np.sin(angle), -np.sin(angle)
    return matrix


if __name__ == "__main__":
    main()
