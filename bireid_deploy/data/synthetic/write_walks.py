"""Writes rendered sequences in the layout of OTB, once."""

from collections.abc import Callable
from pathlib import Path

from bireid_deploy.data.sequences import SequenceDataset, open_sequences
from bireid_deploy.data.sequences.otb import BOXES, COVER, FRAMES
from bireid_deploy.data.synthetic.once import write_once
from bireid_deploy.data.synthetic.walks import WALKS_VERSION, render_walk
from bireid_deploy.errors import DatasetError

_QUALITY = 90


def write_walks(
    root: str | Path,
    *,
    train: int,
    test: int,
    frames: int = 30,
    size: tuple[int, int] = (192, 256),
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> SequenceDataset:
    """Renders sequences of one target each, or reuses identical ones.

    The data set appears at once, complete, or not at all.

    Args:
        root: Folder to make; its parents are made too.
        train: Sequences to train with.
        test: Sequences to measure on; no target is in both.
        frames: Frames of each.
        size: (height, width) of a frame, pixels.
        seed: Seed of everything, not negative.
        on_progress: Called with (frames done, frames in all) after each frame.

    Returns:
        The data set, opened.

    Raises:
        DatasetError: A parameter is out of range; `root` holds something else, or sequences of
            other parameters or that were changed since; or it cannot be written.
    """
    identity = {
        "walks_version": WALKS_VERSION,
        "train": train,
        "test": test,
        "frames": frames,
        "height": size[0],
        "width": size[1],
        "seed": seed,
    }
    for name, low, high in (
        ("train", 1, 100_000),
        ("test", 1, 100_000),
        ("frames", 2, 10_000),
        ("height", 64, 2048),
        ("width", 64, 2048),
        ("seed", 0, 2**63 - 1),
    ):
        if not low <= identity[name] <= high:
            raise DatasetError(
                f"rendered sequences: {name} is {identity[name]}, outside {low} to {high}"
            )

    def write(folder: Path) -> int:
        total, done = (train + test) * frames, 0
        for number in range(train + test):
            split = "train" if number < train else "test"
            place = folder / split / f"walk{number + 1:05d}"
            (place / FRAMES).mkdir(parents=True)
            boxes: list[tuple[int, ...]] = []
            covers: list[int] = []
            for frame in render_walk(seed, number, frames, size):
                path = place / FRAMES / f"{len(boxes) + 1:04d}.jpg"
                frame.picture.save(path, quality=_QUALITY)
                boxes.append(frame.box)
                covers.append(frame.cover)
                done += 1
                if on_progress is not None:
                    on_progress(done, total)
            lines = (",".join(map(str, box)) for box in boxes)
            (place / BOXES).write_text("\n".join([*lines, ""]))
            (place / COVER).write_text("\n".join([*map(str, covers), ""]))
        return total

    write_once(Path(root), "rendered sequences", identity, write)
    return open_sequences(Path(root))
