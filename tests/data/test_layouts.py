"""Every layout, built in a temporary folder from empty files: opening decodes nothing."""

import os
from pathlib import Path

import numpy as np
import pytest

from bireid_deploy.data.dataset import ReIdDataset, Sample, class_labels
from bireid_deploy.data.folders import count_left_out, list_tree, say_left_out
from bireid_deploy.data.layouts import open_dataset
from bireid_deploy.errors import DatasetError

MARKET_FILES = (
    "bounding_box_train/0007_c3s1_000001_00.jpg",
    "bounding_box_train/0002_c1s1_000451_03.jpg",
    "bounding_box_train/0002_c2s1_000451_03.jpg",
    "query/0001_c1s1_001051_00.jpg",
    "bounding_box_test/0001_c2s1_000001_00.jpg",
    "bounding_box_test/0001_c6s1_000001_00.jpeg",
    "bounding_box_test/0003_c1s1_000001_00.png",
    "bounding_box_test/0000_c1s1_000001_00.jpg",
    "bounding_box_test/-1_c4s1_000001_00.jpg",
    "bounding_box_test/Thumbs.db",
    "bounding_box_test/._0001_c2s1_000001_00.jpg",
)


def build(root: Path, files: tuple[str, ...]) -> Path:
    for name in files:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    return root


def labels(samples: tuple[Sample, ...]) -> list[tuple[int, int]]:
    return [(sample.person_id, sample.camera_id) for sample in samples]


@pytest.mark.parametrize("layout", ["auto", "market1501"])
@pytest.mark.parametrize("parent", [".", "Market-1501-v15.09.15", "DukeMTMC-reID"])
def test_market1501_is_read_in_sorted_order(tmp_path, parent, layout):
    build(tmp_path / parent, MARKET_FILES)
    dataset = open_dataset(tmp_path, layout)
    assert labels(dataset.train) == [(2, 0), (2, 1), (7, 2)]
    assert labels(dataset.query) == [(1, 0)]
    assert labels(dataset.gallery) == [(-1, 3), (0, 0), (1, 1), (1, 5), (3, 0)]
    assert all(sample.path.is_file() for sample in dataset.gallery)


def test_dukemtmc_names_are_market_names(tmp_path):
    build(tmp_path, tuple(name.replace("s1_000001_00", "_f0046985") for name in MARKET_FILES))
    assert labels(open_dataset(tmp_path).train)[-1] == (7, 2)


def test_summary_counts_junk_and_distractors_apart(tmp_path):
    summary = open_dataset(build(tmp_path, MARKET_FILES)).summary()
    gallery = summary["gallery"]
    assert (gallery.identities, gallery.images, gallery.distractors, gallery.junk) == (2, 4, 1, 1)
    train = summary["train"]
    assert (train.identities, train.images, train.cameras) == (2, 3, 3)


def test_class_labels_follow_sorted_person_ids():
    samples = tuple(Sample(Path(f"{i}.jpg"), pid, 0) for i, pid in enumerate((30, 4, 30, 1500, 7)))
    np.testing.assert_array_equal(class_labels(samples), [2, 0, 2, 3, 1])
    assert class_labels(samples).dtype == np.int64


def test_camera_below_one_and_strange_names_are_errors(tmp_path):
    for name in ("query/0001_c0s1_000001_00.jpg", "query/cat.jpg", "query/-2_c1s1_000001_00.jpg"):
        root = build(tmp_path / name.replace("/", "_"), (*MARKET_FILES, name))
        with pytest.raises(DatasetError, match=Path(name).name):
            open_dataset(root)


@pytest.mark.parametrize(
    "name", [f"{10**19}_c1s1_000001_00.jpg", f"0001_c{2**31 + 1}s1_000001.jpg"]
)
def test_numbers_that_no_file_keeps_are_refused(tmp_path, name):
    root = build(tmp_path, (*MARKET_FILES, f"query/{name}"))
    with pytest.raises(DatasetError, match=f"{name}: its .* exceeds 2147483647"):
        open_dataset(root)


