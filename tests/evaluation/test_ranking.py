import numpy as np
import pytest

from bireid_deploy.errors import EmbeddingsError
from bireid_deploy.evaluation.embeddings import Embeddings
from bireid_deploy.evaluation.ranking import rank
from bireid_deploy.evaluation.reranking import ReRanking


def embeddings(vectors, person_ids, camera_ids):
    return Embeddings(
        np.asarray(vectors, np.float32),
        np.asarray(person_ids, np.int64),
        np.asarray(camera_ids, np.int64),
        tuple(f"{row}.jpg" for row in range(len(person_ids))),
    )


def on_arc(positions, person_ids, camera_ids):
    """Unit vectors of the plane; the further a position, the further from position 0."""
    angles = np.asarray(positions, float) / 20
    return embeddings(np.stack([np.cos(angles), np.sin(angles)], axis=1), person_ids, camera_ids)


def one_query(person_id=1, camera_id=0):
    return on_arc([0], [person_id], [camera_id])


def gallery_with_matches(matches):
    """A gallery in the order of distance in which the listed places are true matches."""
    persons = [1 if match else 2 for match in matches]
    return on_arc(range(1, len(matches) + 1), persons, [1] * len(matches))


def straightforward(query, gallery, trapezoid=False):
    """Average precision, first rank and inverse negative penalty of each query, None if skipped.

    Works on the list of hits and misses, item by item, in double precision.
    """
    q = query.vectors / np.linalg.norm(query.vectors.astype(float), axis=1, keepdims=True)
    g = gallery.vectors / np.linalg.norm(gallery.vectors.astype(float), axis=1, keepdims=True)
    scores = []
    for vector, person, camera in zip(q, query.person_ids, query.camera_ids, strict=True):
        by_distance = sorted(range(len(g)), key=lambda i: float(((g[i] - vector) ** 2).sum()))
        hits = []
        for i in by_distance:
            if gallery.person_ids[i] == -1:
                continue
            if gallery.person_ids[i] == person and gallery.camera_ids[i] == camera:
                continue
            hits.append(bool(gallery.person_ids[i] == person))
        if not any(hits):
            scores.append(None)
            continue
        area, found, last_precision = 0.0, 0, 1.0
        for place, hit in enumerate(hits, start=1):
            found += hit
            precision = found / place
            if hit:
                area += (precision + last_precision) / 2 if trapezoid else precision
            last_precision = precision
        last = max(place for place, hit in enumerate(hits, start=1) if hit)
        scores.append((area / found, hits.index(True) + 1, found / last))
    return scores


AVERAGE_PRECISIONS = [
    ([1], 1, 1),
    ([0, 1], 0.5, 0.25),
    ([1, 0, 1], 0.833333, 0.791667),
    ([0, 1, 1], 0.583333, 0.416667),
    ([0, 1, 0, 1, 1], 0.533333, 0.405556),
    ([1, 1, 0, 0, 1, 0], 0.866667, 0.85),
    ([0, 0, 0, 1], 0.25, 0.125),
]


@pytest.mark.parametrize(("matches", "non_interpolated", "trapezoid"), AVERAGE_PRECISIONS)
def test_average_precision_of_known_rankings(matches, non_interpolated, trapezoid):
    gallery = gallery_with_matches(matches)

    default = rank(one_query(), gallery)
    original = rank(one_query(), gallery, average_precision="trapezoid")

    assert default.mean_average_precision == pytest.approx(non_interpolated, abs=1e-6)
    assert original.mean_average_precision == pytest.approx(trapezoid, abs=1e-6)
    assert default.average_precision_definition == "non-interpolated"
    assert original.average_precision_definition == "trapezoid"


def test_cmc_and_minp_of_a_known_ranking():
    result = rank(one_query(), gallery_with_matches([0, 1, 0, 1, 1]), max_rank=7)

    np.testing.assert_array_equal(result.cmc, [0, 1, 1, 1, 1, 1, 1])
    assert result.cmc.dtype == np.float64
    assert result.mean_inverse_negative_penalty == pytest.approx(3 / 5)


