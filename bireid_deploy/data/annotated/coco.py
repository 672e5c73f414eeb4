"""The layout of COCO: `annotations/instances_<split>*.json`, and the images of `<split>*/`."""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bireid_runtime.files import read_text

from bireid_deploy.data.annotated.dataset import MAX_BOXES, MAX_SIDE, RawBox, RawImage
from bireid_deploy.data.folders import LeftOut, unlisted
from bireid_deploy.data.use import Use
from bireid_deploy.errors import DatasetError

ANNOTATIONS = "annotations"
MAX_JSON_BYTES = 2**30
_MAX_NAME = 200


def is_coco(root: Path) -> bool:
    """Whether a folder looks like this layout."""
    return any((root / ANNOTATIONS).glob("instances_*.json"))


def read_coco(
    root: Path, use: Use = "all"
) -> tuple[list[RawImage], list[RawImage], list[str], LeftOut]:
    """Training images, test images, all classes in the order of their numbers, what is unlisted.

    The test split is `test`, or `val` where that is not there. A split that is not needed is
    empty.

    Raises:
        DatasetError: A file is missing or malformed, or the splits have other classes.
    """
    if use == "train":
        train, classes, left_out = _split(root, "train")
        return train, [], classes, left_out
    has_test = any((root / ANNOTATIONS).glob("instances_test*.json"))
    if use == "test":
        test, classes, left_out = _split(root, "test" if has_test else "val")
        return [], test, classes, left_out
    train, classes, left_out = _split(root, "train")
    test, others, more_left_out = _split(root, "test" if has_test else "val")
    if classes != others:
        raise DatasetError(f"{root / ANNOTATIONS}: the splits have other categories")
    return train, test, classes, (*left_out, *more_left_out)


def _split(root: Path, split: str) -> tuple[list[RawImage], list[str], LeftOut]:
    found = sorted((root / ANNOTATIONS).glob(f"instances_{split}*.json"))
    if len(found) != 1:
        raise DatasetError(
            f"{root / ANNOTATIONS}: {len(found)} files instances_{split}*.json; it needs one"
        )
    path = found[0]
    folder = root / path.stem.removeprefix("instances_")
    if not folder.is_dir():
        raise DatasetError(f"{folder}: the folder with the images of {path.name} is missing")
    document = _load(path)
    classes = _categories(document, path)
    boxes: dict[int, list[RawBox]] = {}
    images = _images(document, path)
    for index, entry in enumerate(_entries(document, "annotations", path)):
        where = f"{path}: annotations[{index}]"
        image = _whole(entry, "image_id", where)
        if image not in images:
            raise DatasetError(f"{where} is of the image {image}, which is not listed")
        of_image = boxes.setdefault(image, [])
        of_image.append(_box(entry, classes, where))
        if len(of_image) > MAX_BOXES:
            raise DatasetError(f"{where}: image {image} has more than {MAX_BOXES} boxes")
    read = [
        RawImage(_file_inside(folder, name, path), height, width, tuple(boxes.get(image, ())))
        for image, (name, height, width) in images.items()
    ]
    listed = {image.path for image in read}
    left_out = unlisted(folder, listed, f"not in {ANNOTATIONS}/{path.name}")
    return read, list(classes.values()), left_out


def _load(path: Path) -> Mapping[str, Any]:
    try:
        if path.stat().st_size > MAX_JSON_BYTES:
            raise DatasetError(f"{path}: larger than the limit of {MAX_JSON_BYTES} bytes")
        document = json.loads(read_text(path))
    except RecursionError as error:
        raise DatasetError(f"{path}: nested too deeply") from error
    except (OSError, ValueError) as error:
        raise DatasetError(f"{path}: cannot be read as JSON: {error}") from error
    if not isinstance(document, dict):
        raise DatasetError(f"{path}: the document must be a JSON object")
    return document


def _categories(document: Mapping[str, Any], path: Path) -> dict[int, str]:
    """Names by number, in the order of the numbers."""
    found: dict[int, str] = {}
    for index, entry in enumerate(_entries(document, "categories", path)):
        where = f"{path}: categories[{index}]"
        number, name = _whole(entry, "id", where), _text(entry, "name", where)
        if number in found or name in found.values():
            raise DatasetError(f"{where}: category {name!r} ({number}) is there twice")
        found[number] = name
    return dict(sorted(found.items()))


def _images(document: Mapping[str, Any], path: Path) -> dict[int, tuple[str, int, int]]:
    """File, height and width by number."""
    found: dict[int, tuple[str, int, int]] = {}
    for index, entry in enumerate(_entries(document, "images", path)):
        where = f"{path}: images[{index}]"
        number = _whole(entry, "id", where)
        if number in found:
            raise DatasetError(f"{where}: image {number} is there twice")
        sides = [_whole(entry, key, where) for key in ("height", "width")]
        if not all(1 <= side <= MAX_SIDE for side in sides):
            raise DatasetError(f"{where}: height and width must be 1 to {MAX_SIDE}")
        found[number] = (_text(entry, "file_name", where), sides[0], sides[1])
    return found


def _box(entry: Mapping[str, Any], classes: Mapping[int, str], where: str) -> RawBox:
    category = _whole(entry, "category_id", where)
    if category not in classes:
        raise DatasetError(f"{where} is of the category {category}, which is not listed")
    sides = entry.get("bbox")
    if not isinstance(sides, list) or len(sides) != 4 or not all(map(_is_finite, sides)):
        raise DatasetError(f"{where}: bbox must be four finite numbers")
    left, top, width, height = map(float, sides)
    area = entry.get("area", width * height)
    if not _is_finite(area) or area < 0:
        area_text = str(area)[:40]
        raise DatasetError(f"{where}: area is {area_text}; it must be a number of pixels")
    crowd = entry.get("iscrowd", 0) not in (0, False)
    corners = (left, top, left + width, top + height)
    return RawBox(classes[category], corners, crowd, float(area))


def _entries(document: Mapping[str, Any], key: str, path: Path) -> list[dict[str, Any]]:
    found = document.get(key)
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise DatasetError(f"{path}: {key} must be an array of JSON objects")
    return found


def _whole(entry: Mapping[str, Any], key: str, where: str) -> int:
    value = entry.get(key)
    if not isinstance(value, int) or isinstance(value, bool):
        raise DatasetError(f"{where}: {key} must be a whole number")
    return value


def _text(entry: Mapping[str, Any], key: str, where: str) -> str:
    value = entry.get(key)
    if not isinstance(value, str) or not value.isprintable() or not 1 <= len(value) <= _MAX_NAME:
        raise DatasetError(f"{where}: {key} must be a line of 1 to {_MAX_NAME} characters")
    return value


def _is_finite(value: object) -> bool:
    # A whole number of a thousand digits is no float.
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and abs(value) < 1e9 and math.isfinite(value)  # type: ignore[arg-type]


def _file_inside(folder: Path, name: str, source: Path) -> Path:
    path = folder / name
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise DatasetError(f"{source}: {name!r} leads out of {folder}")
    if not path.is_file():
        raise DatasetError(f"{source}: there is no image {path}")
    return path
