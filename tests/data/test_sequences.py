"""Readers of OTB and GOT-10k, and rendered sequences."""

import shutil

import numpy as np
import pytest
from bireid_runtime.images import load_image
from PIL import Image

from bireid_deploy.data.sequences import open_sequences
from bireid_deploy.data.synthetic.walks import render_walk
from bireid_deploy.data.synthetic.write_walks import write_walks
from bireid_deploy.errors import DatasetError


def _frames(folder, count):
    folder.mkdir(parents=True)
    for number in range(1, count + 1):
        Image.new("RGB", (40, 30)).save(folder / f"{number:04d}.jpg")


def _otb(root, name, count, text, frames=None):
    _frames(root / name / "img", frames or count)
    (root / name / "groundtruth_rect.txt").write_text(text)
    return root / name


@pytest.fixture
def got10k(tmp_path):
    root = tmp_path / "got10k"
    for split, name, covers in (("train", "A", (8, 0, 4)), ("val", "B", (8, 8, 8))):
        _frames(root / split / name, 3)
        lines = "".join(f"{x}.5,2.0,10.0,12.0\n" for x in range(3))
        (root / split / name / "groundtruth.txt").write_text(lines)
        (root / split / name / "cover.label").write_text("".join(f"{c}\n" for c in covers))
        (root / split / "list.txt").write_text(f"{name}\n")
    return root


@pytest.mark.parametrize("separator", [",", "\t", "  "])
def test_otb_with_any_separator(tmp_path, separator):
    lines = [separator.join(map(str, row)) for row in ((1, 2, 30, 40), (3, 4, 5.5, 6))]
    _otb(tmp_path, "Some", 2, "\n".join(lines))
    dataset = open_sequences(tmp_path)
    (sequence,) = dataset.test
    assert dataset.train == ()
    assert sequence.name == "Some"
    assert sequence.boxes.tolist() == [[1, 2, 30, 40], [3, 4, 5.5, 6]]
    assert [path.name for path in sequence.frames] == ["0001.jpg", "0002.jpg"]
    assert sequence.visible.tolist() == [1, 1]
    # The folder of one sequence is a data set too.
    assert open_sequences(tmp_path / "Some").test[0].name == "Some"


def test_two_targets_in_the_same_frames(tmp_path):
    folder = _otb(tmp_path, "Jogging", 1, "1,2,3,4")
    (folder / "groundtruth_rect.txt").rename(folder / "groundtruth_rect.1.txt")
    (folder / "groundtruth_rect.2.txt").write_text("5,6,7,8")
    names = [each.name for each in open_sequences(tmp_path).test]
    assert names == ["Jogging.1", "Jogging.2"]


def test_a_sequence_of_which_a_part_is_marked(tmp_path):
    _otb(tmp_path, "Football1", 74, "1,2,3,4\n" * 74, frames=80)
    assert len(open_sequences(tmp_path).test[0].frames) == 74
    _otb(tmp_path, "Other", 74, "1,2,3,4\n" * 74, frames=80)
    with pytest.raises(DatasetError, match="has 74 lines for 80 frames"):
        open_sequences(tmp_path)


def test_frames_without_a_target(tmp_path):
    _otb(tmp_path, "uav", 2, "1,2,3,4\nNaN,NaN,NaN,NaN\n")
    boxes = open_sequences(tmp_path).test[0].boxes
    assert np.isnan(boxes[1]).all()
    _otb(tmp_path, "late", 2, "NaN,NaN,NaN,NaN\n1,2,3,4\n")
    with pytest.raises(DatasetError, match="late: the first frame does not mark"):
        open_sequences(tmp_path)


def test_got10k_knows_what_is_covered(got10k):
    dataset = open_sequences(got10k)
    (train,), (test,) = dataset.train, dataset.test
    assert (train.name, test.name) == ("A", "B")
    assert train.visible.tolist() == [1, 0, 0.5]
    assert test.boxes[2].tolist() == [2.5, 2, 10, 12]