def test_a_person_in_a_name_is_not_taken_for_a_camera(tmp_path):
    files = [
        f"{person}/000{person}_c{camera}s1_000{image}_00.jpg"
        for person in (1, 2, 3, 4)
        for camera in (1, 2)
        for image in (1, 2)
    ]
    with pytest.raises(DatasetError, match=r"begins with a person, as names of Market-1501 do"):
        open_dataset(build(tmp_path, tuple(files)))


@pytest.mark.parametrize(
    ("name", "split"),
    [
        ("bounding_box_train/-1_c1s1_000001_00.jpg", "train"),
        ("query/0000_c1s1_000001_00.jpg", "query"),
    ],
)
def test_junk_and_distractors_belong_to_the_gallery_only(tmp_path, name, split):
    root = build(tmp_path, (*MARKET_FILES, name))
    with pytest.raises(DatasetError, match=split):
        open_dataset(root)


def cuhk03(root: Path, *variants: str) -> Path:
    for variant in variants:
        build(root / variant, tuple(name.replace("_c3s1", "_c1s1") for name in MARKET_FILES))
    return root


def test_cuhk03_np_variants(tmp_path):
    root = cuhk03(tmp_path, "labeled", "detected")
    with pytest.raises(DatasetError, match="cuhk03-np-labeled or cuhk03-np-detected"):
        open_dataset(root)
    for variant in ("labeled", "detected"):
        dataset = open_dataset(root, f"cuhk03-np-{variant}")
        assert dataset.name == f"cuhk03-np-{variant}"
        assert dataset.root == root / variant
        assert open_dataset(root / variant).train == dataset.train
        assert open_dataset(root / variant, f"cuhk03-np-{variant}").train == dataset.train


def test_a_single_cuhk03_np_variant_is_detected(tmp_path):
    cuhk03(tmp_path / "cuhk03-np", "detected")
    assert open_dataset(tmp_path).name == "cuhk03-np-detected"
    with pytest.raises(DatasetError, match="labeled"):
        open_dataset(tmp_path, "cuhk03-np-labeled")


MSMT_TRAIN = "0000/0000_000_01_0303morning_0008_0.jpg"
MSMT_TEST = ("0000/0000_000_05_0303morning_0008_0.jpg", "0000/0000_001_15_0303noon_0008_0.jpg")


def msmt17(root: Path, train_folder: str = "train", test_folder: str = "test") -> Path:
    build(root / train_folder, (MSMT_TRAIN,))
    build(root / test_folder, MSMT_TEST)
    (root / "list_train.txt").write_text(f"{MSMT_TRAIN} 0\n")
    (root / "list_query.txt").write_text(f"{MSMT_TEST[0]} 0\n")
    (root / "list_gallery.txt").write_text(f"{MSMT_TEST[1]} 0\n\n")
    return root


@pytest.mark.parametrize("folders", [("train", "test"), ("mask_train_v2", "mask_test_v2")])
@pytest.mark.parametrize("parent", [".", "MSMT17_V1"])
def test_msmt17_person_zero_is_a_known_person(tmp_path, folders, parent):
    msmt17(tmp_path / parent, *folders)
    dataset = open_dataset(tmp_path)
    assert labels(dataset.train) == [(1, 0)]
    assert labels(dataset.query) == [(1, 4)]
    assert labels(dataset.gallery) == [(1, 14)]
    assert dataset.query[0].path == tmp_path / parent / folders[1] / MSMT_TEST[0]


