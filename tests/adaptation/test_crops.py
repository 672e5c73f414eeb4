"""Which file is a crop of which camera, and what is said of the rest."""

import io

import numpy as np
import pytest
from bireid_runtime.gallery import Gallery
from gallery_embeddings import DIM, NETWORK, person_rows
from PIL import Image

from bireid_deploy.adaptation.crops import (
    Crops,
    decode_crops,
    list_crops,
    require_enough,
    uneven,
)
from bireid_deploy.adaptation.gallery_crops import MAX_BYTES, list_gallery_crops
from bireid_deploy.errors import DatasetError


@pytest.fixture
def put(tmp_path):
    """Write pictures, or any content, below a folder."""

    def call(*names, content=None):
        for name in names:
            path = tmp_path / "crops" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                Image.new("RGB", (6, 12), (200, 100, 50)).save(path)
            else:
                path.write_bytes(content)
        return tmp_path / "crops"

    return call


def _names(found):
    return {camera: [path.name for path in paths] for camera, paths in found.cameras.items()}


def _reasons(found):
    return {path.name: reason for path, reason in found.ignored}


def test_a_folder_per_camera(put):
    root = put("yard/b.png", "yard/night/a.png", "door/a.jpg", "loose.png")
    put("empty/notes.txt", content=b"")
    found = list_crops(root)
    assert _names(found) == {"door": ["a.jpg"], "yard": ["b.png", "a.png"]}
    assert _reasons(found) == {
        "loose.png": "not in the folder of a camera",
        "empty": "a folder without images",
        "notes.txt": "of the suffix .txt",
    }


def test_names_like_those_of_market_1501_state_the_camera_and_people_are_not_read(put):
    root = put("0002_c1s1_000451_03.jpg", "-1_c3s2_000123_01.jpg", "0002_c1s2_1_00.jpg", "x.png")
    put("more/0001_c2s1_000001_00.jpg")
    found = list_crops(root)
    assert _names(found) == {
        "c1": ["0002_c1s1_000451_03.jpg", "0002_c1s2_1_00.jpg"],
        "c3": ["-1_c3s2_000123_01.jpg"],
    }
    assert _reasons(found) == {
        "x.png": "its name states no camera",
        "0001_c2s1_000001_00.jpg": "in a folder beside crops whose names state cameras",
    }
    # The same crops of other people are the same crops.
    for path in sorted(root.glob("0002*")):
        path.rename(path.with_name(path.name.replace("0002", "0777")))
    assert {camera: len(paths) for camera, paths in list_crops(root).cameras.items()} == {
        "c1": 2,
        "c3": 1,
    }


def test_a_list_of_path_and_camera(put, tmp_path):
    root = put("a.png", "in/b.png", "c.png")
    source = tmp_path / "cameras.csv"
    source.write_text("path,camera\na.png,door\n\nin/b.png, yard\n")
    found = list_crops(root, source)
    assert _names(found) == {"door": ["a.png"], "yard": ["b.png"]}
    assert _reasons(found) == {"c.png": "not in cameras.csv"}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a.png", r"line 2: 1 fields; a line is path,camera"),
        ("../a.png,door", r"line 2: '../a.png' is not a path below"),
        ("/etc/passwd,door", r"line 2: '/etc/passwd' is not a path below"),
        (",door", r"line 2: '' is not a path below"),
        ("b.png,door", r"line 2: there is no file .*b\.png"),
        ("a.png,door\na.png,yard", r"line 3: a\.png is listed twice"),
        ("a.png,the door", r"'the door' cannot name a camera"),
        ("a.png,", r"'' cannot name a camera"),
    ],
)
def test_a_bad_line_of_a_list_is_named(put, tmp_path, line, message):
    source = tmp_path / "cameras.csv"
    source.write_text(f"path,camera\n{line}\n")
    with pytest.raises(DatasetError, match=message):
        list_crops(put("a.png"), source)


