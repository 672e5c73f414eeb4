"""Folders and archives of classes, with drawn pictures; archives may be hostile."""

import gzip
import io
import os
import tarfile
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime.errors import ImageError
from PIL import Image, ImageDraw
from skips import UNAVOIDABLE

from bireid_deploy.data import class_folders
from bireid_deploy.data.class_folders import (
    LabelledImage,
    open_classification_dataset,
    read_image,
)
from bireid_deploy.errors import DatasetError
from bireid_deploy.recipes import parse_recipe
from bireid_deploy.tasks import TASKS

CLASSES = ("circle", "square", "stripe")


def picture(shape, seed, size=(16, 12)):
    """A PNG of a shape in a colour of its own, as bytes."""
    image = Image.new("RGB", size, (seed * 20 % 256, 90, 160))
    draw = ImageDraw.Draw(image)
    box = (2, 2, size[0] - 4, size[1] - 4)
    {"circle": draw.ellipse, "square": draw.rectangle, "stripe": draw.line}[shape](box, fill="red")
    stream = io.BytesIO()
    image.save(stream, "PNG")
    return stream.getvalue()


def load(dataset, height, width, on_progress=None):
    """Decode the training images as the task does for a network of that input."""
    recipe = parse_recipe(
        {
            "name": "r",
            "task": "classification",
            "network": {"input_height": height, "input_width": width},
            "batch": {"sampling": "shuffled"},
            "loss": {"triplet_weight": 0.0},
        },
        "test",
    )
    return TASKS["classification"].load_training_data(recipe, dataset, on_progress)


def files(split, count):
    return {
        f"{split}/{name}/{number:04}.png": picture(name, number)
        for name in CLASSES
        for number in range(count)
    }


def write_archive(path, content):
    """`content` maps names to bytes, or to a TarInfo to store without any."""
    with tarfile.open(path, "w") as archive:
        for name, data in content.items():
            if isinstance(data, tarfile.TarInfo):
                archive.addfile(data)
                continue
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))


@pytest.fixture
def folder(tmp_path):
    root = tmp_path / "shapes"
    for name, data in {**files("train", 4), **files("test", 2)}.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(data)
    return root


@pytest.fixture
def archives(tmp_path):
    root = tmp_path / "archives"
    root.mkdir()
    # In another order than the sorted one.
    write_archive(root / "train.tar", dict(reversed(files("train", 4).items())))
    write_archive(root / "test.tar", files("test", 2))
    return root


def test_a_folder_is_listed_in_sorted_order(folder):
    (folder / "train" / "circle" / "Thumbs.db").touch()
    (folder / "train" / "empty").mkdir()
    dataset = open_classification_dataset(folder)
    assert dataset.name == "shapes"
    assert dataset.classes == CLASSES
    assert [image.label for image in dataset.train] == [0] * 4 + [1] * 4 + [2] * 4
    assert [image.path.name for image in dataset.test] == ["0000.png", "0001.png"] * 3
    np.testing.assert_array_equal(read_image(dataset.train[0])[6, 8], (255, 0, 0))


def test_archives_hold_the_same_data_set(folder, archives):
    one, two = (open_classification_dataset(each) for each in (folder, archives))
    assert two.classes == one.classes
    for split in ("train", "test"):
        mine, theirs = getattr(one, split), getattr(two, split)
        assert [image.label for image in mine] == [image.label for image in theirs]
        for image, other in zip(mine, theirs, strict=True):
            assert other.path == archives / f"{split}.tar" / image.path.relative_to(folder)
            np.testing.assert_array_equal(read_image(image), read_image(other))


def test_leading_dots_and_foreign_members_do_no_harm(tmp_path, archives):
    extra = {"./train/": tarfile.TarInfo("./train/"), "train/notes.txt": b"x"}
    extra["train/circle/._0001.png"] = b"resource fork"
    write_archive(
        archives / "train.tar",
        extra | {f"./{name}": data for name, data in files("train", 1).items()},
    )
    dataset = open_classification_dataset(archives)
    assert len(dataset.train) == 3
    assert read_image(dataset.train[1]).shape == (12, 16, 3)


def test_a_limit_keeps_the_first_training_images_of_each_class(archives):
    dataset = open_classification_dataset(archives, per_class=3)
    names = [image.path.name for image in dataset.train]
    assert names == ["0000.png", "0001.png", "0002.png"] * 3
    assert len(dataset.test) == 6
    assert len(open_classification_dataset(archives, per_class=99).train) == 12
    with pytest.raises(DatasetError, match="0 training images per class"):
        open_classification_dataset(archives, per_class=0)