@pytest.mark.parametrize(
    "line",
    [
        "../secret/0000_000_01_x.jpg 0",
        "/etc/0000_000_01_x.jpg 0",
        "a\\..\\..\\0000_000_01_x.jpg 0",
        "0000/0000_000_01_missing.jpg 0",
        "0000/0000_000_xx_0303morning.jpg 0",
        f"{MSMT_TRAIN} zero",
        f"{MSMT_TRAIN}",
        "0000/0000_000_00_0303morning_0008_0.jpg 0",
        pytest.param(f"{MSMT_TRAIN} {'9' * 5000}", id="a person of 5000 digits"),
    ],
)
def test_msmt17_lists_are_not_trusted(tmp_path, line):
    root = build(msmt17(tmp_path), ("secret/0000_000_01_x.jpg",))
    build(root / "train", ("0000/0000_000_00_0303morning_0008_0.jpg",))
    (root / "list_train.txt").write_text(f"{MSMT_TRAIN} 0\n{line}\n")
    with pytest.raises(DatasetError, match=r"list_train\.txt:2|its person exceeds 2147483647"):
        open_dataset(root)


def test_plain_folder_split(tmp_path):
    files = tuple(
        f"{person}/{camera}_{shot}.png"
        for person in ("10", "9", "anna", "2", "bob")
        for camera in (1, 2)
        for shot in "ab"
    )
    dataset = open_dataset(build(tmp_path, (*files, "bob/3_only.jpg")))
    assert [sample.path.parent.name for sample in dataset.train] == ["2"] * 4 + ["9"] * 4
    names = [f"{s.path.parent.name}/{s.path.name}" for s in dataset.query]
    assert names == [f"{who}/{c}_a.png" for who in ("10", "anna", "bob") for c in (1, 2)]
    assert labels(dataset.query)[:2] == [(3, 1), (3, 2)]
    # One image is no query: it would leave the gallery without a match from that camera.
    assert dataset.gallery[-1].path.name == "3_only.jpg"
    assert len(dataset.gallery) == 7
    assert not {s.person_id for s in dataset.train} & {s.person_id for s in dataset.gallery}


def test_plain_folder_errors(tmp_path):
    with pytest.raises(DatasetError, match="two"):
        open_dataset(build(tmp_path / "one", ("1/1_a.jpg", "1/1_b.jpg")))
    with pytest.raises(DatasetError, match="two images by one camera"):
        open_dataset(build(tmp_path / "single", ("1/1_a.jpg", "2/1_a.jpg", "2/2_a.jpg")))
    with pytest.raises(DatasetError, match=r"face\.jpg"):
        open_dataset(build(tmp_path / "name", ("1/1_a.jpg", "2/1_a.jpg", "2/face.jpg")))


def test_wrong_folders_are_named(tmp_path):
    with pytest.raises(DatasetError, match="nowhere does not exist"):
        open_dataset(tmp_path / "nowhere")
    (tmp_path / "file").touch()
    with pytest.raises(DatasetError, match="not a folder"):
        open_dataset(tmp_path / "file")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DatasetError, match=r"empty: looked for bounding_box_train/.*MSMT17"):
        open_dataset(tmp_path / "empty")
    with pytest.raises(DatasetError, match=r"no msmt17 data set .*list_train\.txt"):
        open_dataset(tmp_path / "empty", "msmt17")
    with pytest.raises(DatasetError, match="unknown layout 'viper'"):
        open_dataset(tmp_path / "empty", "viper")


@pytest.mark.parametrize("gone", ["bounding_box_train", "query", "bounding_box_test"])
def test_an_incomplete_market_tree_is_not_taken_for_people(tmp_path, gone):
    build(tmp_path, tuple(name for name in MARKET_FILES if not name.startswith(gone)))
    with pytest.raises(DatasetError, match=f"`{gone}/` is missing in .*, which looks like Market"):
        open_dataset(tmp_path)
    (tmp_path / gone).mkdir()
    with pytest.raises(DatasetError, match="is empty"):
        open_dataset(tmp_path)