def test_cmc_includes_a_match_at_max_rank():
    result = rank(one_query(), gallery_with_matches([0, 0, 1]), max_rank=3)

    np.testing.assert_array_equal(result.cmc, [0, 0, 1])


def test_cmc_stops_before_a_match_beyond_max_rank():
    result = rank(one_query(), gallery_with_matches([0, 0, 0, 1]), max_rank=3)

    np.testing.assert_array_equal(result.cmc, [0, 0, 0])
    assert result.valid_queries == 1


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("definition", ["non-interpolated", "trapezoid"])
def test_agrees_with_a_straightforward_implementation(seed, definition):
    generator = np.random.default_rng(seed)
    centres = generator.normal(size=(10, 8))

    def draw(count, lowest_person):
        persons = generator.integers(lowest_person, 9, count)
        vectors = centres[persons] + generator.normal(0, 1.2, (count, 8))
        return embeddings(vectors, persons, generator.integers(0, 3, count))

    query, gallery = draw(25, 1), draw(60, -1)
    expected = straightforward(query, gallery, trapezoid=definition == "trapezoid")
    valid = [score for score in expected if score is not None]

    result = rank(query, gallery, average_precision=definition, max_rank=20)

    np.testing.assert_allclose(
        result.average_precisions, [np.nan if score is None else score[0] for score in expected]
    )
    assert result.total_queries == 25
    assert result.valid_queries == len(valid)
    assert result.mean_average_precision == pytest.approx(np.mean([s[0] for s in valid]))
    assert 0.2 < result.mean_average_precision < 0.95
    for r in range(1, 21):
        assert result.cmc[r - 1] == pytest.approx(np.mean([s[1] <= r for s in valid]))
    assert result.mean_inverse_negative_penalty == pytest.approx(np.mean([s[2] for s in valid]))


def test_junk_is_dropped_and_distractors_are_misses():
    gallery = on_arc([1, 2, 3], [-1, 0, 1], [1, 1, 1])

    result = rank(one_query(), gallery)

    assert result.mean_average_precision == pytest.approx(1 / 2)


def test_same_person_in_the_same_camera_is_dropped_for_that_query_only():
    query = on_arc([0, 0], [1, 2], [0, 1])
    gallery = on_arc([1, 2, 3], [1, 2, 1], [0, 0, 1])

    result = rank(query, gallery)

    # Query 1 sees [miss, hit]; query 2 sees [miss, hit, miss].
    np.testing.assert_allclose(result.average_precisions, [1 / 2, 1 / 2])


def test_strangers_of_the_same_camera_may_be_dropped_too():
    query = on_arc([0.0], [1], [0])
    gallery = on_arc([0.1, 0.2, 0.3], [2, 3, 1], [0, 1, 1])
    assert rank(query, gallery).first_ranks.tolist() == [3]
    assert rank(query, gallery, gallery_cameras="other").first_ranks.tolist() == [2]


def test_queries_without_a_true_match_are_skipped():
    query = on_arc([0, 0, 0], [1, 7, 2], [0, 0, 0])
    gallery = on_arc([1, 2], [1, 2], [1, 0])

    result = rank(query, gallery)

    np.testing.assert_array_equal(result.average_precisions, [1, np.nan, np.nan])
    assert (result.valid_queries, result.total_queries) == (1, 3)
    assert result.mean_average_precision == 1
    assert result.cmc[0] == 1
    assert result.mean_inverse_negative_penalty == 1


@pytest.mark.parametrize(
    ("persons", "expected_ranks"),
    [([1, 2, 2, 1], [1, 4]), ([2, 1, 1, 2], [2, 3]), ([2, 2, 1, 1], [3, 4])],
)
def test_equal_distances_keep_the_order_of_the_gallery(persons, expected_ranks):
    gallery = embeddings([[0, 1]] * 4, persons, [1] * 4)
    query = embeddings([[1, 0]], [1], [0])

    result = rank(query, gallery)

    expected = (1 / expected_ranks[0] + 2 / expected_ranks[1]) / 2
    assert result.mean_average_precision == pytest.approx(expected)


def test_dropped_items_do_not_count_among_equal_distances():
    gallery = embeddings([[0, 1]] * 4, [1, -1, 1, 2], [0, 1, 1, 1])

    assert rank(embeddings([[1, 0]], [1], [0]), gallery).mean_average_precision == 1


