import math
import tracemalloc

import numpy as np
import pytest

from bireid_deploy.evaluation.distances import unit_rows
from bireid_deploy.evaluation.embeddings import Embeddings
from bireid_deploy.evaluation.ranking import rank
from bireid_deploy.evaluation.reranking import ReRankedDistances, ReRanking, memory_estimate


def people(seed, person_count=8, per_person=7, size=16, spread=0.7):
    """Images of a few people around random centres: unit rows and their persons from 1 on."""
    generator = np.random.default_rng(seed)
    persons = np.repeat(np.arange(1, person_count + 1), per_person)
    centres = generator.normal(size=(person_count + 1, size))
    vectors = centres[persons] + generator.normal(0, spread, (len(persons), size))
    order = generator.permutation(len(persons))
    return unit_rows(vectors[order].astype(np.float32), "test"), persons[order]


def from_the_description(query, gallery, k1, k2, weight):
    """The method in sets and dictionaries, one image at a time, in double precision."""
    vectors = np.concatenate([query, gallery]).astype(float)
    everyone = range(len(vectors))
    given = [[float(((x - y) ** 2).sum()) for y in vectors] for x in vectors]
    squared = [[d * d for d in row] for row in given]
    # Divided by the column maximum, then transposed: row i by the maximum of column i.
    d = [[squared[j][i] / max(squared[k][i] for k in everyone) for j in everyone] for i in everyone]
    order = [sorted(everyone, key=row.__getitem__) for row in d]

    def reciprocal(i, k):
        return {j for j in order[i][: k + 1] if i in order[j][: k + 1]}

    encodings = []
    for i in everyone:
        core = reciprocal(i, k1)
        expanded = set(core)
        for c in core:
            candidates = reciprocal(c, int(np.around(k1 / 2)))
            if len(candidates & core) > len(candidates) * 2 / 3:
                expanded |= candidates
        total = sum(math.exp(-d[i][j]) for j in expanded)
        encodings.append({j: math.exp(-d[i][j]) / total for j in expanded})
    averaged = [
        [sum(encodings[n].get(j, 0) for n in order[i][:k2]) / k2 for j in everyone]
        for i in everyone
    ]
    final = np.empty((len(query), len(gallery)))
    for q in range(len(query)):
        for g in range(len(gallery)):
            other = len(query) + g
            smaller = sum(map(min, averaged[q], averaged[other]))
            jaccard = 1 - smaller / (2 - smaller)
            final[q, g] = (1 - weight) * jaccard + weight * d[q][other]
    return final


@pytest.mark.parametrize(
    ("k1", "k2", "weight"), [(20, 6, 0.3), (7, 3, 0.3), (5, 1, 0.0), (9, 2, 0.6), (4, 2, 1.0)]
)
@pytest.mark.parametrize("seed", [0, 1])
def test_agrees_with_the_description(seed, k1, k2, weight):
    vectors, _ = people(seed)
    query, gallery = vectors[:12], vectors[12:]

    distances = ReRankedDistances(query, gallery, ReRanking(k1, k2, weight), chunk=10).rows(0, 12)

    assert distances.shape == (12, 44)
    assert distances.dtype == np.float32
    expected = from_the_description(query, gallery, k1, k2, weight)
    np.testing.assert_allclose(distances, expected, atol=2e-5)


def test_rows_are_the_same_in_any_chunks():
    vectors, _ = people(2)
    whole = ReRankedDistances(vectors[:20], vectors[20:], ReRanking(), chunk=56)
    parts = ReRankedDistances(vectors[:20], vectors[20:], ReRanking(), chunk=3)

    np.testing.assert_allclose(
        np.concatenate([parts.rows(0, 7), parts.rows(7, 20)]), whole.rows(0, 20), atol=1e-5
    )


def test_fewer_images_than_neighbours():
    vectors, _ = people(3, person_count=2, per_person=4)

    distances = ReRankedDistances(vectors[:2], vectors[2:], ReRanking(), chunk=8).rows(0, 2)

    # Everybody is everybody's neighbour, so only the original distance can tell them apart.
    plain = 2 - 2 * vectors[:2] @ vectors[2:].T
    np.testing.assert_array_equal(np.argsort(distances, axis=1), np.argsort(plain, axis=1))


def test_identical_images_have_distance_zero():
    vectors = np.tile(np.float32([[1, 0]]), (60, 1))

    distances = ReRankedDistances(vectors[:30], vectors[30:], ReRanking(20, 1, 1.0), 60).rows(0, 30)

    np.testing.assert_array_equal(distances, 0)


def test_an_image_is_its_own_first_neighbour_among_duplicates():
    # Images 0 to 4 coincide; with k1 = 1 image 4 must still encode itself.
    vectors = unit_rows(np.float32([[1, 0]] * 5 + [[0, 1]] * 2), "test")

    distances = ReRankedDistances(vectors[4:5], vectors[4:5], ReRanking(1, 1, 0.0), 2).rows(0, 1)
    among = ReRankedDistances(vectors[:1], vectors[1:], ReRanking(1, 1, 0.0), 7).rows(0, 1)

    np.testing.assert_allclose(distances, 0, atol=1e-6)
    assert np.isfinite(among).all()


def test_ranking_with_it_lifts_clustered_people():
    vectors, persons = people(4, person_count=20, per_person=8, size=12, spread=1.0)
    cameras = np.arange(len(persons)) % 3
    names = tuple(map(str, range(len(persons))))
    query = Embeddings(vectors[:40], persons[:40], cameras[:40], names[:40])
    gallery = Embeddings(vectors[40:], persons[40:], cameras[40:], names[40:])

    plain = rank(query, gallery)
    reranked = rank(query, gallery, rerank=ReRanking(k1=8, k2=3))

    assert plain.reranking is None
    assert reranked.reranking == ReRanking(k1=8, k2=3)
    assert reranked.mean_average_precision > plain.mean_average_precision + 0.02


def test_ranking_leaves_junk_out_of_the_neighbourhoods():
    vectors, persons = people(5)
    cameras = np.arange(len(persons)) % 2
    names = tuple(map(str, range(len(persons))))
    query = Embeddings(vectors[:12], persons[:12], cameras[:12], names[:12])
    gallery = Embeddings(vectors[12:], persons[12:], cameras[12:], names[12:])
    with_junk = Embeddings(
        np.concatenate([vectors[:12], vectors[12:]]),
        np.concatenate([np.full(12, -1), persons[12:]]),
        cameras,
        names,
    )

    expected = rank(query, gallery, rerank=ReRanking()).average_precisions

    actual = rank(query, with_junk, rerank=ReRanking()).average_precisions
    np.testing.assert_array_equal(actual, expected)


def test_working_memory_stays_below_the_estimate():
    vectors, _ = people(6, person_count=60, per_person=16, size=64)
    settings = ReRanking()

    tracemalloc.start()
    ReRankedDistances(vectors[:160], vectors[160:], settings, chunk=16)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    chunk_bytes = 16 * 16 * len(vectors)
    assert peak < memory_estimate(len(vectors), 64, settings) + chunk_bytes


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"k1": 0}, "k1 is 0"),
        ({"k2": 0}, "k2 is 0"),
        ({"k1": 4, "k2": 6}, "k2 is 6"),
        ({"original_distance_weight": 1.5}, "original_distance_weight is 1.5"),
    ],
)
def test_settings_out_of_range_are_refused(values, message):
    with pytest.raises(ValueError, match=message):
        ReRanking(**values)
