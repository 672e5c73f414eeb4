"""Ranking at the true size and label structure of Market-1501 and CUHK03-NP, made-up features.

The features are signs, like those of a 1-bit network: their inner products are whole numbers, so
every distance is exact, equal distances abound, and results must agree to the last rank.
"""

import os
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from skips import UNAVOIDABLE

from bireid_deploy.evaluation.embeddings import Embeddings
from bireid_deploy.evaluation.ranking import rank

if "BIREID_DATA" not in os.environ:
    pytest.skip(f"{UNAVOIDABLE}BIREID_DATA is not set", allow_module_level=True)

LABELS = Path(os.environ["BIREID_DATA"]) / "market1501_labels"
SIZE = 256


def load(file, *names):
    from scipy.io import loadmat

    content = loadmat(LABELS / file)
    return [content[name].ravel().astype(np.int64) for name in names]


def signs(persons, cameras, seed):
    """Signs of a person that share many flips within a camera, as real embeddings do."""
    generator = np.random.default_rng(seed)
    of_person = np.random.default_rng(1).choice([-1, 1], (1502, SIZE))
    of_camera = np.random.default_rng(2).choice([-1, 1], (8, SIZE))
    # Junk and distractors look like arbitrary people.
    looks = np.where(persons > 0, persons, generator.integers(1, 1502, len(persons)))
    flips = generator.random((len(persons), SIZE))
    vectors = np.where(flips < 0.15, of_camera[cameras], of_person[looks])
    return np.where(flips > 0.6, generator.choice([-1, 1], flips.shape), vectors)


def embeddings(persons, cameras, seed):
    vectors = signs(persons, cameras, seed).astype(np.float32)
    names = tuple(str(row) for row in range(len(persons)))
    return Embeddings(vectors, persons, cameras, names)


def expected_scores(query, gallery, rows, trapezoid=False):
    """Average precision, first rank and mINP term of some queries, from the sorted gallery."""
    gallery_signs = gallery.vectors.astype(np.float64)
    scores = []
    for row in rows:
        similarity = gallery_signs @ query.vectors[row].astype(np.float64)
        order = np.argsort(-similarity, kind="stable")
        persons, cameras = gallery.person_ids[order], gallery.camera_ids[order]
        same_person = persons == query.person_ids[row]
        counted = (persons != -1) & ~(same_person & (cameras == query.camera_ids[row]))
        hits = same_person[counted]
        precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
        if trapezoid:
            precision = (precision + np.concatenate([[1.0], precision[:-1]])) / 2
        places = np.flatnonzero(hits) + 1
        scores.append((precision[hits].mean(), places[0], len(places) / places[-1]))
    return np.array(scores)


@pytest.mark.slow
def test_market1501_at_full_size():
    (query_persons,), (query_cameras,) = (
        load("queryID.mat", "queryID"),
        load("queryCam.mat", "queryCAM"),
    )
    (persons,), (cameras,) = load("testID.mat", "testID"), load("testCam.mat", "testCAM")
    assert (len(query_persons), len(persons)) == (3368, 19732)
    assert len(np.unique(query_persons)) == 750
    assert (np.sum(persons == -1), np.sum(persons == 0)) == (3819, 2798)
    query, gallery = embeddings(query_persons, query_cameras, 3), embeddings(persons, cameras, 4)
    sample = range(0, 3368, 17)

    tracemalloc.start()
    result = rank(query, gallery, memory_limit_bytes=256 * 1024**2)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 256 * 1024**2
    assert (result.valid_queries, result.total_queries) == (3368, 3368)
    assert 0.2 < result.mean_average_precision < 0.8
    expected = expected_scores(query, gallery, sample)
    np.testing.assert_allclose(result.average_precisions[sample], expected[:, 0], rtol=1e-12)


@pytest.mark.slow
@pytest.mark.parametrize("definition", ["non-interpolated", "trapezoid"])
def test_every_score_on_a_part_of_the_market1501_queries(definition):
    (query_persons,), (query_cameras,) = (
        load("queryID.mat", "queryID"),
        load("queryCam.mat", "queryCAM"),
    )
    (persons,), (cameras,) = load("testID.mat", "testID"), load("testCam.mat", "testCAM")
    query = embeddings(query_persons[::15], query_cameras[::15], 5)
    gallery = embeddings(persons, cameras, 6)

    result = rank(query, gallery, average_precision=definition)

    expected = expected_scores(query, gallery, range(len(query)), definition == "trapezoid")
    np.testing.assert_allclose(result.average_precisions, expected[:, 0], rtol=1e-12)
    assert result.mean_average_precision == pytest.approx(expected[:, 0].mean())
    assert result.mean_inverse_negative_penalty == pytest.approx(expected[:, 2].mean())
    np.testing.assert_allclose(
        result.cmc, [np.mean(expected[:, 1] <= r) for r in range(1, 51)], rtol=1e-12
    )
    assert result.cmc[0] < result.cmc[49]


@pytest.mark.parametrize(("kind", "gallery_count"), [("labeled", 5328), ("detected", 5332)])
def test_cuhk03_new_protocol(kind, gallery_count):
    labels, cameras, query_rows, gallery_rows = load(
        f"cuhk03_new_protocol_config_{kind}.mat", "labels", "camId", "query_idx", "gallery_idx"
    )
    query_rows, gallery_rows = query_rows - 1, gallery_rows - 1
    assert (len(query_rows), len(gallery_rows)) == (1400, gallery_count)
    assert len(np.unique(labels[query_rows])) == 700
    query = embeddings(labels[query_rows], cameras[query_rows], 7)
    gallery = embeddings(labels[gallery_rows], cameras[gallery_rows], 8)
    sample = range(0, 1400, 7)

    result = rank(query, gallery)

    assert (result.valid_queries, result.total_queries) == (1400, 1400)
    expected = expected_scores(query, gallery, sample)
    np.testing.assert_allclose(result.average_precisions[sample], expected[:, 0], rtol=1e-12)
