"""Data sets of plain image classification, such as CIFAR-10.

Two splits, `train` and `test`, each a folder of images `<split>/<class>/*.jpg` or an
uncompressed archive `<split>.tar` with such a folder inside. Archives are read where they lie:
nothing is unpacked.
"""

import os
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal, get_args

import numpy as np
from bireid_runtime.files import open_regular
from bireid_runtime.images import IMAGE_SUFFIXES, load_image

from bireid_deploy.data.folders import LeftOut, find_below, list_folder, unread
from bireid_deploy.errors import DatasetError

MAX_IMAGE_BYTES = 10_000_000
MAX_IMAGE_PIXELS = 10_000_000

Split = Literal["train", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)


@dataclass(frozen=True, slots=True)
class LabelledImage:
    """One image and its class.

    Attributes:
        path: Image file; for a member of an archive, the archive's path with the member's behind.
        label: Class, counts from 0.
        archive: Archive that holds the image, or None.
        offset: Where the image begins in the archive, bytes.
        size: Length of the image in the archive, bytes; None for a file of its own.
    """

    path: Path
    label: int
    archive: Path | None = None
    offset: int = 0
    size: int | None = None


@dataclass(frozen=True)
class ClassificationDataset:
    """The training and test images of one data set, sorted by class and name.

    Attributes:
        name: Name for reports.
        root: Folder that the images were found in.
        classes: Names of the classes in sorted order; a label is a position here.
        train: Images to train with.
        test: Images to measure on.
        left_out: What lies among them and is not read, with the reason.
    """

    name: str
    root: Path
    classes: tuple[str, ...]
    train: tuple[LabelledImage, ...]
    test: tuple[LabelledImage, ...]
    left_out: LeftOut = ()


def open_classification_dataset(
    root: str | Path, per_class: int | None = None, splits: Sequence[Split] = SPLITS
) -> ClassificationDataset:
    """Lists the images of a data set; none is decoded.

    Args:
        root: Folder that holds `train` and `test`, or `train.tar` and `test.tar`.
        per_class: Training images to keep of each class, the first in the order of their names;
            None keeps all. The test split is always whole.
        splits: Those that are needed; another one is empty.

    Raises:
        DatasetError: A split is missing, empty or malformed, the splits have other classes, or
            `per_class` is below 1.
    """
    root = Path(root)
    if per_class is not None and per_class < 1:
        raise DatasetError(f"{per_class} training images per class are too few; keep at least 1")
    found = {split: _find_split(root, split) for split in splits}
    for split, (images, _) in found.items():
        if len(images) < 2:
            raise DatasetError(f"{root}: the {split} split has {len(images)} classes; it needs two")
    train, test = (found[split][0] if split in found else {} for split in SPLITS)
    if len(found) == len(SPLITS) and (differing := sorted(train.keys() ^ test.keys())):
        raise DatasetError(
            f"{root}: class {differing[0]!r} is in one of the splits train and test only; "
            "check that the data set was unpacked completely"
        )
    classes = tuple(sorted(train or test))
    return ClassificationDataset(
        name=root.resolve().name,
        root=root,
        classes=classes,
        train=tuple(image for name in sorted(train) for image in train[name][:per_class]),
        test=tuple(image for name in sorted(test) for image in test[name]),
        left_out=tuple(each for _, left_out in found.values() for each in left_out),
    )


def read_image(image: LabelledImage) -> np.ndarray:
    """Decodes one image.

    Returns:
        uint8 RGB (H, W, 3).

    Raises:
        ImageError: The file is missing, larger than `MAX_IMAGE_BYTES` or `MAX_IMAGE_PIXELS`, or no
            image.
    """
    return load_image(
        image.archive or image.path,
        MAX_IMAGE_PIXELS,
        max_bytes=MAX_IMAGE_BYTES,
        offset=image.offset,
        size=image.size,
        name=str(image.path),
    )


_Images = dict[str, list[LabelledImage]]


def _find_split(root: Path, split: Split) -> tuple[_Images, LeftOut]:
    """The images of a split by class, in the order of their names; and what else lies there."""
    folder, archive = root / split, root / f"{split}.tar"
    if folder.is_dir():
        return _list_classes(folder)
    if archive.is_file():
        return _list_archive(archive, split)
    if root.is_dir() and (below := find_below(root, lambda each: _has(each, split))) is not None:
        raise DatasetError(f"found {split} one level below, in {below}; give that folder")
    raise DatasetError(
        f"{root}: holds neither {split}/<class>/*.jpg nor {split}.tar; check the path"
    )


def _has(root: Path, split: Split) -> bool:
    return (root / split).is_dir() or (root / f"{split}.tar").is_file()


def _list_classes(folder: Path) -> tuple[_Images, LeftOut]:
    top = list_folder(folder)
    left_out = [*top.left_out, *((path, "in no folder of a class") for path in top.files)]
    images: dict[str, tuple[Path, ...]] = {}
    for each in top.folders:
        found = list_folder(each)
        left_out += found.left_out
        left_out += unread(found.folders, "in a folder below that of a class")
        if found.files:
            images[each.name] = found.files
        else:
            left_out.append((each, "a folder without images"))
    return {
        name: [LabelledImage(path, label) for path in images[name]]
        for label, name in enumerate(sorted(images))
    }, tuple(left_out)


def _list_archive(archive: Path, split: Split) -> tuple[_Images, LeftOut]:
    try:
        # Without a colon after "r", tarfile would also unpack compressed archives of any size.
        with tarfile.open(archive, "r:") as file:
            members = sorted(file.getmembers(), key=lambda member: member.name)
            _require_end(archive)
    except (tarfile.TarError, OSError, ValueError) as error:
        raise DatasetError(
            f"{archive}: not a readable, uncompressed tar archive ({error})"
        ) from error
    images: dict[str, list[tarfile.TarInfo]] = {}
    left_out: list[tuple[Path, str]] = []
    for member in members:
        name = PurePosixPath(member.name)
        if member.isdir():
            continue
        if name.name.startswith("."):
            left_out.append((archive / member.name, "hidden"))
        elif name.suffix.lower() not in IMAGE_SUFFIXES:
            left_out.append((archive / member.name, f"of the suffix {name.suffix.lower()}"))
        else:
            images.setdefault(_class_of(member, archive, split), []).append(member)
    return {
        name: [
            LabelledImage(archive / each.name, label, archive, each.offset_data, each.size)
            for each in images[name]
        ]
        for label, name in enumerate(sorted(images))
    }, tuple(left_out)


def _require_end(archive: Path) -> None:
    """Tarfile takes an archive that was cut inside a header for a shorter one."""
    with open_regular(archive) as file:
        file.seek(-tarfile.BLOCKSIZE, os.SEEK_END)
        if any(file.read()):
            raise tarfile.ReadError("it was cut off")


def _class_of(member: tarfile.TarInfo, archive: Path, split: Split) -> str:
    parts = member.name.removeprefix("./").split("/")
    if len(parts) != 3 or parts[0] != split or parts[1] in ("", ".", ".."):
        raise DatasetError(f"{archive}: {member.name!r} is not {split}/<class>/<image>; repack it")
    if not member.isreg() or member.issparse():
        raise DatasetError(f"{archive}: {member.name!r} is not a plain file; repack it")
    return parts[1]