def test_the_length_of_the_vectors_does_not_matter():
    query = embeddings([[1, 0]], [1], [0])
    gallery = embeddings([[1e6, 5e5], [1e-6, 0]], [2, 1], [1, 1])

    assert rank(query, gallery).cmc[0] == 1


def test_the_memory_limit_changes_the_chunks_but_not_the_scores():
    generator = np.random.default_rng(0)
    signs = generator.choice([-1, 1], (90, 64))
    query = embeddings(signs[:40], generator.integers(1, 5, 40), generator.integers(0, 3, 40))
    gallery = embeddings(signs[40:], generator.integers(1, 5, 50), generator.integers(0, 3, 50))
    copies = 4 * 64 * (40 + 2 * 50)
    calls = []

    tight = rank(
        query,
        gallery,
        memory_limit_bytes=copies + 15 * 16 * 50,
        on_progress=lambda done, total: calls.append((done, total)),
    )

    assert calls == [(15, 40), (30, 40), (40, 40)]
    np.testing.assert_array_equal(tight.average_precisions, rank(query, gallery).average_precisions)


@pytest.mark.parametrize("rerank", [None, ReRanking()])
def test_a_memory_limit_too_low_says_what_is_needed(rerank):
    query, gallery = one_query(), gallery_with_matches([1, 0])

    with pytest.raises(EmbeddingsError, match="limit is 10 bytes") as caught:
        rank(query, gallery, memory_limit_bytes=10, rerank=rerank)

    needed = next(
        int(word) for word in str(caught.value).split() if word.isdigit() and len(word) > 1
    )
    rank(query, gallery, memory_limit_bytes=needed, rerank=rerank)
    with pytest.raises(EmbeddingsError):
        rank(query, gallery, memory_limit_bytes=needed - 1, rerank=rerank)


def test_a_single_camera_leaves_no_valid_query():
    with pytest.raises(EmbeddingsError, match="none of the 1 queries"):
        rank(one_query(camera_id=0), on_arc([1, 2], [1, 2], [0, 0]))


def test_a_gallery_of_junk_is_refused():
    with pytest.raises(EmbeddingsError, match="nothing but junk"):
        rank(one_query(), on_arc([1, 2], [-1, -1], [1, 1]))


@pytest.mark.parametrize("person_id", [-1, 0])
def test_junk_and_distractors_are_no_queries(person_id):
    with pytest.raises(EmbeddingsError, match=f"query 0 .* person id {person_id}"):
        rank(one_query(person_id=person_id), gallery_with_matches([1]))


def test_embeddings_of_different_size_are_refused():
    with pytest.raises(EmbeddingsError, match="2 values and gallery embeddings 3"):
        rank(one_query(), embeddings([[1, 0, 0]], [1], [1]))


def test_an_embedding_of_zeros_is_refused():
    with pytest.raises(EmbeddingsError, match="gallery embedding 1 is all zeros"):
        rank(one_query(), embeddings([[1, 0], [0, 0]], [1, 2], [1, 1]))


def test_arguments_out_of_range_are_refused():
    with pytest.raises(ValueError, match="average_precision"):
        rank(one_query(), gallery_with_matches([1]), average_precision="interpolated")
    with pytest.raises(ValueError, match="gallery_cameras 'own'"):
        rank(one_query(), gallery_with_matches([1]), gallery_cameras="own")
    with pytest.raises(ValueError, match="max_rank"):
        rank(one_query(), gallery_with_matches([1]), max_rank=0)


def test_matches_under_the_own_camera_count_only_when_they_are_kept():
    gallery = on_arc([1, 2, 3], [2, 1, 1], [0, 0, 0])
    with pytest.raises(EmbeddingsError, match="--same-camera keep"):
        rank(one_query(), gallery)
    result = rank(one_query(), gallery, same_camera="keep")
    assert result.first_ranks.tolist() == [2]
    assert result.mean_average_precision == pytest.approx((1 / 2 + 2 / 3) / 2)
    with pytest.raises(ValueError, match="contradicts"):
        rank(one_query(), gallery, same_camera="keep", gallery_cameras="other")
