"""Galleries, in a file or on a server: who is in them, who is found, and who may be compared."""

import numpy as np
import pytest
from bireid_runtime.errors import ArgumentError
from bireid_runtime.gallery import (
    FingerprintError,
    GalleryError,
    GalleryStore,
    camera_centring,
    centred_fingerprint,
)
from bireid_runtime.search import products
from gallery_embeddings import DIM, NETWORK, OTHER_NETWORK, person_rows

from bireid_deploy.adaptation.gallery_crops import list_gallery_crops
from bireid_deploy.gallery_server.opening import open_gallery


def reopened(gallery: GalleryStore, fingerprint: str | None = None) -> GalleryStore:
    """The gallery, opened once more."""
    return open_gallery(gallery.path, fingerprint)


@pytest.fixture
def gallery(new_gallery):
    """Three people on two cameras, three entries each, and one sighting."""
    made = new_gallery()
    for place, label in enumerate(("ada", "bo", "cy")):
        made.add(
            person_rows(place, 3),
            person=label,
            camera=["door", "till", "door"],
            at=[100.0 + place, 200.0 + place, 300.0 + place],
            source=[f"{label}{i}.jpg" for i in range(3)],
        )
    made.add(person_rows(9, 1), camera="till", at=400.0)
    return made


def test_each_is_a_store(gallery: GalleryStore) -> None:
    assert isinstance(gallery, GalleryStore)


def test_a_person_is_found_once_with_the_best_entry(gallery: GalleryStore) -> None:
    query = person_rows(1, 4)[3]
    (hits,) = gallery.search(query, 3)
    assert hits[0].label == "bo"
    assert len({hit.person for hit in hits}) == 3
    scores = products(person_rows(1, 3), query)
    assert hits[0].score == scores.max()
    assert hits[0].source == f"bo{scores.argmax()}.jpg"
    (all_entries,) = gallery.search(query, 3, one_per_person=False)
    assert [hit.label for hit in all_entries] == ["bo"] * 3
    assert [hit.score for hit in all_entries] == sorted(scores.tolist(), reverse=True)


def test_filters_apply_before_the_search(gallery: GalleryStore) -> None:
    query = person_rows(1, 4)[3]
    (till,) = gallery.search(query, 10, cameras=["till"])
    assert [hit.camera for hit in till] == ["till"] * 4
    (late,) = gallery.search(query, 10, since=300.0, until=302.0)
    assert sorted(hit.at for hit in late) == [300.0, 301.0]
    (enrolled,) = gallery.search(query, 10, enrolled=True)
    assert len(enrolled) == 3
    assert gallery.search(query, 10, cameras=["cellar"]) == [[]]


def test_the_search_in_two_steps_finds_what_the_exact_one_finds(new_gallery) -> None:
    people = range(60)
    rows = np.concatenate([person_rows(person, 20, 256) for person in people])
    with new_gallery(NETWORK, 256) as gallery:
        gallery.add(rows, person=[f"p{i // 20}" for i in range(len(rows))])
        queries = np.concatenate([person_rows(person, 21, 256)[20:] for person in people])
        short = gallery.search(queries, 15, one_per_person=False)
        assert short == gallery.search(queries, 15, one_per_person=False, exact=True)
        # 20 entries of each person: so many people have more entries than the shortlist holds.
        found = gallery.search(queries[:5], 60)
        assert all(len({hit.person for hit in hits}) == 60 for hits in found)
        assert found == gallery.search(queries[:5], 60, exact=True)


def test_a_match_goes_by_the_mean_of_a_person(gallery: GalleryStore) -> None:
    query = person_rows(2, 4)[3]
    (match,) = gallery.match(query, same=0.5, different=0.4)
    assert (match.verdict, match.label) == ("same", "cy")
    mean = person_rows(2, 3).astype(np.float64).mean(axis=0)
    expected = mean @ query.astype(np.float64) / np.linalg.norm(mean)
    assert match.score == pytest.approx(expected, abs=1e-6)
    assert match.score > gallery.search(query, 1)[0][0].score
    stranger = person_rows(50, 1)
    assert gallery.match(stranger, same=0.9, different=0.8)[0].verdict == "different"
    assert gallery.match(query, same=0.999, different=0.1)[0].verdict == "undecided"
    with pytest.raises(ArgumentError, match="above same"):
        gallery.match(query, same=0.1, different=0.2)


