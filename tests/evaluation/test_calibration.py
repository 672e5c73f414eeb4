"""Thresholds: rates against counting pair by pair, galleries against drawing them all."""

from itertools import combinations

import numpy as np
import pytest

from bireid_deploy.errors import EmbeddingsError
from bireid_deploy.evaluation.calibration import calibrate_scores
from bireid_deploy.evaluation.comparisons import Comparisons
from bireid_deploy.evaluation.embeddings import Embeddings
from bireid_deploy.evaluation.open_set import open_set_rows

CAMERAS = 3


def people(count: int, noise: float = 0.9, dim: int = 16) -> Embeddings:
    """Two images of each person under each camera, shuffled, with junk and a distractor."""
    random = np.random.default_rng(0)
    persons = np.repeat(np.arange(1, count + 1), 2 * CAMERAS)
    cameras = np.tile(np.repeat(np.arange(CAMERAS), 2), count)
    centres = random.normal(size=(count + 1, dim))
    vectors = centres[persons] + noise * random.normal(size=(len(persons), dim))
    persons, cameras = np.append(persons, [-1, 0]), np.append(cameras, [0, 1])
    vectors = np.concatenate([vectors, random.normal(size=(2, dim))]).astype(np.float32)
    order = random.permutation(len(persons))
    return Embeddings(
        vectors[order],
        persons[order].astype(np.int64),
        cameras[order].astype(np.int64),
        tuple(map(str, order)),
    )


def unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def scores_with_people(given: Embeddings) -> list[tuple[int, int, float]]:
    """Person of the probe, person of the template, score; one by one."""
    known = given.person_ids > 0
    rows, ids = unit(given.vectors[known]), given.person_ids[known]
    cameras = given.camera_ids[known]
    found = []
    for row, person, camera in zip(rows, ids, cameras, strict=True):
        for other in np.unique(ids):
            template = unit(rows[(ids == other) & (cameras != camera)].sum(axis=0))
            found.append((int(person), int(other), float(row @ template)))
    return found


def test_rates_are_those_of_all_comparisons_counted_one_by_one() -> None:
    given = people(30)
    found = calibrate_scores(given, [0.1, 0.02])
    counted = scores_with_people(given)
    strangers = np.array([score for one, other, score in counted if one != other])
    mates = np.array([score for one, other, score in counted if one == other])
    assert [row.target for row in found.people] == [0.1, 0.02]
    for row in found.people:
        assert row.fmr.value == pytest.approx((strangers >= row.threshold).mean(), abs=1e-9)
        assert row.tpr.value == pytest.approx((mates >= row.threshold).mean(), abs=1e-9)
        assert row.fmr.value <= row.target
        assert row.fmr.low < row.fmr.value < row.fmr.high
        # A threshold lower by a step would let more through.
        assert (strangers >= row.threshold - 0.0005).mean() > row.target


def test_images_are_compared_with_those_of_other_cameras_alone() -> None:
    given = people(30)
    found = calibrate_scores(given, [0.1])
    assert (found.identities, found.images) == (30, 30 * 2 * CAMERAS)
    assert found.scores.mates.sum() == 30 * (6 * 5 - 3 * 2)
    known = given.person_ids > 0
    rows, ids = unit(given.vectors[known]), given.person_ids[known]
    cross = given.camera_ids[known][:, None] != given.camera_ids[known][None]
    same = ids[:, None] == ids[None]
    high = (rows @ rows.T) >= found.single[0].threshold
    assert found.single[0].fmr.value == pytest.approx(high[cross & ~same].mean(), abs=1e-6)
    assert found.single[0].tpr.value == pytest.approx(high[cross & same].mean(), abs=1e-6)
    pairs = {pair.cameras: pair for pair in found.camera_pairs}
    assert set(pairs) == {(0, 1), (0, 2), (1, 2)}
    cameras = given.camera_ids[known]
    both = (cameras[:, None] == 0) & (cameras[None] == 2)
    assert pairs[0, 2].pairs == both.sum()
    assert pairs[0, 2].tpr == pytest.approx(high[both & same].mean(), abs=1e-6)


def test_rates_of_galleries_are_the_mean_of_all_galleries() -> None:
    given = people(7)
    rows = open_set_rows(Comparisons(given), [3, 50], [0.3])
    (row,) = rows
    assert row.n == 3
    by_probe: dict[int, list[tuple[int, int, float]]] = {}
    counted = scores_with_people(given)
    for place, each in enumerate(counted):
        by_probe.setdefault(place // 7, []).append(each)
    false, missed = [], []
    for scores in by_probe.values():
        own = next(score for one, other, score in scores if one == other)
        others = [score for one, other, score in scores if one != other]
        false += [max(drawn) >= row.threshold for drawn in combinations(others, 3)]
        missed += [own < row.threshold or max(drawn) > own for drawn in combinations(others, 2)]
    assert row.fpir == pytest.approx(np.mean(false), abs=1e-9)
    assert row.fnir == pytest.approx(np.mean(missed), abs=1e-9)
    assert row.fpir <= 0.3


def test_what_the_data_cannot_support_is_refused_with_the_reason() -> None:
    found = calibrate_scores(people(30), [0.1, 1e-4])
    assert [row.target for row in found.people] == [0.1]
    ((target, reason),) = found.refused
    assert target == 1e-4
    assert "bring more people" in reason


def test_an_interval_over_people_is_wider_than_one_over_comparisons() -> None:
    row = calibrate_scores(people(40), [0.1]).people[0]
    comparisons = 40 * 6 * 39
    as_coins = 2 * 1.96 * np.sqrt(row.fmr.value * (1 - row.fmr.value) / comparisons)
    assert row.fmr.high - row.fmr.low > 2 * as_coins


def test_people_under_one_camera_say_nothing() -> None:
    given = people(5)
    alone = Embeddings(
        given.vectors, given.person_ids, np.zeros_like(given.camera_ids), given.names
    )
    with pytest.raises(EmbeddingsError, match="several cameras"):
        calibrate_scores(alone, [0.1])
