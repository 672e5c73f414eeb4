"""IDF1, MOTA and HOTA, and people across cameras."""

import numpy as np
import pytest

from bireid_deploy.data.mot import NO_BOXES, MotBoxes
from bireid_deploy.evaluation.track_scores import score_tracks
from bireid_deploy.evaluation.watch_scores import score_watch


def _boxes(*numbered: tuple[int, float]) -> MotBoxes:
    """Boxes of 40 x 80 pixels, by their numbers and left sides."""
    corners = [[left, 0.0, left + 40, 80.0] for _, left in numbered]
    numbers = np.array([number for number, _ in numbered], np.int64)
    return MotBoxes(numbers, np.array(corners).reshape(-1, 4), np.ones(len(numbered)))


def _drawn(seed: int) -> list[tuple[MotBoxes, MotBoxes]]:
    """People who walk, and tracks that miss, drift, swap and invent."""
    rng = np.random.default_rng(seed)
    count = 4
    place, speed = rng.random((count, 2)) * 200, rng.normal(0, 4, (count, 2))
    alias, frames = np.arange(count) + 10, []
    for _ in range(30):
        place = place + speed
        if rng.random() < 0.15:
            one, other = rng.integers(count, size=2)
            alias[[one, other]] = alias[[other, one]]
        corners = np.concatenate([place, place + np.array([40, 80])], axis=1)
        found = corners + rng.normal(0, 6, corners.shape)
        there, seen = rng.random(count) < 0.9, rng.random(count) < 0.8
        frames.append(
            (
                MotBoxes(np.arange(count)[there] + 1, corners[there], np.ones(there.sum())),
                MotBoxes(alias[seen].copy(), found[seen], np.ones(seen.sum())),
            )
        )
    return frames


def test_perfect_tracks_score_one_and_none_score_nothing():
    truth = [_boxes((1, 0.0 + frame), (2, 200.0)) for frame in range(5)]
    named = [_boxes((7, 0.0 + frame), (9, 200.0)) for frame in range(5)]
    best = score_tracks(list(zip(truth, named, strict=True)))
    assert (best.mota, best.idf1, best.hota, best.switches) == (1, 1, pytest.approx(1), 0)
    none = score_tracks([(each, NO_BOXES) for each in truth])
    assert (none.mota, none.idf1, none.hota, none.missed, none.false) == (0, 0, 0, 10, 0)


def test_a_switch_and_a_false_box_count():
    frames = [(_boxes((1, 0.0)), _boxes((5 if frame < 6 else 6, 0.0))) for frame in range(10)]
    frames[0] = (frames[0][0], _boxes((5, 0.0), (8, 300.0)))
    found = score_tracks(frames)
    assert (found.switches, found.false, found.missed) == (1, 1, 0)
    assert found.mota == pytest.approx(0.8)
    assert found.idf1 == pytest.approx(2 * 6 / 21)


# TrackEval 1.3.0 gave these for the same boxes.
@pytest.mark.parametrize(
    ("seed", "expected"),
    [
        (
            0,
            {
                "hota": 0.300416764162,
                "det_a": 0.505529291338,
                "ass_a": 0.180290712456,
                "mota": 0.564814814815,
                "switches": 10,
                "missed": 26,
                "false": 11,
                "idf1": 0.467661691542,
            },
        ),
        (
            3,
            {
                "hota": 0.319934683949,
                "det_a": 0.501112116477,
                "ass_a": 0.204960822437,
                "mota": 0.609090909091,
                "switches": 5,
                "missed": 26,
                "false": 12,
                "idf1": 0.466019417476,
            },
        ),
    ],
)
def test_scores_are_those_of_trackeval(seed, expected):
    found = score_tracks(_drawn(seed))
    for name, value in expected.items():
        assert getattr(found, name) == pytest.approx(value, abs=1e-9)


def test_people_are_found_across_cameras_or_joined():
    truth = {
        "a": {1: _boxes((1, 0.0), (2, 100.0), (3, 200.0)), 2: _boxes((1, 0.0))},
        "b": {1: _boxes((1, 0.0), (2, 100.0), (3, 200.0))},
    }
    found = {
        "a": {1: _boxes((1, 0.0), (2, 100.0), (3, 200.0)), 2: _boxes((1, 0.0), (4, 400.0))},
        "b": {1: _boxes((1, 0.0), (2, 100.0), (3, 200.0))},
    }
    people = {
        ("a", 1): 1, ("a", 2): 2, ("a", 3): 3, ("a", 4): None,
        ("b", 1): 1, ("b", 2): 3, ("b", 3): None,
    }  # fmt: skip
    scores = score_watch(truth, found, people)
    assert (scores.pairs, scores.found, scores.joined) == (3, 1, 1)
    assert scores.truth["a", 4] == 0
    assert scores.cameras["b"].idf1 == 1
    assert scores.joint.idf1 == pytest.approx(2 * 5 / 15)
    assert scores.joint.boxes == 7