def test_what_is_no_folder_of_crops_is_refused(put, tmp_path):
    with pytest.raises(DatasetError, match="does not exist; check the path"):
        list_crops(tmp_path / "absent")
    with pytest.raises(DatasetError, match="looked for a folder per camera, and for names"):
        list_crops(put("a.txt", content=b""))
    with pytest.raises(DatasetError, match=r"absent\.csv: cannot be read as a CSV"):
        list_crops(put("a.png"), tmp_path / "absent.csv")
    with pytest.raises(DatasetError, match=r"splits of a data set \(bounding_box_train, query\)"):
        list_crops(put("bounding_box_train/a.png", "query/a.png").parent / "crops")


def test_too_many_cameras(put):
    root = put(*(f"camera{number}/a.png" for number in range(257)))
    with pytest.raises(DatasetError, match=r"257 cameras .* at most 256"):
        list_crops(root)


def test_broken_crops_are_ignored_with_their_reason_and_the_others_keep_their_camera(put):
    root = put("door/a.png", "door/c.png", "yard/a.png")
    put("door/b.png", content=b"no picture")
    crops = decode_crops(list_crops(root), 8, 4)
    assert crops.pixels.shape == (3, 8, 4, 3)
    assert crops.counts == {"door": 2, "yard": 1}
    assert len(crops.of(1)) == 1
    ((path, reason),) = crops.ignored
    assert path == root / "door" / "b.png"
    assert "not an image" in reason


def test_too_few_and_uneven_crops_are_said():
    require_enough({"door": 200, "yard": 200}, 200)
    with pytest.raises(DatasetError, match=r"camera 'b' has 3 crops, below the 200 .*\(and 1 more"):
        require_enough({"a": 199, "b": 3, "c": 200}, 200)
    assert uneven({"a": 100, "b": 399}) is None
    assert uneven({"a": 100, "b": 400}).startswith("uneven coverage: camera 'a' has 100 crops")


def test_a_camera_without_any_sound_crop_has_no_crops():
    crops = Crops(("a", "b"), np.zeros((2, 8, 4, 3), np.uint8), np.zeros(2, np.int64), ())
    assert crops.counts == {"a": 2, "b": 0}


def _jpeg(colour, size=(6, 12)):
    buffer = io.BytesIO()
    Image.new("RGB", size, colour).save(buffer, "JPEG")
    return buffer.getvalue()


def test_the_thumbnails_of_a_gallery_are_crops_of_their_cameras(tmp_path):
    red, blue = _jpeg((250, 0, 0)), _jpeg((0, 0, 250))
    thumbnails = [red, blue, None, red, b"no picture", bytes(MAX_BYTES + 1), _jpeg(0, (3000, 2000))]
    with Gallery.create(tmp_path / "shop.gallery", NETWORK, DIM) as gallery:
        gallery.add(
            person_rows(0, 7),
            camera=["yard", "door", "door", None, "door", "door", "door"],
            thumbnails=thumbnails,
        )
        found = list_gallery_crops(gallery)
    assert _names(found) == {"door": ["entry 2", "entry 5", "entry 7"], "yard": ["entry 1"]}
    assert _reasons(found) == {
        "entry 3": "without a thumbnail",
        "entry 4": "of no camera",
        "entry 6": f"with a thumbnail of more than {MAX_BYTES} bytes",
    }
    crops = decode_crops(found, 8, 4)
    assert crops.counts == {"door": 1, "yard": 1}
    assert crops.of(0)[..., 2].min() > 200 > 50 > crops.of(0)[..., 0].max()
    assert crops.of(1)[..., 0].min() > 200
    said = _reasons(crops)
    assert "shop.gallery: entry 5: not an image" in said["entry 5"]
    assert "3000x2000 pixels exceed the limit" in said["entry 7"]


def test_a_gallery_without_crops_is_refused(tmp_path):
    with Gallery.create(tmp_path / "shop.gallery", NETWORK, DIM) as gallery:
        gallery.add(person_rows(0, 2), camera=["door", None], thumbnails=[None, _jpeg(0)])
        with pytest.raises(DatasetError, match="of 2 entries none has a camera and a thumbnail"):
            list_gallery_crops(gallery)
        gallery.add(person_rows(1, 1), camera="the door", thumbnails=[_jpeg(0)])
        with pytest.raises(DatasetError, match="'the door' cannot name a camera"):
            list_gallery_crops(gallery)
