"""Which box is whose: assignment, motion and tracks of one camera."""

from itertools import permutations

import numpy as np
import pytest
from bireid_runtime.errors import ArgumentError
from bireid_runtime.watching.assignment import assign
from bireid_runtime.watching.association import AssociationRules, Associator
from bireid_runtime.watching.best_crops import BestCrops, qualities
from bireid_runtime.watching.motion import Motion


def _box(left: float, top: float = 50, width: float = 40, height: float = 100) -> list[float]:
    return [left, top, left + width, top + height]


def _run(associator: Associator, frames: dict[int, list[tuple[list[float], float]]]) -> dict:
    """Per frame the track numbers of its boxes."""
    numbers = {}
    for frame, boxes in frames.items():
        found = associator.update(
            np.array([box for box, _ in boxes]).reshape(-1, 4),
            np.array([score for _, score in boxes]),
            frame,
        )
        numbers[frame] = [None if each is None else each.number for each in found.tracks]
    return numbers


@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (2, 5), (5, 2), (4, 4), (0, 3), (3, 0)])
def test_no_assignment_costs_less(shape):
    rng = np.random.default_rng(shape)
    for _ in range(20):
        costs = rng.integers(0, 6, shape) / 3
        rows, columns = assign(costs)
        short, long = sorted(shape)
        wide = costs if shape[0] <= shape[1] else costs.T
        least = min(
            sum(wide[row, column] for row, column in enumerate(order))
            for order in permutations(range(long), short)
        )
        assert len(set(rows)) == len(set(columns)) == len(rows) == short
        assert list(rows) == sorted(rows)
        assert costs[rows, columns].sum() == pytest.approx(least)


def test_a_filter_learns_a_speed():
    motion = Motion(np.array(_box(0.0)))
    for step in range(1, 40):
        motion.predict(1)
        motion.correct(np.array(_box(5.0 * step)))
    expected = motion.predict(4)
    np.testing.assert_allclose(expected, _box(5.0 * 43), atol=1.0)


def test_two_who_pass_each_other_keep_their_numbers():
    frames = {
        frame: [(_box(10.0 * frame), 0.9), (_box(300 - 10.0 * frame, top=70), 0.9)]
        for frame in range(31)
    }
    numbers = _run(Associator(), frames)
    assert numbers[1] == [0, 0]
    assert all(numbers[frame] == [1, 2] for frame in range(2, 31))


def test_unsure_boxes_continue_a_track_and_start_none():
    frames = {frame: [(_box(3.0 * frame), 0.9)] for frame in range(5)}
    frames |= {frame: [(_box(3.0 * frame), 0.2), (_box(500), 0.2)] for frame in range(5, 12)}
    numbers = _run(Associator(), frames)
    assert all(numbers[frame] == [1, None] for frame in range(5, 12))


def test_a_track_outlives_a_gap_and_ends_after_its_patience():
    associator = Associator(AssociationRules(patience=10))
    _run(associator, {frame: [(_box(4.0 * frame), 0.9)] for frame in range(6)})
    # Frames that were dropped count as time.
    assert _run(associator, {13: [(_box(52.0), 0.9)]}) == {13: [1]}
    ended = associator.update(np.empty((0, 4)), np.empty(0), 23).ended
    assert ended == []
    (track,) = associator.update(np.empty((0, 4)), np.empty(0), 24).ended
    assert (track.number, track.boxes, track.last) == (1, 7, 13)


def test_what_flickers_never_counts():
    associator = Associator()
    for frame in range(0, 20, 2):
        assert _run(associator, {frame: [(_box(100), 0.9)], frame + 1: []})[frame] == [0]
    assert associator.close() == []
    assert associator.next_number == 1


def test_tracks_beyond_the_most_are_counted():
    associator = Associator(AssociationRules(most_tracks=2))
    numbers = _run(associator, {0: [(_box(100.0 * each), 0.9) for each in range(5)]})
    assert numbers[0] == [0, 0, None, None, None]
    assert associator.refused == 3


def test_frames_come_in_order():
    associator = Associator()
    _run(associator, {3: []})
    with pytest.raises(ArgumentError, match="frame 3 does not come after 3"):
        _run(associator, {3: []})
    with pytest.raises(ArgumentError, match="patience is 0"):
        AssociationRules(patience=0)


def test_a_whole_tall_lone_box_shows_most():
    corners = np.array(
        [_box(100, height=200), _box(-20, height=200), _box(300, height=64), _box(400), _box(420)],
        np.float64,
    )
    whole, cut, low, *overlapped = qualities(corners, np.ones(5), (480, 640))
    assert whole == 1
    assert cut == pytest.approx(0.25)
    assert low == pytest.approx(0.5)
    assert max(overlapped) < 0.7


def test_the_best_crops_are_kept_and_spread_over_the_track():
    crops = BestCrops(3)
    picture = np.zeros((100, 100, 3), np.uint8)
    for frame in range(400):
        picture[:] = frame % 256
        quality = 0.9 if frame in (30, 210) else 0.5 if frame == 209 else 0.1
        crops.offer(picture, np.array([-5.0, 10.5, 20.2, 200.0]), quality, frame, float(frame))
        assert len(crops.kept) <= 3
    frames = [each.frame for each in crops.kept]
    assert {30, 210} <= set(frames)
    assert min(np.diff(frames)) > 50
    # A copy of what is inside of the frame.
    assert crops.kept[0].pixels.shape == (90, 21, 3)
    assert (crops.kept[0].pixels == crops.kept[0].frame % 256).all()
    assert crops.best().quality == 0.9
