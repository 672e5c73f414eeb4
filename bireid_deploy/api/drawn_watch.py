"""Videos of what a watch has found: frames again, with who was there."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bireid_deploy import extras
from bireid_deploy.api.watch_state import SIGHTINGS
from bireid_deploy.data.bounded_text import read_bounded
from bireid_deploy.data.mot import NO_BOXES, MotBoxes, read_mot
from bireid_deploy.data.watched_frames import FrameSource
from bireid_deploy.evaluation.drawn_people import DrawnVideo, draw_people

KINDS = ("mp4", "gif")

_MAX_BYTES = 256 * 1024 * 1024


def draw_watched(out: Path, sources: Sequence[FrameSource], kind: str) -> tuple[str, ...]:
    """Draw all frames of all cameras with the boxes and names that a watch wrote.

    Names are known when a track is over, so this comes behind the watch.

    Args:
        out: Its folder; `NAME.mp4` or `NAME.gif` is written there.
        sources: Its cameras.
        kind: One of `KINDS`.

    Returns:
        Names of the files.

    Raises:
        MissingPackageError: A video, and PyAV is not installed.
        DatasetError: What the watch wrote is damaged.
    """
    if kind == "mp4":
        extras.require("video")
    seen = _read_sightings(out)
    names = []
    for source in sources:
        boxes = read_mot(out / f"{source.name}.txt")
        again = FrameSource(source.name, source.path, source.fps)
        path = out / f"{source.name}.{kind}"
        with DrawnVideo(path, again.rate()) as video:
            for frame in again.frames():
                found = boxes.get(frame.number, NO_BOXES)
                video.add(_draw(frame.pixels, found, seen.get(source.name, {})), frame.number)
        if video.count:
            names.append(path.name)
    return tuple(names)


def _read_sightings(out: Path) -> dict[str, dict[int, dict[str, Any]]]:
    seen: dict[str, dict[int, dict[str, Any]]] = {}
    for line in read_bounded(out / SIGHTINGS, _MAX_BYTES).splitlines():
        each = json.loads(line)
        seen.setdefault(each["camera"], {})[each["track"]] = each
    return seen


def _draw(pixels: Any, boxes: MotBoxes, tracks: dict[int, dict[str, Any]]) -> Any:
    found = [tracks.get(number) for number in boxes.numbers.tolist()]
    people = [None if each is None else each["person"] for each in found]
    return draw_people(pixels, boxes.corners, people, map(_called, found))


def _called(sighting: dict[str, Any] | None) -> str:
    if sighting is None or sighting["person"] is None:
        return "undecided"
    return sighting["label"] or f"person {sighting['person']}"
