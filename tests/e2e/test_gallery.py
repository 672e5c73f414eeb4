"""`bireid-deploy gallery`."""

import hashlib
import json
import shutil

import numpy as np
import pytest
from adapted_bundle import adapted_copy
from bireid_runtime.gallery import Gallery

from bireid_deploy import api
from bireid_deploy.cli.main import EXIT_CHECK_FAILED, EXIT_USAGE


@pytest.fixture
def images(people, tmp_path):
    """Folders of three people, called after them, with three images each."""
    names = sorted((people / "query").iterdir())
    for person in ("0009", "0010", "0011"):
        (tmp_path / "images" / person).mkdir(parents=True)
        for name in [each for each in names if each.name.startswith(person)][:3]:
            shutil.copy(name, tmp_path / "images" / person / name.name)
    return tmp_path / "images"


@pytest.fixture
def gallery(cli, bundle, images, tmp_path):
    """A gallery of these three, seen by the camera `door`."""
    path = tmp_path / "shop.gallery"
    assert cli("gallery", "create", path, bundle).code == 0
    added = cli("gallery", "add", path, bundle, images, "--person-folders", "--camera", "door")
    assert added.out == f"{path}: 9 new entries; 9 entries of 3 people now\n"
    return path


def test_an_image_of_the_gallery_is_found(cli, bundle, gallery, images):
    image = sorted((images / "0010").iterdir())[1]
    result = cli("gallery", "search", gallery, bundle, image, "--same", "0.9", "--json")
    (found,) = result.json
    assert found["image"] == str(image)
    assert found["hits"][0]["label"] == "0010"
    assert found["hits"][0]["score"] == pytest.approx(1, abs=1e-6)
    assert found["hits"][0]["source"] == str(image)
    assert len({hit["label"] for hit in found["hits"]}) == 3
    expected = "same" if found["match"]["score"] >= 0.9 else "different"
    assert found["match"]["verdict"] == expected
    table = cli("gallery", "search", gallery, bundle, image, "--all-entries", "--top", 2)
    assert "0010" in table.out
    assert max(map(len, table.out.splitlines())) <= 80


def test_adding_images_twice_adds_nothing(cli, bundle, gallery, images):
    (images / "notes.txt").write_text("no image")
    again = cli("gallery", "add", gallery, bundle, images, "--json")
    assert again.json == {"new": 0, "entries": 9, "people": 3}
    assert "left out 1: 1 of the suffix .txt" in again.err


def test_one_broken_image_loses_nothing_but_itself(cli, refused, bundle, gallery, images):
    folder = next(each for each in images.iterdir() if each.is_dir())
    (folder / "zzz.png").write_bytes(b"no image")
    before = cli("gallery", "stats", gallery, "--json").json["entries"]
    for path in sorted(folder.iterdir())[:-1]:
        shutil.copy(path, folder / f"again-{path.name}")
    add, search = ("gallery", "add", gallery, bundle, folder), ("gallery", "search", gallery)
    assert "zzz.png: not an image" in refused(2, *add)
    added = cli(*add, "--skip-broken", "--json")
    assert added.code == 0, added.err
    (skipped,) = added.json["skipped"]
    assert skipped["file"].endswith("zzz.png")
    assert cli("gallery", "stats", gallery, "--json").json["entries"] == before + added.json["new"]
    assert "zzz.png: not an image" in refused(2, *search, bundle, folder)
    found = cli(*search, bundle, folder, "--skip-broken", "--json")
    assert len(found.json) == len(list(folder.iterdir())) - 1
    assert "1 files skipped" in found.err


def test_what_another_network_made_is_refused(cli, bundle, gallery, images, tmp_path):
    other = tmp_path / "other"
    shutil.copytree(bundle, other)
    manifest = json.loads((other / "manifest.json").read_text())
    manifest["fingerprint"] = "sha256:" + "0" * 64
    (other / "manifest.json").write_text(json.dumps(manifest))
    digest = hashlib.sha256((other / "manifest.json").read_bytes()).hexdigest()
    sums = (other / "SHA256SUMS").read_text().splitlines()
    others = [line for line in sums if not line.endswith("manifest.json")]
    lines = [*others, f"{digest}  manifest.json"]
    (other / "SHA256SUMS").write_text("\n".join(lines) + "\n")
    refused = cli("gallery", "search", gallery, other, images)
    assert refused.code == EXIT_CHECK_FAILED
    assert "embed the crops again" in refused.err
    assert cli("gallery", "relate", gallery, other, "--note", "the same weights").code == 0
    assert cli("gallery", "search", gallery, other, images).code == 0
    assert "the same weights" in cli("gallery", "stats", gallery).out


def test_people_are_removed_merged_split_and_named(cli, gallery):
    assert cli("gallery", "same", gallery, "0009", "0010").code == 0
    assert cli("gallery", "split", gallery, 1, 2, "--person", "eve").code == 0
    assert cli("gallery", "name", gallery, "eve", "Eve").code == 0
    assert cli("gallery", "remove", gallery, "--person", "0011", "--json").json["removed"] == 3
    stats = cli("gallery", "stats", gallery, "--people", "--json").json
    assert {each["label"]: each["entries"] for each in stats["people_list"]} == {
        "0009": 4,
        "Eve": 2,
    }
    typo = cli("gallery", "remove", gallery, "--person", "Evo")
    assert typo.code == EXIT_USAGE
    assert "Eve" in typo.err