def _link(name):
    member = tarfile.TarInfo(name)
    member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return member


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("train/../../escape.png", b"x", "is not train/<class>/<image>"),
        ("/train/circle/0.png", b"x", "is not train/<class>/<image>"),
        ("train/../0.png", b"x", "is not train/<class>/<image>"),
        ("test/circle/0.png", b"x", "is not train/<class>/<image>"),
        ("train/circle/deeper/0.png", b"x", "is not train/<class>/<image>"),
        ("train/circle/link.png", _link("train/circle/link.png"), "is not a plain file"),
    ],
)
def test_a_hostile_member_is_refused(archives, name, data, message):
    write_archive(archives / "train.tar", {**files("train", 1), name: data})
    with pytest.raises(DatasetError, match=message):
        open_classification_dataset(archives)


@pytest.mark.parametrize("damage", ["compressed", "cut", "noise", "oversized"])
def test_an_unreadable_archive_is_refused(archives, damage):
    path = archives / "train.tar"
    content = path.read_bytes()
    if damage == "compressed":
        # It ends with zeros, as an archive does.
        path.write_bytes(gzip.compress(content) + bytes(1024))
    elif damage == "cut":
        path.write_bytes(content[: len(content) // 3 // 512 * 512 + 700])
    elif damage == "noise":
        path.write_bytes(bytes(range(256)) * 20)
    else:
        member = tarfile.TarInfo("train/circle/0.png")
        member.size = 1 << 40
        path.write_bytes(member.tobuf() + bytes(2048))
    with pytest.raises(DatasetError, match=r"train\.tar: not a readable, uncompressed tar"):
        open_classification_dataset(archives)


def test_what_is_no_data_set(tmp_path, folder):
    with pytest.raises(DatasetError, match=r"holds neither train/<class>/\*\.jpg nor train\.tar"):
        open_classification_dataset(tmp_path / "absent")
    (folder / "test" / "stripe").rename(folder / "test" / "zebra")
    with pytest.raises(DatasetError, match="class 'stripe' is in one of the splits"):
        open_classification_dataset(folder)
    write_archive(tmp_path / "train.tar", {"train/circle/0.png": b"x"})
    write_archive(tmp_path / "test.tar", {"test/circle/0.png": b"x"})
    with pytest.raises(DatasetError, match="has 1 classes"):
        open_classification_dataset(tmp_path)


def test_an_image_is_bounded_in_bytes_and_pixels(tmp_path, monkeypatch):
    path = tmp_path / "big.png"
    path.write_bytes(picture("square", 1, size=(40, 40)))
    assert read_image(LabelledImage(path, 0)).shape == (40, 40, 3)
    monkeypatch.setattr(class_folders, "MAX_IMAGE_PIXELS", 1599)
    with pytest.raises(ImageError, match="exceed the limit of 1599"):
        read_image(LabelledImage(path, 0))
    monkeypatch.setattr(class_folders, "MAX_IMAGE_BYTES", path.stat().st_size - 1)
    with pytest.raises(ImageError, match=r"limit of \d+ bytes"):
        read_image(LabelledImage(path, 0))
    with pytest.raises(ImageError, match=r"absent\.png: cannot be read"):
        read_image(LabelledImage(tmp_path / "absent.png", 0))


def test_training_data_skips_broken_images(folder):
    broken = folder / "train" / "square" / "0002.png"
    broken.write_bytes(broken.read_bytes()[:40])
    seen = []
    dataset = open_classification_dataset(folder)
    data = load(dataset, 48, 32, lambda *progress: seen.append(progress))
    assert data.pixels.shape == (11, 48, 32, 3)
    assert data.pixels.dtype == np.uint8
    assert data.labels.tolist() == [0] * 4 + [1] * 3 + [2] * 4
    assert data.labels.dtype == np.int64
    ((path, reason),) = data.skipped
    assert path == broken
    assert "not an image of a supported format" in reason
    assert data.description == {
        "name": "shapes", "classes": list(CLASSES), "images": 11, "skipped": 1,
    }  # fmt: skip
    assert seen[-1] == (12, 12)


def test_a_class_without_a_readable_image_is_refused(folder):
    for path in (folder / "train" / "stripe").iterdir():
        path.write_bytes(b"not an image")
    with pytest.raises(DatasetError, match="none of the training images of class 'stripe'"):
        load(open_classification_dataset(folder), 32, 32)


@pytest.mark.skipif("BIREID_DATA" not in os.environ, reason=f"{UNAVOIDABLE}BIREID_DATA is not set")
def test_the_cifar10_subset():
    dataset = open_classification_dataset(Path(os.environ["BIREID_DATA"]) / "cifar10_subset", 20)
    assert dataset.classes[:3] == ("airplane", "automobile", "bird")
    assert len(dataset.classes) == 10
    assert np.bincount([image.label for image in dataset.test]).tolist() == [300] * 10
    data = load(dataset, 32, 32)
    assert data.pixels.shape == (200, 32, 32, 3)
    assert not data.skipped
    # An airplane stands before the sky: the upper rows are bluer than they are red.
    top = data.pixels[data.labels == 0][:, :8].mean((0, 1, 2))
    assert top[2] > top[0]
