"""The layout of PASCAL VOC: `Annotations/`, `JPEGImages/`, `ImageSets/Main/<split>.txt`."""

from pathlib import Path

from bireid_runtime.files import read_text
from bireid_runtime.images import IMAGE_SUFFIXES

from bireid_deploy.data.annotated.dataset import RawImage
from bireid_deploy.data.annotated.voc_xml import read_voc_xml
from bireid_deploy.data.folders import LeftOut, unlisted
from bireid_deploy.data.use import Use
from bireid_deploy.errors import DatasetError

ANNOTATIONS, IMAGES, LISTS = "Annotations", "JPEGImages", "ImageSets/Main"
_SPLITS = ("train", "val", "trainval", "test")
_MAX_LIST_BYTES = 64 * 2**20


def is_voc(root: Path) -> bool:
    """Whether a folder looks like this layout."""
    return (root / ANNOTATIONS).is_dir() and (root / LISTS).is_dir()


def read_voc(
    root: Path, use: Use = "all"
) -> tuple[list[RawImage], list[RawImage], list[str], LeftOut]:
    """Training images, test images, all classes, sorted, and what no list names.

    The test split is `test`, and `trainval` or else `train` trains; without `test` it is `val`,
    and `train` trains. A split that is not needed is empty.

    Raises:
        DatasetError: A list or a file is missing or malformed.
    """
    present = {path.stem for path in (root / LISTS).glob("*.txt")}
    whole = {"trainval", "test"} <= present or (use == "train" and "train" not in present)
    train = "trainval" if whole else "train"
    test = "test" if "test" in present else "val"
    needed = {"train": use != "test", "test": use != "train"}
    for split, name in (("train", train), ("test", test)):
        if needed[split] and name not in present:
            raise DatasetError(f"{root / LISTS}: has no {name}.txt")
    images = [
        _split(root, name) if needed[split] else []
        for split, name in (("train", train), ("test", test))
    ]
    classes = sorted({box.name for split in images for image in split for box in image.boxes})
    return images[0], images[1], classes, _left_out(root, present)


def _left_out(root: Path, present: set[str]) -> LeftOut:
    """Images that belong to no split; those of a split that is not needed do."""
    names = {
        name for split in _SPLITS if split in present for name in _names(_list_path(root, split))
    }
    paths = {root / IMAGES / f"{name}{suffix}" for name in names for suffix in IMAGE_SUFFIXES}
    return unlisted(root / IMAGES, paths, f"in no list of {LISTS}") if names else ()


def _list_path(root: Path, split: str) -> Path:
    return root / LISTS / f"{split}.txt"


def _split(root: Path, split: str) -> list[RawImage]:
    path = _list_path(root, split)
    return [_image(root, name, path) for name in _names(path)]


def _names(path: Path) -> list[str]:
    try:
        if path.stat().st_size > _MAX_LIST_BYTES:
            raise DatasetError(f"{path}: larger than the limit of {_MAX_LIST_BYTES} bytes")
        lines = read_text(path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"{path}: cannot be read: {error}") from error
    names = [line.split()[0] for line in lines if line.strip()]
    if len(set(names)) != len(names):
        raise DatasetError(f"{path}: lists an image twice")
    return names


def _image(root: Path, name: str, source: Path) -> RawImage:
    if Path(name).name != name or name in (".", ".."):
        raise DatasetError(f"{source}: {name[:80]!r} is not the name of an image")
    for suffix in IMAGE_SUFFIXES:
        image = root / IMAGES / f"{name}{suffix}"
        if image.is_file():
            return read_voc_xml(root / ANNOTATIONS / f"{name}.xml", image)
    raise DatasetError(f"{source}: there is no image {IMAGES}/{name}")