def test_each_verb_asks_for_the_splits_that_it_reads(tmp_path):
    market = tmp_path / "market"
    build(market, MARKET_FILES[:3])
    train = open_dataset(market, splits=("train",))
    assert (len(train.train), train.query, train.gallery) == (3, (), ())
    assert list(train.summary()) == ["train"]
    with pytest.raises(DatasetError, match="`query/` and `bounding_box_test/` are missing"):
        open_dataset(market, splits=("query", "gallery"))
    msmt = msmt17(tmp_path / "msmt")
    for name in ("list_train.txt", f"train/{MSMT_TRAIN}"):
        (msmt / name).unlink()
    assert len(open_dataset(msmt, splits=("query", "gallery")).gallery) == 1
    with pytest.raises(DatasetError, match=r"`list_train\.txt` is missing in .*MSMT17"):
        open_dataset(msmt)


def test_a_data_set_one_level_below_is_named_and_so_is_the_folder_above_a_split(tmp_path):
    inner = build(tmp_path / "download/Market", MARKET_FILES)
    with pytest.raises(DatasetError, match=f"found Market-1501 one level below, in {inner};"):
        open_dataset(inner.parent)
    with pytest.raises(DatasetError, match=f"one split of Market-1501; give .* above it, {inner}"):
        open_dataset(inner / "query")


def test_the_split_of_a_plain_folder_is_said_and_can_be_given(tmp_path):
    root = build(tmp_path, tuple(f"{who}/1_{shot}.png" for who in "abcd" for shot in "xy"))
    (remark,) = open_dataset(root).remarks
    assert "first 2 of 4 people train (a to b), the others test (c to d)" in remark
    (root / "split.csv").write_text("person,split\na,test\nb,train\nc,test\nd,test\n")
    dataset = open_dataset(root)
    assert {sample.path.parent.name for sample in dataset.train} == {"b"}
    assert {sample.path.parent.name for sample in dataset.query} == {"a", "c", "d"}
    assert dataset.remarks == ("split.csv says that 1 people train and 3 test",)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("a,train\nb,valid\n", "line 2 is not person,train or person,test"),
        ("a,train\nb,test\nx,test\n", "line 3: there are no images of 'x'"),
        ("a,train\na,test\n", "line 2: 'a' is listed twice"),
        ("a,train\n", "says nothing of 'b' and 2 others"),
        ("a,train\nb,train\nc,train\nd,train\n", "somebody must train and somebody test"),
    ],
)
def test_a_list_of_people_is_not_trusted(tmp_path, lines, message):
    root = build(tmp_path, tuple(f"{who}/1_{shot}.png" for who in "abcd" for shot in "xy"))
    (root / "split.csv").write_text(lines)
    with pytest.raises(DatasetError, match=f"split.csv: {message}"):
        open_dataset(root)


def test_people_without_cameras_are_taken_only_when_a_person_says_so(tmp_path):
    root = build(tmp_path, tuple(f"{who}/IMG_{shot}.png" for who in "abcd" for shot in "xyz"))
    with pytest.raises(DatasetError, match="say --layout folder"):
        open_dataset(root)
    dataset = open_dataset(root, "folder")
    assert {sample.camera_id for sample in (*dataset.train, *dataset.gallery)} == {0}
    assert "no name states a camera" in dataset.remarks[0]


def test_a_date_is_no_camera(tmp_path):
    root = build(tmp_path, tuple(f"{who}/2024010{day}_1.png" for who in "ab" for day in "123"))
    with pytest.raises(DatasetError, match="20240101 before the first _ cannot be a camera"):
        open_dataset(root)


def test_a_person_before_the_first_underscore_is_no_camera(tmp_path):
    frames = tuple(f"{who}/{who}_00{shot}.png" for who in ("12", "0013") for shot in "123")
    with pytest.raises(DatasetError, match="begins with the name of its folder, the person"):
        open_dataset(build(tmp_path / "frames", frames))
    msmt17(tmp_path / "msmt")
    build(tmp_path / "msmt/train", ("0001/0001_000_02_0303morning_0008_0.jpg",))
    with pytest.raises(DatasetError, match=r"of MSMT17, give the folder with list_train\.txt"):
        open_dataset(tmp_path / "msmt/train", splits=("train",))