def test_files_go_out_and_come_back(cli, bundle, gallery, images, tmp_path):
    for suffix in ("npz", "jsonl", "csv", "faiss", "copy"):
        assert cli("gallery", "export", gallery, tmp_path / f"out.{suffix}").code == 0
    again = tmp_path / "again"
    cli("gallery", "create", again, bundle, "--retention-days", 36500)
    for source, new in (("out.npz", 9), ("out.jsonl", 0), (gallery, 0)):
        merged = cli("gallery", "merge", again, tmp_path / source, "--json")
        assert merged.json == {"new": new, "entries": 9, "people": 3}
    cli("embed", bundle, images / "0009", "-o", tmp_path / "embedded.npz")
    assert cli("gallery", "merge", again, tmp_path / "embedded.npz", "--json").json["new"] == 3
    assert cli("gallery", "expire", again, "--json").json["entries"] == 12


def test_mistakes_are_one_line(cli, bundle, gallery, images, trained, tmp_path):
    for arguments, words in (
        (("stats", tmp_path / "none"), "gallery create"),
        (("create", tmp_path / "new", trained.path), "not a bundle but a training run"),
        (("create", gallery, bundle), "is there already"),
        (("remove", gallery), "give entries"),
        (("remove", gallery, "77"), "no entry 77"),
        (("search", gallery, bundle, images, "--since", "noon"), "no time like"),
        (("search", gallery, bundle, images, "--different", "0.1"), "--different needs --same"),
        (("add", gallery, bundle, images, "--person", "a", "--person-folders"), "not both"),
        (("export", gallery, tmp_path / "out.txt"), ".npz"),
    ):
        result = cli("gallery", *arguments)
        assert result.code == EXIT_USAGE
        assert words in result.err


def test_calibration_gives_answers_a_rate(cli, bundle, people, gallery, images, tmp_path):
    own = tmp_path / "bundle"
    shutil.copytree(bundle, own)
    found = cli("calibrate", own, "--data", people, "--json")
    assert found.code == 0
    assert found.json["identities"] == 60
    assert found.json["people"][0]["target"] == 0.1
    assert json.loads((own / "manifest.json").read_text())["calibration"] == found.json
    assert cli("inspect", own).code == 0
    table = cli("calibrate", bundle, "--data", people, "--gallery", gallery)
    assert "60 people, 240 queries" in table.err
    assert "false matches" in table.out
    # The last line names the file.
    assert max(map(len, table.out.splitlines()[:-1])) <= 80
    image = next((images / "0010").iterdir())
    (answer,) = cli("gallery", "search", gallery, own, image, "--fmr", 0.1, "--json").json
    assert answer["match"]["verdict"] in ("same", "undecided")
    lower = cli("gallery", "search", gallery, own, image, "--fpir", "0.00001")
    assert lower.code == EXIT_USAGE
    assert "lower than 60 people" in lower.err


def test_what_cameras_do_is_learned_from_crops(cli, bundle, gallery, images, tmp_path):
    crops = tmp_path / "crops"
    for camera, people in (("door", ["0009", "0010"]), ("till", ["0010", "0011"])):
        (crops / camera).mkdir(parents=True)
        for path in (path for person in people for path in (images / person).iterdir()):
            shutil.copy(path, crops / camera)
    (crops / "till" / "broken.png").write_bytes(b"no image")
    few = cli("gallery", "learn", gallery, bundle, crops)
    assert few.code == EXIT_USAGE
    assert "camera 'door' has 6 crops, below the 200 of --least" in few.err
    # Before any of them is opened.
    assert "broken.png" not in few.err
    adapted = cli("gallery", "learn", gallery, adapted_copy(bundle, tmp_path / "own"), crops)
    assert adapted.code == EXIT_USAGE
    assert "the bundle is adapted to it and centres it itself" in adapted.err
    learned = cli("gallery", "learn", gallery, bundle, crops, "--least", 6, "--json")
    assert learned.json == {"cameras": {"door": 6, "till": 6}}
    assert "broken.png" in learned.err
    with Gallery.open(gallery) as opened:
        known = opened.statistics("till")
        assert opened.stats().entries == 9
    rows = api.embed(bundle, [crops / "till"], skip_broken=True).vectors
    np.testing.assert_allclose(known.mean, rows.mean(axis=0), atol=1e-6)


@pytest.fixture
def centred(cli, bundle, images, tmp_path):
    """A gallery for centred embeddings, of a camera `door` that it has learned."""
    path = tmp_path / "centred.gallery"
    (tmp_path / "crops").mkdir()
    shutil.copytree(images, tmp_path / "crops" / "door")
    assert cli("gallery", "create", path, bundle, "--centre").code == 0
    learned = cli("gallery", "learn", path, bundle, tmp_path / "crops", "--least", 9, "--json")
    assert learned.json == {"cameras": {"door": 9}}
    return path