def test_nobody_matches_in_a_gallery_of_sightings(new_gallery) -> None:
    with new_gallery() as gallery:
        assert gallery.search(person_rows(0, 1)) == [[]]
        gallery.add(person_rows(0, 1))
        assert gallery.match(person_rows(0, 1), same=0.5)[0].person is None


def test_two_people_become_one_and_one_becomes_two(gallery: GalleryStore) -> None:
    ada, bo, _ = gallery.people()
    gallery.merge_people(ada.person, bo.person)
    assert [(p.label, p.entries) for p in gallery.people()] == [("ada", 6), ("cy", 3)]
    (hits,) = gallery.search(person_rows(1, 4)[3], 1)
    assert hits[0].label == "ada"
    new = gallery.split([4, 5, 6], "bo")
    assert gallery.search(person_rows(1, 4)[3], 1)[0][0].person == new
    nameless = gallery.split([7, 8, 9])
    # Nobody is left of cy.
    assert [p.label for p in gallery.people()] == ["ada", "bo", None]
    gallery.name(nameless, "cy")
    with pytest.raises(GalleryError, match="merge the two"):
        gallery.name(nameless, "ada")
    with pytest.raises(GalleryError, match="one already"):
        gallery.merge_people(new, new)
    with pytest.raises(GalleryError, match="no person 99"):
        gallery.merge_people(new, 99)


def test_embeddings_of_another_network_are_refused(gallery: GalleryStore) -> None:
    with pytest.raises(FingerprintError, match="embed the crops again"):
        gallery.add(person_rows(3, 1), fingerprint=OTHER_NETWORK)
    with pytest.raises(FingerprintError):
        reopened(gallery, OTHER_NETWORK)
    gallery.relate(OTHER_NETWORK, "the same network, adapted to the door's camera")
    gallery.add(person_rows(3, 1), fingerprint=OTHER_NETWORK)
    reopened(gallery, OTHER_NETWORK).close()
    with pytest.raises(ArgumentError, match="say why"):
        gallery.relate(OTHER_NETWORK, " ")


def test_merging_galleries_adds_what_is_new(gallery: GalleryStore, new_gallery) -> None:
    with new_gallery() as other:
        other.add(person_rows(5, 2), person="di", at=[1.0, 2.0], source=["a", "b"])
        assert other.merge(gallery) == 10
        assert other.merge(gallery) == 1, "the sighting has no source to be known by"
        assert [(p.label, p.entries) for p in other.people()][:1] == [("di", 2)]
        assert other.stats().people == 4
    with (
        new_gallery(OTHER_NETWORK) as foreign,
        pytest.raises(FingerprintError),
    ):
        foreign.merge(gallery)


def test_an_entry_with_the_source_and_time_of_another_is_left_out(gallery: GalleryStore) -> None:
    again = gallery.add(person_rows(0, 3), source=["ada0.jpg", "new", None], at=[100.0, 100.0, 1.0])
    assert len(again) == 2


def test_entries_are_told_the_latest_first(gallery: GalleryStore) -> None:
    bo = next(each.person for each in gallery.people() if each.label == "bo")
    seen = gallery.entries(person=bo)
    assert [(each.at, each.camera) for each in seen] == [
        (301.0, "door"),
        (201.0, "till"),
        (101.0, "door"),
    ]
    assert {each.label for each in seen} == {"bo"}
    assert [each.at for each in gallery.entries(limit=2)] == [400.0, 302.0]
    (one,) = gallery.entries(entry=seen[1].entry)
    assert one == seen[1]
    assert gallery.entries(entry=10**6) == []
    with pytest.raises(ArgumentError, match="limit is 0"):
        gallery.entries(limit=0)


def test_a_thumbnail_is_kept_with_its_entry(gallery: GalleryStore) -> None:
    kept, bare = gallery.add(person_rows(2, 2), thumbnails=[b"\xff\xd8 a JPEG", None])
    assert gallery.thumbnail(kept) == b"\xff\xd8 a JPEG"
    assert gallery.thumbnail(bare) is None
    assert gallery.thumbnail(bare + 1) is None
    gallery.remove([kept])
    assert gallery.thumbnail(kept) is None


