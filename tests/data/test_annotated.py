"""Readers of PASCAL VOC and COCO: what they read, what they leave out, what they refuse."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skips import UNAVOIDABLE

from bireid_deploy.data.annotated import open_annotated
from bireid_deploy.data.annotated.dataset import MAX_BOXES
from bireid_deploy.data.folders import count_left_out
from bireid_deploy.errors import DatasetError
from bireid_deploy.tasks import TASKS

OBJECT = (
    "<object><name>{}</name><difficult>{}</difficult><bndbox><xmin>{}</xmin><ymin>{}</ymin>"
    "<xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"
)
SIZE = "<size><width>40</width><height>30</height></size>"


def _voc(root: Path, files: dict[str, str], splits: dict[str, list[str]]) -> Path:
    for folder in ("Annotations", "JPEGImages", "ImageSets/Main"):
        (root / folder).mkdir(parents=True)
    for name, text in files.items():
        (root / "Annotations" / f"{name}.xml").write_text(text)
        Image.new("RGB", (40, 30)).save(root / "JPEGImages" / f"{name}.jpg")
    for split, names in splits.items():
        (root / "ImageSets/Main" / f"{split}.txt").write_text("\n".join(names))
    return root


def _xml(*objects):
    return f"<annotation>{SIZE}{''.join(OBJECT.format(*each) for each in objects)}</annotation>"


@pytest.fixture
def voc(tmp_path):
    files = {
        "a": _xml(("dog", 0, 1, 2, 10, 20), ("cat", 1, 5, 5, 9, 9)),
        "b": _xml(
            ("dog", 0, 7, 7, 7, 9),  # no area
            ("dog", 0, 50, 5, 60, 9),  # outside
            ("dog", 0, 20, 5, 90, 9),  # beyond the edge
            ("dog", 0, 0, 0, 41, 31),  # beyond it by the convention alone
        ),
        "c": _xml(),
    }
    return _voc(tmp_path / "set", files, {"train": ["a", "b"], "val": ["c"]})


def test_voc_pixels_count_from_one_and_include_the_last(voc):
    dataset = open_annotated(voc)
    assert dataset.classes == ("cat", "dog")
    first = dataset.train[0]
    assert first.corners.tolist() == [[0, 1, 10, 20], [4, 4, 9, 9]]
    assert first.labels.tolist() == [1, 0]
    assert first.ignored.tolist() == [False, True]
    assert first.areas.tolist() == [190, 25]
    assert (first.height, first.width) == (30, 40)
    assert [image.path.name for image in dataset.test] == ["c.jpg"]


def test_what_cannot_be_learned_is_left_out_and_counted(voc):
    dataset = open_annotated(voc, classes=["dog"])
    assert dataset.train[1].corners.tolist() == [[19, 4, 40, 9], [0, 0, 40, 30]]
    assert dataset.remarks == (
        "1 box of other classes left out (first in a.jpg)",
        "1 box without an area left out (first in b.jpg)",
        "1 box outside their image left out (first in b.jpg)",
        "1 box beyond the edge of their image clipped (first in b.jpg)",
    )
    assert dataset.train[0].labels.tolist() == [0]


def test_trainval_trains_where_there_is_a_test_split(tmp_path):
    files = {name: _xml(("dog", 0, 1, 1, 9, 9)) for name in "abc"}
    lists = {"train": ["a"], "val": ["b"], "trainval": ["a", "b"], "test": ["c"]}
    dataset = open_annotated(_voc(tmp_path / "set", files, lists))
    assert [len(each) for each in (dataset.train, dataset.test)] == [2, 1]


BOMB = (
    '<!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>'
    f"<annotation>{SIZE}<filename>&c;</filename></annotation>"
)
STRANGER = '<!DOCTYPE a SYSTEM "file:///etc/passwd"><annotation/>'


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BOMB, "document type"),
        (STRANGER, "document type"),
        ("<annotation>", "not XML"),
        ("", "not XML"),
        ("<html/>", "<html> is not an annotation"),
        ("<annotation/>", "<size> is missing"),
        ("<annotation>" * 40 + "</annotation>" * 40, "nested more than"),
        (_xml().replace("40", "0"), "<width> is 0"),
        (_xml().replace("40", "1e9"), r"<width> is 1e\+09"),
        (_xml(("dog", 0, "nan", 1, 2, 3)), "<xmin> is 'nan'"),
        (_xml(("dog", 0, "", 1, 2, 3)), "<xmin> is missing"),
        (_xml(("d" * 201, 0, 1, 1, 2, 3)), "name"),
        (_xml().replace("</annotation>", "<object><name>d</name></object></annotation>"), "bndbox"),
        (_xml(*[("dog", 0, 1, 1, 9, 9)] * (MAX_BOXES + 1)), "10001 boxes"),
    ],
)
def test_a_hostile_annotation_is_refused_in_one_line(tmp_path, text, message):
    root = _voc(tmp_path / "set", {"a": text}, {"train": ["a"], "val": ["a"]})
    with pytest.raises(DatasetError, match=message) as error:
        open_annotated(root)
    assert "\n" not in str(error.value)
    assert "a.xml" in str(error.value)


def test_lists_name_images_of_the_data_set_alone(voc):
    path = voc / "ImageSets/Main/val.txt"
    for name, message in (("../a", "not the name"), ("z", "no image"), ("c\nc", "twice")):
        path.write_text(name)
        with pytest.raises(DatasetError, match=message):
            open_annotated(voc)
    path.unlink()
    with pytest.raises(DatasetError, match=r"no val\.txt"):
        open_annotated(voc)


def test_images_that_no_list_names_are_counted(tmp_path, voc):
    for name in ("z.jpg", "z.tif"):
        (voc / "JPEGImages" / name).touch()
    counted = {"in no list of ImageSets/Main": 1, "of the suffix .tif": 1}
    assert count_left_out(open_annotated(voc).left_out) == counted
    # An image of the other split is none of them.
    assert count_left_out(open_annotated(voc, use="train").left_out) == counted
    coco = _coco(tmp_path / "coco", _document())
    (coco / "val2017" / "c.jpg").touch()
    assert count_left_out(open_annotated(coco).left_out) == {
        "not in annotations/instances_val2017.json": 1
    }


def _document():
    return {
        "images": [
            {"id": 7, "file_name": "a.jpg", "height": 30, "width": 40},
            {"id": 3, "file_name": "b.jpg", "height": 30, "width": 40},
        ],
        "annotations": [
            {"id": 1, "image_id": 3, "category_id": 18, "bbox": [1, 2, 10, 20], "area": 77.5},
            {"id": 2, "image_id": 3, "category_id": 1, "bbox": [1, 2, 0, 5], "area": 0},
            {"id": 3, "image_id": 7, "category_id": 1, "bbox": [0, 0, 8, 8], "iscrowd": 1},
        ],
        "categories": [{"id": 18, "name": "dog"}, {"id": 1, "name": "person"}],
    }


def _coco(root: Path, document) -> Path:
    (root / "annotations").mkdir(parents=True)
    for split in ("train2017", "val2017"):
        (root / split).mkdir()
        for name in ("a.jpg", "b.jpg"):
            Image.new("RGB", (40, 30)).save(root / split / name)
        text = document if isinstance(document, str) else json.dumps(document)
        (root / "annotations" / f"instances_{split}.json").write_text(text)
    return root


def test_coco_gives_areas_crowds_and_classes_in_the_order_of_their_numbers(tmp_path):
    dataset = open_annotated(_coco(tmp_path / "set", _document()))
    assert dataset.classes == ("person", "dog")
    first, second = dataset.train
    assert second.corners.tolist() == [[1, 2, 11, 22]]
    assert second.areas.tolist() == [77.5]
    assert second.labels.tolist() == [1]
    assert first.ignored.tolist() == [True]
    assert dataset.remarks == (
        "2 boxes without an area left out (first in b.jpg)",
        "no training box of 'person'",
    )


def test_classes_without_a_box_to_train_with_are_said(tmp_path):
    document = _document()
    document["categories"] += [{"id": 90 + each, "name": f"thing{each}"} for each in range(4)]
    root = _coco(tmp_path / "set", document)
    # A crowd teaches nothing.
    said = "no training box of 'person', 'thing0', 'thing1' and 2 others"
    dataset = open_annotated(root)
    assert dataset.remarks[-1] == said
    assert TASKS["detection"].summary(TASKS["detection"].describe(dataset)).endswith(f"; {said}")
    assert open_annotated(root, use="train").remarks[-1] == said
    assert said not in open_annotated(root, use="test").remarks
    one = open_annotated(root, classes=["thing3", "dog"])
    assert one.remarks[-1] == "no training box of 'thing3'"


def _with(key, index, **changes):
    document = _document()
    document[key][index].update(changes)
    return document


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("{", "JSON"),
        ("[" * 100_000, "nested|JSON"),
        ("[]", "must be a JSON object"),
        ({}, "categories must be an array"),
        ({**_document(), "annotations": [3]}, "annotations must be an array"),
        (_with("annotations", 0, image_id=99), r"annotations\[0\] is of the image 99"),
        (_with("annotations", 0, image_id="3"), "image_id must be a whole"),
        (_with("annotations", 1, category_id=2), "category 2"),
        (_with("annotations", 1, bbox=[1, 2, 3]), "bbox must be four"),
        (_with("annotations", 1, bbox=[1, 2, float("nan"), 4]), "bbox must be four"),
        (_with("annotations", 1, bbox=[1, 2, 10**400, 4]), "bbox must be four"),
        (_with("annotations", 1, area=-1), "area is -1"),
        (_with("images", 0, id=3), "image 3 is there twice"),
        (_with("images", 0, height=10**9), "height and width"),
        (_with("images", 0, file_name="../a.jpg"), "leads out"),
        (_with("images", 0, file_name="/etc/passwd"), "leads out"),
        (_with("images", 0, file_name="z.jpg"), "no image"),
        (_with("categories", 0, id=1), "there twice"),
        (_with("categories", 0, name=""), "name must be a line"),
    ],
)
def test_a_hostile_document_is_refused_in_one_line(tmp_path, document, message):
    with pytest.raises(DatasetError, match=message) as error:
        open_annotated(_coco(tmp_path / "set", document))
    assert "\n" not in str(error.value)
    assert len(str(error.value)) < 400


def test_layouts_and_classes_are_named_when_they_do_not_fit(tmp_path, voc):
    with pytest.raises(DatasetError, match=r"one level below, in .*/set; give that folder"):
        open_annotated(tmp_path)
    with pytest.raises(DatasetError, match="looked for"):
        open_annotated(voc / "JPEGImages")
    with pytest.raises(DatasetError, match="did you mean voc"):
        open_annotated(voc, "vocc")
    with pytest.raises(DatasetError, match=r"no class 'dgo'.*dog"):
        open_annotated(voc, classes=["dgo"])
    (voc / "ImageSets/Main/train.txt").write_text("c")
    (voc / "ImageSets/Main/val.txt").write_text("a")
    with pytest.raises(DatasetError, match="no box to train with"):
        open_annotated(voc)


@pytest.mark.skipif("BIREID_DATA" not in os.environ, reason=f"{UNAVOIDABLE}BIREID_DATA is not set")
def test_real_photographs_of_blood_cells():
    dataset = open_annotated(Path(os.environ["BIREID_DATA"]) / "bccd" / "BCCD")
    assert (len(dataset.train), len(dataset.test)) == (292, 72)
    labels = np.concatenate([image.labels for image in (*dataset.train, *dataset.test)])
    counts = dict(zip(dataset.classes, np.bincount(labels).tolist(), strict=True))
    assert counts == {"Platelets": 361, "RBC": 4153, "WBC": 372}
    assert dataset.remarks == ("2 boxes without an area left out (first in BloodImage_00338.jpg)",)
