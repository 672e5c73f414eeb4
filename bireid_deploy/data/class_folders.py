"""Data sets of plain image classification, such as CIFAR-10.

Two splits, `train` and `test`, each a folder `<split>/<class>/*.jpg` (or .jpeg, .png) or an
uncompressed archive `<split>.tar` with such a folder inside. Archives are read where they lie:
nothing is unpacked.
"""

import os
import tarfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
from bireid_runtime.files import open_regular
from bireid_runtime.images import IMAGE_SUFFIXES, load_image

from bireid_deploy.data.layouts.files import list_folders, list_images
from bireid_deploy.errors import DatasetError

MAX_IMAGE_BYTES = 10_000_000
MAX_IMAGE_PIXELS = 10_000_000

Split = Literal["train", "test"]


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
    """

    name: str
    root: Path
    classes: tuple[str, ...]
    train: tuple[LabelledImage, ...]
    test: tuple[LabelledImage, ...]


def open_classification_dataset(
    root: str | Path, per_class: int | None = None
) -> ClassificationDataset:
    """Lists the images of a data set; none is decoded.

    Args:
        root: Folder that holds `train` and `test`, or `train.tar` and `test.tar`.
        per_class: Training images to keep of each class, the first in the order of their names;
            None keeps all. The test split is always whole.

    Raises:
        DatasetError: A split is missing, empty or malformed, the splits have other classes, or
            `per_class` is below 1.
    """
    root = Path(root)
    if per_class is not None and per_class < 1:
        raise DatasetError(f"{per_class} training images per class are too few; keep at least 1")
    train, test = (_find_split(root, split) for split in ("train", "test"))
    classes = tuple(sorted(train))
    if len(classes) < 2:
        raise DatasetError(f"{root}: the train split has {len(classes)} classes; it needs two")
    if differing := sorted(train.keys() ^ test.keys()):
        raise DatasetError(
            f"{root}: class {differing[0]!r} is in one of the splits train and test only; "
            "check that the data set was unpacked completely"
        )
    return ClassificationDataset(
        name=root.resolve().name,
        root=root,
        classes=classes,
        train=tuple(image for name in classes for image in train[name][:per_class]),
        test=tuple(image for name in classes for image in test[name]),
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


def _find_split(root: Path, split: Split) -> dict[str, list[LabelledImage]]:
    """The images of a split by class, in the order of their names."""
    folder, archive = root / split, root / f"{split}.tar"
    if folder.is_dir():
        return _list_folder(folder)
    if archive.is_file():
        return _list_archive(archive, split)
    raise DatasetError(
        f"{root}: holds neither {split}/<class>/*.jpg nor {split}.tar; check the path"
    )


def _list_folder(folder: Path) -> dict[str, list[LabelledImage]]:
    images = {each.name: list_images(each) for each in list_folders(folder)}
    classes = sorted(name for name, paths in images.items() if paths)
    return {
        name: [LabelledImage(path, label) for path in images[name]]
        for label, name in enumerate(classes)
    }


def _list_archive(archive: Path, split: Split) -> dict[str, list[LabelledImage]]:
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
    for member in members:
        name = PurePosixPath(member.name)
        if name.suffix.lower() in IMAGE_SUFFIXES and not name.name.startswith("."):
            images.setdefault(_class_of(member, archive, split), []).append(member)
    return {
        name: [
            LabelledImage(archive / each.name, label, archive, each.offset_data, each.size)
            for each in images[name]
        ]
        for label, name in enumerate(sorted(images))
    }


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
