"""Writes clouds of ten shapes as a data set in ModelNet's layout, once."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from bireid_deploy.data.clouds.dataset import NAMES_FILE, CloudDataset, open_cloud_dataset
from bireid_deploy.data.clouds.hdf5 import write_clouds
from bireid_deploy.data.clouds.shapes import SHAPES, sample_shape
from bireid_deploy.data.synthetic.once import write_once
from bireid_deploy.errors import DatasetError

SHAPES_VERSION = 1

_MAX_CLOUDS = 100_000


def write_shapes(
    root: str | Path,
    *,
    train: int,
    test: int,
    size: int = 2048,
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> CloudDataset:
    """Makes clouds of ten shapes, or reuses identical ones.

    The data set appears at once, complete, or not at all.

    Args:
        root: Folder to make; its parents are made too.
        train: Clouds of each shape to train with.
        test: Clouds of each shape to measure on.
        size: Points of a cloud.
        seed: Seed of everything, not negative.
        on_progress: Called with (clouds done, clouds in all) after each cloud.

    Returns:
        The data set, opened.

    Raises:
        DatasetError: A parameter is out of range; `root` holds something else, or clouds of other
            parameters or that were changed since; or it cannot be written.
        MissingPackageError: h5py is not installed.
    """
    for name, value, low, high in (
        ("train", train, 1, _MAX_CLOUDS),
        ("test", test, 1, _MAX_CLOUDS),
        ("size", size, 8, 2**16),
        ("seed", seed, 0, 2**63 - 1),
    ):
        if not low <= value <= high:
            raise DatasetError(f"ten shapes: {name} is {value}, outside {low} to {high}")
    identity = {
        "shapes_version": SHAPES_VERSION,
        "train": train,
        "test": test,
        "size": size,
        "seed": seed,
    }
    names = tuple(SHAPES)
    total = (train + test) * len(names)

    def write(folder: Path) -> int:
        done = 0
        for split, (key, each) in enumerate((("train", train), ("test", test))):
            labels = np.tile(np.arange(len(names), dtype=np.uint8), each)
            clouds = np.empty((len(labels), size, 3), np.float32)
            for index, label in enumerate(labels):
                rng = np.random.default_rng((seed, split, index))
                clouds[index] = sample_shape(names[label], size, rng)
                done += 1
                if on_progress is not None:
                    on_progress(done, total)
            write_clouds(folder / f"ply_data_{key}0.h5", clouds, labels)
            (folder / f"{key}_files.txt").write_text(f"ply_data_{key}0.h5\n")
        (folder / NAMES_FILE).write_text("".join(f"{name}\n" for name in names))
        return total

    write_once(Path(root), "ten shapes", identity, write)
    return open_cloud_dataset(Path(root))
