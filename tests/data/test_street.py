"""Rendered frames of a street: what is written is what was drawn."""

import numpy as np
import pytest
from PIL import Image

from bireid_deploy.data.synthetic.street import render_frame
from bireid_deploy.data.synthetic.write_street import write_street
from bireid_deploy.errors import DatasetError

SMALL = {"train": 5, "test": 2, "size": (64, 96), "seed": 3}


@pytest.fixture(scope="module")
def street(tmp_path_factory):
    root = tmp_path_factory.mktemp("street")
    return {each: write_street(root / each, layout=each, **SMALL) for each in ("voc", "coco")}


def test_both_layouts_hold_the_same_images_and_boxes(street):
    voc, coco = street["voc"], street["coco"]
    assert voc.classes == coco.classes == ("person",)
    assert (len(voc.train), len(voc.test), voc.remarks) == (5, 2, ())
    for one, other in zip((*voc.train, *voc.test), (*coco.train, *coco.test), strict=True):
        for part in ("corners", "labels", "ignored", "areas"):
            np.testing.assert_array_equal(getattr(one, part), getattr(other, part))
        assert one.path.read_bytes() == other.path.read_bytes()
        with Image.open(one.path) as image:
            assert image.size == (one.width, one.height) == (96, 64)


def test_a_frame_depends_on_its_seed_and_number_alone(street):
    again = render_frame(3, 5, (64, 96))
    first = street["voc"].test[0]
    np.testing.assert_array_equal(again.corners, first.corners)
    assert (
        np.array(again.picture).tobytes()
        != np.array(render_frame(4, 5, (64, 96)).picture).tobytes()
    )


def test_people_of_all_sizes_stand_in_the_boxes():
    frames = [render_frame(0, number, (96, 96)) for number in range(24)]
    corners = np.concatenate([frame.corners for frame in frames])
    heights = corners[:, 3] - corners[:, 1]
    assert heights.min() < 24
    assert heights.max() > 60
    assert (corners[:, :2] >= 0).all()
    assert (corners[:, 2:] <= 96).all()
    assert (corners[:, 2:] > corners[:, :2]).all()
    assert {len(frame.corners) for frame in frames} >= {0, 1, 2, 3}
    assert 0 < sum(int(frame.difficult.sum()) for frame in frames) < len(corners) / 4


def test_it_is_written_once(street, tmp_path):
    root = street["voc"].root
    stamp = (root / "synthetic.json").stat().st_mtime_ns
    write_street(root, layout="voc", **SMALL)
    assert (root / "synthetic.json").stat().st_mtime_ns == stamp
    with pytest.raises(DatasetError, match="holds rendered street with seed 3, not 4"):
        write_street(root, layout="voc", **{**SMALL, "seed": 4})


def test_an_annotation_that_was_changed_is_noticed(tmp_path):
    write_street(tmp_path / "s", **SMALL)
    (tmp_path / "s/Annotations/000001.xml").write_text("<annotation/>")
    with pytest.raises(DatasetError, match="remove the folder"):
        write_street(tmp_path / "s", **SMALL)


@pytest.mark.parametrize(
    "wrong", [{"train": 0}, {"test": 0}, {"size": (16, 96)}, {"seed": -1}, {"layout": "yolo"}]
)
def test_what_cannot_be_rendered_is_refused(tmp_path, wrong):
    with pytest.raises(DatasetError, match="rendered street: "):
        write_street(tmp_path / "s", **{**SMALL, **wrong})