def test_what_goes_in_and_what_is_sought_is_centred(cli, bundle, centred, images, tmp_path):
    add = ("gallery", "add", centred, bundle, images, "--person-folders", "--camera", "door")
    added = cli(*add, "--centre", "--json")
    assert added.json == {"new": 9, "entries": 9, "people": 3}
    with Gallery.open(centred) as opened:
        (part,) = opened.records()
        statistics = opened.statistics("door")
    rows = statistics.apply(api.embed(bundle, part.sources).vectors)
    np.testing.assert_allclose(part.vectors, rows, atol=1e-6)
    image = next((images / "0010").iterdir())
    search = ("gallery", "search", centred, bundle, image, "--bundle-camera", "door", "--centre")
    (found,) = cli(*search, "--same", "0.9", "--json").json
    assert found["hits"][0]["label"] == "0010"
    assert found["hits"][0]["score"] == pytest.approx(1, abs=1e-5)
    mean = rows[[person == "0010" for person in part.people]].mean(axis=0)
    query = rows[list(part.sources).index(str(image))]
    expected = float(query @ mean / np.linalg.norm(mean))
    assert found["match"]["score"] == pytest.approx(expected, abs=1e-5)
    # They could not follow what it would learn now.
    late = cli("gallery", "learn", centred, bundle, tmp_path / "crops", "--least", 9)
    assert late.code == EXIT_USAGE
    assert "holds entries of camera 'door', centred by what was learned before" in late.err


def test_what_cannot_be_centred_is_refused_in_one_line(
    cli, bundle, gallery, centred, images, tmp_path
):
    adapted = adapted_copy(bundle, tmp_path / "own")
    door = ("--centre", "--camera", "door")
    mistakes = [
        (("add", centred, bundle, images, "--centre"), EXIT_USAGE, "--centre needs --camera"),
        (("search", centred, bundle, images, "--centre"), EXIT_USAGE, "needs --bundle-camera"),
        (
            ("add", centred, bundle, images, "--centre", "--camera", "till"),
            EXIT_USAGE,
            "has no statistics of camera 'till'",
        ),
        (
            ("search", centred, bundle, images, "--centre", "--bundle-camera", "till"),
            EXIT_USAGE,
            "has no statistics of camera 'till'",
        ),
        (("create", tmp_path / "new", adapted, "--centre"), EXIT_USAGE, "it centres them itself"),
        # What is centred and what is not never meet.
        (("add", gallery, bundle, images, *door), EXIT_CHECK_FAILED, "that are not centred"),
        (("add", centred, bundle, images), EXIT_CHECK_FAILED, "that are centred by camera"),
        (("search", centred, bundle, images), EXIT_CHECK_FAILED, "that are centred by camera"),
        (("merge", centred, gallery), EXIT_CHECK_FAILED, "that are centred by camera"),
        (("merge", gallery, centred), EXIT_CHECK_FAILED, "that are not centred"),
    ]
    for arguments, code, words in mistakes:
        result = cli("gallery", *arguments)
        assert (result.code, words in result.err) == (code, True), (arguments, result.err)
        assert len(result.err.splitlines()) == 1 or code == EXIT_USAGE
    with Gallery.open(centred) as opened:
        assert opened.stats().entries == 0
    # What a file of a centred gallery holds says so, too.
    add = cli("gallery", "add", centred, bundle, images, *door)
    assert add.code == 0, add.err
    assert cli("gallery", "export", centred, tmp_path / "out.npz").code == 0
    assert cli("gallery", "merge", gallery, tmp_path / "out.npz").code == EXIT_CHECK_FAILED
    adapted_add = cli("gallery", "add", centred, adapted, images, *door)
    assert adapted_add.code == EXIT_CHECK_FAILED
    cli("gallery", "relate", centred, adapted, "--centre", "--note", "a test")
    adapted_add = cli("gallery", "add", centred, adapted, images, *door)
    assert adapted_add.code == EXIT_USAGE
    assert "is adapted to it and centres it itself" in adapted_add.err


def test_a_gallery_of_centred_embeddings_is_calibrated_by_such(
    cli, bundle, people, centred, tmp_path
):
    plain = cli("calibrate", bundle, "--data", people, "--gallery", centred)
    assert plain.code == EXIT_CHECK_FAILED
    alone = cli("calibrate", bundle, "--data", people, "--centre")
    assert alone.code == EXIT_USAGE
    assert "centre is for a gallery of centred embeddings" in alone.err
    found = cli("calibrate", bundle, "--data", people, "--gallery", centred, "--centre", "--json")
    assert found.code == 0, found.err
    with Gallery.open(centred) as opened:
        kept = opened.calibration()
    assert kept is not None
    other = cli("gallery", "create", tmp_path / "plain", bundle)
    assert other.code == 0
    before = cli("calibrate", bundle, "--data", people, "--gallery", tmp_path / "plain", "--json")
    assert before.json["people"][0]["threshold"] != found.json["people"][0]["threshold"]
