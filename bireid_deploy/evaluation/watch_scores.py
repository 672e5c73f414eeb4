"""How well a watch of several cameras matches the truth: tracks, and people across cameras."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from bireid_runtime.boxes import iou
from bireid_runtime.watching import assign

from bireid_deploy.data.mot import NO_BOXES, MotBoxes
from bireid_deploy.evaluation.track_scores import TrackScores, score_tracks

Frames = Mapping[int, MotBoxes]
TrackName = tuple[str, int]
"""Camera, and number of the track."""

_LEAST = 0.5


@dataclass(frozen=True)
class WatchScores:
    """Scores of a watch.

    Attributes:
        cameras: Per camera how well its tracks match.
        joint: The same of all cameras together, with the people of the gallery for tracks.
        pairs: How often somebody passes two cameras: over all people and pairs of cameras.
        found: Of them, those where both longest tracks are one person of the gallery.
        joined: Pairs of tracks of two people that are one person of the gallery.
        truth: Per track the person whom most of its boxes show; 0 if nobody.
    """

    cameras: dict[str, TrackScores]
    joint: TrackScores
    pairs: int
    found: int
    joined: int
    truth: dict[TrackName, int]


def score_watch(
    truth: Mapping[str, Frames],
    found: Mapping[str, Frames],
    people: Mapping[TrackName, int | None],
) -> WatchScores:
    """Score a watch.

    Args:
        truth: Per camera and frame the boxes of people, who have one number at all cameras.
        found: Per camera and frame the boxes of tracks.
        people: Per track the person of the gallery, or None.
    """
    both = {name: _frames(truth[name], found.get(name, {})) for name in truth}
    shown = {
        (name, track): counts for name, frames in both.items() for track, counts in _shown(frames)
    }
    persons = {
        track: counts.most_common(1)[0][0] if counts else 0 for track, counts in shown.items()
    }
    # Of tracks of nobody each is somebody of its own.
    nobody = {track: -1 - index for index, track in enumerate(shown)}
    joint = [
        (true, MotBoxes(_people(name, each, people, nobody), each.corners, each.scores))
        for name, frames in both.items()
        for true, each in frames
    ]
    pairs, hits = _across(shown, persons, people)
    joined = sum(
        persons[first] != persons[second] and people.get(first) == people.get(second)
        for first, second in combinations(persons, 2)
        if people.get(first) is not None
    )
    return WatchScores(
        cameras={name: score_tracks(frames) for name, frames in both.items()},
        joint=score_tracks(joint),
        pairs=pairs,
        found=hits,
        joined=joined,
        truth=persons,
    )


def _frames(truth: Frames, found: Frames) -> list[tuple[MotBoxes, MotBoxes]]:
    last = max((*truth, *found), default=0)
    return [
        (truth.get(frame, NO_BOXES), found.get(frame, NO_BOXES)) for frame in range(1, last + 1)
    ]


def _shown(frames: list[tuple[MotBoxes, MotBoxes]]) -> list[tuple[int, Counter]]:
    """Per track how many of its boxes show whom."""
    counts: dict[int, Counter] = {}
    for true, found in frames:
        for number in found.numbers.tolist():
            counts.setdefault(number, Counter())
        overlap = iou(true.corners, found.corners)
        for row, column in zip(*assign(-overlap), strict=True):
            if overlap[row, column] >= _LEAST:
                counts[int(found.numbers[column])][int(true.numbers[row])] += 1
    return list(counts.items())


def _people(
    camera: str,
    boxes: MotBoxes,
    people: Mapping[TrackName, int | None],
    nobody: Mapping[TrackName, int],
) -> np.ndarray:
    names = [(camera, number) for number in boxes.numbers.tolist()]
    known = [people.get(name) for name in names]
    return np.array(
        [nobody[name] if each is None else each for name, each in zip(names, known, strict=True)],
        np.int64,
    )


def _across(
    shown: Mapping[TrackName, Counter],
    persons: Mapping[TrackName, int],
    people: Mapping[TrackName, int | None],
) -> tuple[int, int]:
    """How often somebody passes two cameras, and how often the gallery says so."""
    longest: dict[tuple[int, str], TrackName] = {}
    for track, counts in shown.items():
        key = (persons[track], track[0])
        best = longest.get(key)
        if persons[track] and (
            best is None or counts[persons[track]] > shown[best][persons[track]]
        ):
            longest[key] = track
    pairs = found = 0
    for first, second in combinations(longest.values(), 2):
        if persons[first] == persons[second]:
            number = people.get(first)
            pairs += 1
            found += number is not None and number == people.get(second)
    return pairs, found
