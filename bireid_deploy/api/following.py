"""`follow` as a function."""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bireid_runtime import TrackedBox, Tracker
from bireid_runtime.errors import ImageError
from bireid_runtime.files import atomic_file

from bireid_deploy.api.training import Quiet
from bireid_deploy.data.folders import LeftOut
from bireid_deploy.errors import DatasetError
from bireid_deploy.tasks.base import Progress
from bireid_deploy.training.interruption import interruption

_TEXT_SUFFIX = ".txt"


@dataclass(frozen=True)
class FollowedTarget:
    """Where a target was.

    Attributes:
        frames: Names of the frames.
        found: Where it is in each; in the first as it was given, with a score of 1.
        fingerprint: Identifies the network.
        backend: Back end that ran it.
        left_out: What else lies among the frames, with the reason.
        ended: Why it ended before the last frame; None if it did not.
        interrupted: Whether Ctrl-C or SIGTERM ended it.
    """

    frames: tuple[str, ...]
    found: tuple[TrackedBox, ...]
    fingerprint: str
    backend: str
    left_out: LeftOut = ()
    ended: str | None = None
    interrupted: bool = False

    def to_json(self) -> list[dict[str, Any]]:
        """Per frame `frame`, `bbox` (left, top, width, height, 0 at the edge) and `score`."""
        return [
            {"frame": name, "bbox": list(each.box), "score": each.score}
            for name, each in zip(self.frames, self.found, strict=True)
        ]

    def to_text(self) -> str:
        """Left, top, width, height by line, as OTB has them: 1 is the first pixel."""
        lines = (
            f"{left + 1:.3f},{top + 1:.3f},{width:.3f},{height:.3f}\n"
            for left, top, width, height in (each.box for each in self.found)
        )
        return "".join(lines)

    def save(self, path: Path) -> None:
        """Write `to_text` if the name ends in `.txt`, else `to_json`.

        An interrupted write leaves the old file.
        """
        is_text = path.suffix.lower() == _TEXT_SUFFIX
        content = self.to_text() if is_text else json.dumps(self.to_json(), indent=1) + "\n"
        with atomic_file(path) as file:
            file.write(content.encode())


def follow(
    bundle: Path | str,
    source: Path | str,
    box: Sequence[float],
    *,
    draw: Path | str | None = None,
    backend: str = "auto",
    threads: int = 1,
    on_progress: Progress | None = None,
    quiet: Quiet = nullcontext,
) -> FollowedTarget:
    """Follow one target through frames.

    A frame behind the first one that cannot be read, Ctrl-C and SIGTERM end it: what was found
    until then is returned, and `ended` says why there is no more.

    Args:
        bundle: Bundle with a tracker.
        source: Folder of frames, sorted by name, or a video file.
        box: Left, top, width and height of the target in the first frame; 0 is its edge.
        draw: GIF file or folder for frames with boxes; None draws nothing.
        backend: Back end that runs the bundle.
        threads: Threads of that back end.
        on_progress: Called with (frames done, frames in all).
        quiet: Wraps what native libraries write while they start.

    Raises:
        DatasetError: `source` does not exist or holds no frame, or its first one cannot be decoded.
        ImageError: The same of a folder's first frame.
        ArgumentError: `box` cannot be a target.
        MissingPackageError: A video, and PyAV is not installed.
        BireidError: The bundle cannot be opened, or follows nothing.
    """
    from bireid_deploy.data.frames import list_frames, read_frames
    from bireid_deploy.evaluation.drawn_tracks import DrawnTrack, draw_track

    source = Path(source)
    listed = list_frames(source)
    total = None if listed is None else len(listed.files)
    with quiet():
        tracker = Tracker.open(bundle, backend=backend, threads=threads)
    drawn = None if draw is None else DrawnTrack(Path(draw))
    names: list[str] = []
    found: list[TrackedBox] = []
    ended: str | None = None
    with interruption() as is_stopped:
        try:
            for frame in read_frames(source):
                each = _next_box(tracker, frame.pixels, None if names else box)
                names.append(frame.name)
                found.append(each)
                if drawn is not None:
                    drawn.add(draw_track(frame.pixels, each.box, each.score))
                if on_progress is not None:
                    on_progress(len(names), max(len(names), total or 0))
                if is_stopped():
                    break
        except (DatasetError, ImageError) as error:
            if not names:
                raise
            ended = str(error)
        interrupted = is_stopped()
    if drawn is not None:
        drawn.finish()
    return FollowedTarget(
        tuple(names),
        tuple(found),
        tracker.fingerprint,
        tracker.backend,
        () if listed is None else listed.left_out,
        "interrupted" if interrupted else ended,
        interrupted,
    )


def _next_box(tracker: Tracker, pixels: np.ndarray, given: Sequence[float] | None) -> TrackedBox:
    """Where the target is; in the first frame as it was given."""
    if given is None:
        return tracker.update(pixels)
    tracker.start(pixels, given)
    left, top, width, height = map(float, given)
    return TrackedBox((left, top, width, height), 1.0)