def test_statistics_of_a_camera_stay_with_the_gallery(gallery: GalleryStore) -> None:
    gallery.learn("door", person_rows(0, 3))
    gallery.learn("door", person_rows(1, 3))
    with reopened(gallery) as again:
        kept = again.statistics("door")
        assert kept is not None
        assert kept.count == 6
        assert again.statistics("till") is None
    rows = np.concatenate([person_rows(0, 3), person_rows(1, 3)])
    np.testing.assert_allclose(kept.mean, rows.mean(axis=0), atol=1e-6)


def test_stats_count_what_there_is(gallery: GalleryStore) -> None:
    stats = gallery.stats()
    assert (stats.entries, stats.people, stats.sightings) == (10, 3, 1)
    assert stats.cameras == {"door": 6, "till": 4}
    assert (stats.first, stats.last, stats.dim) == (100.0, 400.0, DIM)


def test_wrong_values_are_named_and_nothing_is_added(gallery: GalleryStore) -> None:
    good = person_rows(0, 2)
    for wrong, words in (
        ({"vectors": good.astype(np.float64)}, "float32"),
        ({"vectors": good[:, :10]}, "64"),
        ({"vectors": good * 2}, "unit length"),
        ({"vectors": good * np.float32("nan")}, "finite"),
        ({"vectors": good, "person": ["a"]}, "1 values of person for 2"),
        ({"vectors": good, "person": ["a", ""]}, "person"),
        ({"vectors": good, "at": float("nan")}, "not finite"),
        ({"vectors": good, "thumbnails": [b""]}, "1 thumbnails for 2"),
    ):
        with pytest.raises(ArgumentError, match=words):
            gallery.add(**wrong)
    with pytest.raises(ArgumentError, match="top is 0"):
        gallery.search(good, 0)
    with pytest.raises(ArgumentError, match="give entries"):
        gallery.remove()
    assert gallery.stats().entries == 10


def test_centred_embeddings_are_a_space_of_their_own(new_gallery) -> None:
    with new_gallery(centred_fingerprint(NETWORK)) as gallery, new_gallery() as plain:
        with pytest.raises(FingerprintError, match="centred by camera, and these are not"):
            gallery.require(NETWORK)
        with pytest.raises(FingerprintError, match="not centred by camera, and these are"):
            plain.require(gallery.fingerprint)
        with pytest.raises(FingerprintError, match="embed the crops again"):
            gallery.require(OTHER_NETWORK)
        with pytest.raises(ArgumentError, match="has no statistics of camera 'door'"):
            camera_centring(gallery, "door", [])
        for other in (plain, gallery):
            other.learn("door", person_rows(0, 5))
            assert other.learn("door", person_rows(1, 5)).count == 10
            other.add(person_rows(2, 1), camera="door")
        assert plain.learn("door", person_rows(0, 5)).count == 15
        with pytest.raises(GalleryError, match="holds entries of camera 'door', centred by what"):
            gallery.learn("door", person_rows(0, 5))
        assert gallery.statistics("door").count == 10
        gallery.remove(camera="door")
        assert gallery.learn("door", person_rows(0, 5)).count == 15
        with pytest.raises(FingerprintError):
            gallery.merge(plain)


def test_merged_centred_entries_bring_what_their_cameras_are_centred_by(new_gallery) -> None:
    space = centred_fingerprint(NETWORK)
    with new_gallery(space) as one, new_gallery(space) as two:
        two.learn("till", person_rows(0, 5))
        two.add(person_rows(1, 2), camera="till", at=[1.0, 2.0], source=["a", "b"])
        assert [one.merge(two), one.merge(two)] == [2, 0]
        assert one.statistics("till").to_bytes() == two.statistics("till").to_bytes()
        with new_gallery(space) as three:
            three.learn("till", person_rows(2, 5))
            with pytest.raises(GalleryError, match="centres camera 'till' by other statistics"):
                three.merge(two)
            assert three.stats().entries == 0


def test_pictures_are_crops_of_their_cameras(gallery: GalleryStore) -> None:
    rows = person_rows(4, 3)
    new = gallery.add(rows, camera=["till", "door", None], thumbnails=[b"a", b"b", b"c"])
    found = list_gallery_crops(gallery)
    assert {name: [str(each) for each in paths] for name, paths in found.cameras.items()} == {
        "door": [f"entry {new[1]}"],
        "till": [f"entry {new[0]}"],
    }
    assert [reason for _, reason in found.ignored] == ["without a thumbnail"] * 10 + [
        "of no camera"
    ]
