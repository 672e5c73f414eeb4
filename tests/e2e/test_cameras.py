"""The verbs with a bundle that is adapted to cameras, made of the one that the repository ships."""

import json

import numpy as np
import pytest
from bireid_converters.adaptation import CameraAdaptation, write_adapted
from bireid_runtime import Bundle, Extractor
from bireid_runtime.images import load_image
from zoo import REID_BUNDLE

from bireid_deploy.data.synthetic import write_synthetic
from bireid_deploy.tasks import TASKS


@pytest.fixture(scope="module")
def plain():
    return REID_BUNDLE


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """A few people of three cameras."""
    folder = tmp_path_factory.mktemp("people") / "people"
    write_synthetic(folder, identities=8, cameras=3, test_fraction=0.5)
    return folder


def adapted_to(cameras, plain, data, folder):
    """The bundle with the mean of every crop of each camera taken out."""
    base = Bundle.open(plain)
    extractor = Extractor.open(base)
    rows = {}
    for path in sorted((data / "bounding_box_train").glob("*.jpg")):
        rows.setdefault(path.name.split("_")[1][:2], []).append(path)
    return write_adapted(
        base,
        folder,
        [
            CameraAdaptation(each, len(rows[each]), extractor.embed(rows[each]).mean(axis=0))
            for each in cameras
        ],
        card=TASKS[base.task].card,
        note={"made of": "the training half"},
    )


@pytest.fixture(scope="module")
def adapted(plain, data, tmp_path_factory):
    cameras = [f"c{index}" for index in range(1, 4)]
    return adapted_to(cameras, plain, data, tmp_path_factory.mktemp("adapted") / "bundle")


def test_embed_asks_for_the_camera(cli, refused, adapted, data, tmp_path):
    images = sorted((data / "query").glob("*_c2*.jpg"))[:3]
    out = tmp_path / "rows.npz"
    said = refused(2, "embed", adapted.path, *images, "-o", out)
    assert "name one: c1, c2, c3" in said
    result = cli("embed", adapted.path, *images, "-o", out, "--camera", "c2")
    assert result.code == 0, result.err
    with np.load(out, allow_pickle=False) as arrays:
        expected = Extractor.open(adapted, camera="c2").embed(images)
        np.testing.assert_array_equal(arrays["vectors"], expected)
        assert str(arrays["fingerprint"]) == adapted.fingerprint


def test_evaluate_gives_every_crop_to_its_camera(cli, adapted, data, tmp_path):
    saved = tmp_path / "rows.npz"
    result = cli("evaluate", adapted.path, "--data", data, "--json", "--save", saved)
    assert result.code == 0, result.err
    with np.load(saved, allow_pickle=False) as arrays:
        assert str(arrays["fingerprint"]) == adapted.fingerprint
        extractor = Extractor.open(adapted)
        for index in range(0, len(arrays["names"]), 7):
            path = data / ("query" if arrays["split"][index] == "query" else "bounding_box_test")
            crop = load_image(path / str(arrays["names"][index]))
            camera = f"c{arrays['camera_ids'][index] + 1}"
            expected = extractor.embed([crop], camera=camera)[0]
            np.testing.assert_array_equal(arrays["vectors"][index], expected)


def test_evaluate_refuses_a_camera_that_the_bundle_does_not_know(refused, plain, data, tmp_path):
    few = adapted_to(["c1", "c2"], plain, data, tmp_path / "bundle")
    said = refused(2, "evaluate", few.path, "--data", data)
    assert "its camera c3 is none of those that the bundle is adapted to: c1, c2" in said


def test_two_cameras_go_into_one_file_and_two_bundles_do_not(
    cli, refused, plain, adapted, data, tmp_path
):
    image = next((data / "query").glob("*.jpg"))
    lines = []
    for bundle, camera in ((adapted.path, "c1"), (adapted.path, "c2"), (plain, None)):
        out = tmp_path / "one.jsonl"
        options = [] if camera is None else ["--camera", camera]
        assert cli("embed", bundle, image, "-o", out, *options).code == 0
        record = json.loads(out.read_text())
        labels = {"person_id": 1, "camera_id": len(lines)}
        lines.append({**record, **labels, "split": "gallery" if lines else "query"})
    mixed = tmp_path / "mixed.jsonl"
    mixed.write_text("".join(json.dumps(line) + "\n" for line in lines[:2]))
    assert cli("evaluate", mixed).code == 0
    mixed.write_text("".join(json.dumps(line) + "\n" for line in lines))
    assert "line 3 is of the embedding space" in refused(2, "evaluate", mixed)


def test_inspect_lists_the_cameras(cli, adapted):
    result = cli("inspect", adapted.path)
    assert result.code == 0
    assert "adapted to these cameras" in result.out
    assert "taken out of embeddings: mean" in result.out
    assert all(len(line) <= 80 for line in result.out.splitlines() if "camera" in line)
    found = cli("inspect", adapted.path, "--json").json["cameras"]
    assert [each["name"] for each in found["cameras"]] == [f"c{index}" for index in range(1, 4)]
    assert found["embedding"] == "mean"
    assert found["bytes_per_camera"] > 1000


def test_verify_tests_every_camera(cli, adapted):
    result = cli("verify", adapted.path, "--json")
    assert result.code == 0, result.out
    names = [check["name"] for check in result.json["checks"]]
    assert {"golden inputs, native", "native vs lce"} <= set(names)


def test_bench_times_it(cli, adapted):
    result = cli("bench", adapted.path, "--rounds", "1", "--starts", "1", "--json")
    assert result.code == 0, result.err
