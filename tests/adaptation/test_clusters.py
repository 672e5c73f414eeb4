"""Clusters and their comparison, against definitions written out plainly."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from bireid_deploy.adaptation.clustering.dbscan import (
    NOISE,
    adjusted_rand_index,
    close_pairs,
    dbscan,
)
from bireid_deploy.adaptation.clustering.proxies import Proxies
from bireid_deploy.evaluation.distances import unit_rows


def _people(people=6, crops=8, noise=0.1, seed=0):
    generator = np.random.default_rng(seed)
    rows = np.repeat(generator.normal(size=(people, 16)), crops, axis=0)
    rows += noise * generator.normal(size=rows.shape)
    return unit_rows(rows.astype(np.float32), "test"), np.repeat(np.arange(people), crops)


def test_people_become_clusters_and_strangers_noise():
    vectors, people = _people()
    strangers = unit_rows(np.random.default_rng(5).normal(size=(3, 16)).astype(np.float32), "s")
    close = close_pairs(np.concatenate([vectors, strangers]), k1=6, k2=3, radius=0.4)
    labels = dbscan(close, 4)
    assert labels.dtype == np.int64
    np.testing.assert_array_equal(labels[: len(people)], people)
    np.testing.assert_array_equal(labels[len(people) :], NOISE)


def test_close_pairs_are_all_pairs_within_the_radius():
    vectors, _ = _people(noise=0.6)
    wide, narrow = (close_pairs(vectors, 8, 3, radius).toarray() for radius in (0.99, 0.6))
    seen = (wide > 0) | np.eye(len(vectors), dtype=bool)
    assert 0 < (wide[seen] <= 0.6).sum() < seen.sum()
    np.testing.assert_allclose(wide, wide.T, atol=1e-6)
    np.testing.assert_array_equal(narrow, np.where(wide <= 0.6, wide, 0))


def _plain_dbscan(distances, radius, least):
    """Of the textbook: grow a cluster from every core that has none yet."""
    near = [np.flatnonzero(row <= radius) for row in distances]
    core = [len(each) >= least for each in near]
    labels = np.full(len(distances), NOISE)
    count = 0
    for start in range(len(distances)):
        if not core[start] or labels[start] != NOISE:
            continue
        waiting = [start]
        labels[start] = count
        while waiting:
            for other in near[waiting.pop()]:
                if core[other] and labels[other] == NOISE:
                    labels[other] = count
                    waiting.append(other)
        count += 1
    for image in range(len(distances)):
        cores = [other for other in near[image] if core[other]]
        if not core[image] and cores:
            labels[image] = labels[min(cores, key=lambda other: distances[image, other])]
    return labels


@pytest.mark.parametrize("seed", range(5))
def test_dbscan_equals_the_textbook(seed):
    points = np.random.default_rng(seed).random((60, 2))
    distances = np.linalg.norm(points[:, None] - points[None], axis=2).astype(np.float32)
    radius, least = 0.11, 4
    rows, columns = np.nonzero(distances <= radius)
    offsets = np.searchsorted(rows, np.arange(61))
    close = csr_array((distances[rows, columns], columns, offsets), shape=(60, 60))
    labels = dbscan(close, least)
    expected = _plain_dbscan(distances, radius, least)
    assert expected.max() > 0
    np.testing.assert_array_equal(labels == NOISE, expected == NOISE)
    assert adjusted_rand_index(labels, expected) == 1.0
    first = [np.flatnonzero(labels == label)[0] for label in range(labels.max() + 1)]
    assert first == sorted(first)


def test_without_any_core_all_is_noise():
    labels = dbscan(csr_array(np.eye(3, dtype=np.float32)), 2)
    np.testing.assert_array_equal(labels, [NOISE] * 3)


def test_agreement_of_clusterings():
    one = np.array([0, 0, 0, 1, 1, 1, NOISE])
    assert adjusted_rand_index(one, np.array([5, 5, 5, 2, 2, 2, NOISE])) == 1.0
    assert adjusted_rand_index(one, np.full(7, NOISE)) == 0.0
    # The example of Hubert and Arabie's index by hand: 1 of 3 and 3 pairs in common.
    two = np.array([0, 0, 1, 1])
    three = np.array([0, 0, 1, 2])
    assert adjusted_rand_index(two, three) == pytest.approx((1 - 2 / 6) / (1.5 - 2 / 6))
    assert adjusted_rand_index(np.full(3, NOISE), np.full(3, NOISE)) == 1.0


def test_proxies_are_the_cameras_of_a_cluster():
    labels = np.array([0, 0, 1, NOISE, 1, 0])
    proxies = Proxies.of(labels, np.array([0, 1, 1, 1, 1, 0]))
    np.testing.assert_array_equal(proxies.cluster, [0, 0, 1])
    np.testing.assert_array_equal(proxies.camera, [0, 1, 1])
    np.testing.assert_array_equal(proxies.of_image, [0, 1, 2, NOISE, 2, 0])
    np.testing.assert_array_equal(proxies.labels, labels)
    assert proxies.figures() == {
        "clusters": 2.0, "noise_share": pytest.approx(1 / 6), "shared_share": 0.5
    }  # fmt: skip
    vectors = np.eye(6, dtype=np.float32)
    centres = proxies.centres(vectors)
    np.testing.assert_allclose(centres[0], (vectors[0] + vectors[5]) / np.sqrt(2), rtol=1e-6)
    np.testing.assert_array_equal(centres[1], vectors[1])