@pytest.mark.parametrize(
    ("file", "content", "reason"),
    [
        ("val/B/groundtruth.txt", b"1,2,3\n", "line 1 must be four numbers"),
        ("val/B/groundtruth.txt", b"1,2,3,4\n1,2,x,4\n", "line 2 must be four numbers"),
        ("val/B/groundtruth.txt", b"1,2,3,4\n1,2,-3,4\n", "line 2 is no box"),
        ("val/B/groundtruth.txt", b"1,2,inf,4\n", "line 1 is no box"),
        ("val/B/groundtruth.txt", b"", "has 0 lines"),
        ("val/B/groundtruth.txt", b"1,2,3,4\n", "has 1 lines for 3 frames"),
        ("val/B/groundtruth.txt", b"\xff\xfe", "is not a text file"),
        ("val/B/cover.label", b"8\n8\n9\n", "line 3 must be 0 to 8"),
        ("val/B/cover.label", b"8\n-1\n8\n", "line 2 must be 0 to 8"),
        ("val/B/cover.label", b"8\n8\n", "has 2 lines for 3 frames"),
        ("val/list.txt", b"../train/A\n", "names '../train/A', which is no folder beside it"),
        ("val/list.txt", b"C\n", "names 'C', which is no folder beside it"),
        ("val/list.txt", b"..\n", "which is no folder beside it"),
    ],
)
def test_a_damaged_file_is_named(got10k, file, content, reason):
    (got10k / file).write_bytes(content)
    with pytest.raises(DatasetError, match=reason) as error:
        open_sequences(got10k)
    assert str(got10k) in str(error.value)


def test_what_holds_no_sequences(tmp_path):
    with pytest.raises(DatasetError, match="no sequences; looked for"):
        open_sequences(tmp_path / "absent")
    with pytest.raises(DatasetError, match="choose one of: auto, got10k, otb"):
        open_sequences(tmp_path, "coco")


def test_a_real_sequence(real_data):
    (sequence,) = open_sequences(real_data / "otb_crossing").test
    assert len(sequence.frames) == 120
    assert load_image(sequence.frames[0]).shape == (240, 360, 3)
    assert (sequence.boxes[:, 2:] >= 13).all()
    steps = np.abs(np.diff(sequence.boxes[:, :2], axis=0)).max()
    assert steps < 6


@pytest.fixture(scope="module")
def walks(tmp_path_factory):
    root = tmp_path_factory.mktemp("data") / "walks"
    write_walks(root, train=3, test=1, frames=12, size=(96, 128), seed=4)
    return root


def test_walks_are_written_once(walks):
    dataset = open_sequences(walks)
    assert [len(each) for each in (dataset.train, dataset.test)] == [3, 1]
    again = write_walks(walks, train=3, test=1, frames=12, size=(96, 128), seed=4)
    assert again.test[0].frames == dataset.test[0].frames
    with pytest.raises(DatasetError, match="seed 4, not 5"):
        write_walks(walks, train=3, test=1, frames=12, size=(96, 128), seed=5)
    with pytest.raises(DatasetError, match="frames is 1, outside"):
        write_walks(walks, train=3, test=1, frames=1)
    shutil.rmtree(walks / "test" / "walk00004" / "img")
    with pytest.raises(DatasetError, match="not those that"):
        write_walks(walks, train=3, test=1, frames=12, size=(96, 128), seed=4)


def test_a_walk_depends_on_its_numbers_alone_and_moves_smoothly():
    walk = list(render_walk(7, 1, 12, (96, 128)))
    again = list(render_walk(7, 1, 12, (96, 128)))
    assert [each.box for each in walk] == [each.box for each in again]
    assert walk[5].picture.tobytes() == again[5].picture.tobytes()
    boxes = np.array([each.box for each in walk], np.float64)
    middles = boxes[:, :2] + boxes[:, 2:] / 2
    # Jitter of the camera and rounding beside the step of 5 % of the height.
    assert np.abs(np.diff(middles, axis=0)).max() <= 0.05 * 96 + 4
    assert (boxes[:, :2] >= -3).all()
    assert (boxes[:, 0] + boxes[:, 2] <= 128 + 4).all()


def test_what_passes_before_the_target_covers_it():
    covers = {each.cover for number in range(8) for each in render_walk(2, number, 16, (64, 96))}
    assert 8 in covers
    assert min(covers) < 5
