import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from bireid_deploy.data.layouts import open_dataset
from bireid_deploy.data.synthetic import write_synthetic
from bireid_deploy.data.synthetic.renderer import Renderer
from bireid_deploy.errors import DatasetError

SMALL = {"identities": 6, "cameras": 3, "images_per_camera": 2, "size": (64, 32)}


def hashes(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(root.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(scope="module")
def tree(tmp_path_factory) -> Path:
    root = tmp_path_factory.mktemp("synthetic") / "people"
    write_synthetic(root, **SMALL)
    return root


def test_tree_is_a_market1501_data_set(tree):
    dataset = open_dataset(tree)
    summary = dataset.summary()
    train, query, gallery = summary["train"], summary["query"], summary["gallery"]
    assert (train.identities, train.images, train.cameras) == (3, 18, 3)
    assert (query.identities, query.images, query.cameras) == (3, 9, 3)
    assert (gallery.identities, gallery.images) == (3, 10)
    assert (gallery.distractors, gallery.junk) == (1, 1)
    assert {s.person_id for s in dataset.train} == {1, 2, 3}
    assert {s.person_id for s in dataset.query} == {4, 5, 6}
    pairs = {(s.person_id, s.camera_id) for s in dataset.query}
    assert len(pairs) == len(dataset.query)
    assert (tree / "bounding_box_train/0001_c1s1_000001_00.jpg").is_file()


def test_images_have_the_size_asked_for(tmp_path):
    dataset = write_synthetic(tmp_path / "people", **{**SMALL, "size": (64, 40)})
    for sample in dataset.gallery:
        with Image.open(sample.path) as picture:
            assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (40, 64))


def test_same_seed_same_bytes_other_seed_other_bytes(tree, tmp_path):
    write_synthetic(tmp_path / "again", **SMALL)
    write_synthetic(tmp_path / "other", **SMALL, seed=1)
    first, again, other = hashes(tree), hashes(tmp_path / "again"), hashes(tmp_path / "other")
    assert first == again
    assert first.keys() == other.keys()
    assert not any(first[name] == other[name] for name in first)


def test_a_person_looks_the_same_in_larger_sets(tree, tmp_path):
    write_synthetic(tmp_path / "larger", **{**SMALL, "identities": 8}, test_fraction=0.5)
    small, larger = hashes(tree), hashes(tmp_path / "larger")
    name = "bounding_box_train/0003_c2s1_000002_00.jpg"
    assert small[name] == larger[name]


def test_people_differ_and_images_of_one_person_differ():
    renderer = Renderer(seed=3, cameras=2, size=(128, 64))
    pictures = [
        np.asarray(renderer.render(person, camera, image)).tobytes()
        for person in range(4)
        for camera in range(2)
        for image in range(3)
    ]
    assert len(set(pictures)) == len(pictures)


def test_cameras_cast_colours():
    renderer = Renderer(seed=0, cameras=4, size=(128, 64))
    means = np.array(
        [
            np.mean([np.asarray(renderer.render(p, c, 0)).mean((0, 1)) for p in range(12)], axis=0)
            for c in range(4)
        ]
    )
    balance = means / means.sum(1, keepdims=True)
    # Any two cameras disagree on the share of some primary by more than 4 %.
    gaps = np.abs(balance[:, None] - balance[None]).max(-1)
    assert gaps[~np.eye(4, dtype=bool)].min() > 0.04


def test_an_identical_tree_is_reused(tmp_path):
    write_synthetic(tmp_path / "people", **SMALL)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "people").rglob("*")}
    done: list[tuple[int, int]] = []
    write_synthetic(
        tmp_path / "people", **SMALL, on_progress=lambda *progress: done.append(progress)
    )
    assert done == []
    assert before == {path: path.stat().st_mtime_ns for path in (tmp_path / "people").rglob("*")}