def test_numbers_of_frames_are_asked_about(tmp_path):
    files = tuple(f"{who}/{shot:03}_x.png" for who in "abcd" for shot in range(12))
    (remark,) = open_dataset(build(tmp_path, files), splits=("train",)).remarks
    assert remark.endswith("nobody has two images by one of 12 cameras: are the numbers of frames?")


@pytest.mark.parametrize("kind", ["pipe", "link", "folder"])
def test_a_list_of_people_that_is_no_file_is_not_passed_over(tmp_path, kind):
    root = build(tmp_path, tuple(f"{who}/1_{shot}.png" for who in "abcd" for shot in "xy"))
    made = {"pipe": os.mkfifo, "link": lambda path: path.symlink_to("none"), "folder": os.mkdir}
    made[kind](root / "split.csv")
    with pytest.raises(DatasetError, match=r"split\.csv: cannot be read as person,split"):
        open_dataset(root)


def test_images_that_no_list_of_msmt17_names_are_counted(tmp_path):
    root = msmt17(tmp_path)
    build(root, ("train/0000/0000_001_02_0303morning_0008_0.jpg", "test/0000/x.tif"))
    assert count_left_out(open_dataset(root).left_out) == {
        "not in list_train.txt": 1,
        "of the suffix .tif": 1,
    }


def test_what_is_left_out_is_counted_by_reason(tmp_path):
    root = build(tmp_path / "set", MARKET_FILES)
    build(root, ("query/more/0001_c1s1_1_00.jpg", "query/x.tif", "query/noext"))
    os.symlink(root / "bounding_box_test", root / "query/link")
    (root / "query" / os.fsdecode(b"0001_c1s1_\xff.jpg")).touch()
    dataset = open_dataset(root)
    assert count_left_out(dataset.left_out) == {
        "a link to a folder": 1,
        "of a name that is no UTF-8": 1,
        "without a suffix": 1,
        "of the suffix .tif": 1,
        "in a folder below query/": 1,
        "hidden": 1,
        "of the suffix .db": 1,
    }
    (line,) = say_left_out(dataset.left_out)
    assert line.startswith("left out 7: 1 ")
    assert f"1 of the suffix .tif ({root}/query/x.tif)" in line


def test_a_folder_that_cannot_be_listed_is_no_empty_one(tmp_path):
    root = build(tmp_path, MARKET_FILES)
    (root / "file").touch()
    with pytest.raises(DatasetError, match=r"cannot list .*: Not a directory"):
        list_tree(root / "file")


def test_pku_reid(real_data):
    summary = open_dataset(real_data / "pku_reid").summary()
    assert {split: counts.images for split, counts in summary.items()} == {
        "train": 592,
        "query": 74,
        "gallery": 518,
    }
    assert summary["train"].identities == 37
    assert all(counts.cameras == 2 for counts in summary.values())


def test_market1501_published_labels(real_data):
    loadmat = pytest.importorskip("scipy.io").loadmat
    folder = real_data / "market1501_labels"

    def column(file: str, name: str) -> list[int]:
        return loadmat(folder / file)[name].ravel().tolist()

    def samples(people: list[int], cameras: list[int]) -> tuple[Sample, ...]:
        pairs = zip(people, cameras, strict=True)
        return tuple(Sample(Path("x"), person, camera - 1) for person, camera in pairs)

    dataset = ReIdDataset(
        "Market-1501",
        folder,
        train=samples(column("train_label.mat", "label"), column("train_cam.mat", "cam")),
        query=samples(column("queryID.mat", "queryID"), column("queryCam.mat", "queryCAM")),
        gallery=samples(column("testID.mat", "testID"), column("testCam.mat", "testCAM")),
    )
    train, query, gallery = dataset.summary().values()
    assert (train.identities, train.images, train.cameras) == (751, 12936, 6)
    assert (query.identities, query.images) == (750, 3368)
    assert (gallery.identities, gallery.images) == (750, 15913)
    assert (gallery.distractors, gallery.junk) == (2798, 3819)
    classes = class_labels(dataset.train)
    assert classes.min() == 0
    assert classes.max() == 750
