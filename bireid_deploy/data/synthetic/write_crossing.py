"""Writes rendered videos of several cameras with the truth of MOTChallenge, once."""

from collections.abc import Callable
from pathlib import Path

from bireid_deploy.data.synthetic.crossing import (
    CROSSING_VERSION,
    crossing_frames,
    render_crossing,
)
from bireid_deploy.data.synthetic.once import write_once
from bireid_deploy.errors import DatasetError

_QUALITY = 90
FRAMES_FOLDER = "img1"
TRUTH = "gt/gt.txt"


def write_crossing(
    root: str | Path,
    *,
    people: int = 8,
    cameras: int = 2,
    size: tuple[int, int] = (240, 320),
    seed: int = 0,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Path]:
    """Renders people who pass several cameras, or reuses identical frames.

    Each camera is a folder `camera1`, `camera2`, ... as MOTChallenge has sequences: frames in
    `img1`, truth in `gt/gt.txt`. A person has the same number at all cameras.

    Args:
        root: Folder to make; its parents are made too.
        people: How many people.
        cameras: How many cameras.
        size: (height, width) of a frame, pixels.
        seed: Seed of everything, not negative.
        on_progress: Called with (frames done, frames in all) after each frame.

    Returns:
        The folders of the cameras.

    Raises:
        DatasetError: A parameter is out of range; `root` holds something else, or frames of other
            parameters or that were changed since; or it cannot be written.
    """
    identity = {
        "crossing_version": CROSSING_VERSION,
        "people": people,
        "cameras": cameras,
        "height": size[0],
        "width": size[1],
        "seed": seed,
    }
    for name, low, high in (
        ("people", 1, 1000),
        ("cameras", 1, 9),
        ("height", 64, 2048),
        ("width", 64, 2048),
        ("seed", 0, 2**63 - 1),
    ):
        if not low <= identity[name] <= high:
            raise DatasetError(
                f"rendered cameras: {name} is {identity[name]}, outside {low} to {high}"
            )
    names = [f"camera{number + 1}" for number in range(cameras)]

    def write(folder: Path) -> int:
        total, done = cameras * crossing_frames(people, cameras), 0
        for number, name in enumerate(names):
            place = folder / name
            (place / FRAMES_FOLDER).mkdir(parents=True)
            (place / TRUTH).parent.mkdir()
            lines = []
            frames = render_crossing(seed, number, cameras, people, size)
            for index, frame in enumerate(frames, start=1):
                path = place / FRAMES_FOLDER / f"{index:06d}.jpg"
                frame.picture.save(path, quality=_QUALITY)
                for box in frame.boxes:
                    left, top, right, bottom = box.corners
                    lines.append(
                        f"{index},{box.person},{left + 1},{top + 1},{right - left},{bottom - top},"
                        f"1,1,{box.visible:.3f}\n"
                    )
                done += 1
                if on_progress is not None:
                    on_progress(done, total)
            (place / TRUTH).write_text("".join(lines))
        return total

    write_once(Path(root), "rendered cameras", identity, write)
    return [Path(root) / name for name in names]