def test_progress_reaches_the_end(tmp_path):
    done: list[tuple[int, int]] = []
    write_synthetic(
        tmp_path / "people", **SMALL, on_progress=lambda *progress: done.append(progress)
    )
    assert done == [(i, 38) for i in range(1, 39)]


def test_other_folders_are_refused_and_left_alone(tree, tmp_path):
    before = hashes(tree)
    with pytest.raises(DatasetError, match="seed 0, not 5"):
        write_synthetic(tree, **SMALL, seed=5)
    with pytest.raises(DatasetError, match="identities 6, not 7"):
        write_synthetic(tree, **{**SMALL, "identities": 7})
    assert hashes(tree) == before
    (tmp_path / "diary.txt").write_text("mine")
    with pytest.raises(DatasetError, match=r"holds no synthetic\.json"):
        write_synthetic(tmp_path, **SMALL)
    with pytest.raises(DatasetError, match="is a file"):
        write_synthetic(tmp_path / "diary.txt", **SMALL)
    with pytest.raises(DatasetError, match="cannot write"):
        write_synthetic(tmp_path / "diary.txt" / "people", **SMALL)
    assert [path.name for path in tmp_path.iterdir()] == ["diary.txt"]


def test_an_empty_folder_may_exist(tree, tmp_path):
    write_synthetic(tmp_path, **SMALL)
    assert hashes(tmp_path) == hashes(tree)


def test_a_changed_tree_is_refused(tmp_path):
    root = tmp_path / "people"
    dataset = write_synthetic(root, **SMALL)
    record = json.loads((root / "synthetic.json").read_text())
    (root / "synthetic.json").write_text(json.dumps({**record, "renderer_version": 0}))
    with pytest.raises(DatasetError, match="renderer_version 0"):
        write_synthetic(root, **SMALL)
    (root / "synthetic.json").write_text(json.dumps(record))
    dataset.train[0].path.write_bytes(b"cut short")
    with pytest.raises(DatasetError, match="not those"):
        write_synthetic(root, **SMALL)
    (root / "synthetic.json").write_text("[")
    with pytest.raises(DatasetError, match="cannot read"):
        write_synthetic(root, **SMALL)


def test_an_interrupted_run_leaves_nothing(tmp_path):
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_synthetic(tmp_path / "people", **SMALL, on_progress=interrupt)
    assert list(tmp_path.iterdir()) == []


def test_styles_change_light_and_colours_and_belong_to_nobody(tree, tmp_path):
    write_synthetic(tmp_path / "styles", **SMALL, styles=4)
    plain, styled = hashes(tree), hashes(tmp_path / "styles")
    assert plain.keys() == styled.keys()
    pictures = [name for name in plain if name.endswith(".jpg")]
    # A quarter of the images keep their camera's own style, and with it every byte.
    kept = {name for name in pictures if plain[name] == styled[name]}
    assert 0 < len(kept) < len(pictures) / 2
    # The images of one person before one camera differ in style.
    moments = [name for name in pictures if "/0001_c1" in name or "/0002_c1" in name]
    assert {name in kept for name in moments} == {True, False}
    with pytest.raises(DatasetError, match="styles 4, which was not asked for"):
        write_synthetic(tmp_path / "styles", **SMALL)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"identities": 1}, "identities"),
        ({"cameras": 1}, "cameras"),
        ({"cameras": 10}, "cameras"),
        ({"images_per_camera": 1}, "images_per_camera"),
        ({"seed": -1}, "seed"),
        ({"test_fraction": 0.0}, "test_fraction"),
        ({"test_fraction": 1.0}, "test_fraction"),
        ({"size": (8, 4)}, "height"),
        ({"styles": 0}, "styles"),
    ],
)
def test_parameters_out_of_range(tmp_path, change, message):
    with pytest.raises(DatasetError, match=message):
        write_synthetic(tmp_path / "people", **{**SMALL, **change})
    assert list(tmp_path.iterdir()) == []
