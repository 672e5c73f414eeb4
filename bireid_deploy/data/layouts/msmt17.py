"""MSMT17, versions 1 and 2: images in folders per person, splits in text lists.

    MSMT17_V1/train/0000/0000_000_01_0303morning_0008_0.jpg     V2: mask_train_v2/
    MSMT17_V1/list_{train,query,gallery}.txt                    0000/0000_000_01_..._0.jpg 0

The third field of a file name is the camera, 1 to 15. The lists count people from 0, but 0 means
distractor here, so every person id is the listed one plus 1. Training and test people share
numbers although they are different people. `list_val.txt` is not read: the images that results
are usually reported for are those of `list_train.txt`.
"""

from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from bireid_runtime.files import read_text

from bireid_deploy.data.dataset import SPLITS, ReIdDataset, Sample, SplitName
from bireid_deploy.data.folders import LeftOut, unlisted
from bireid_deploy.data.layouts.found import FoundLayout, best
from bireid_deploy.errors import DatasetError

TITLE = "MSMT17"
USUAL_ROOTS = ("MSMT17_V1", "MSMT17_V2")
IMAGE_FOLDERS = (("train", "test"), ("mask_train_v2", "mask_test_v2"))
LISTS = "list_train.txt, list_query.txt and list_gallery.txt"
LOOKED_FOR = f"{LISTS} beside train/ and test/ (or mask_train_v2/ and mask_test_v2/)"

_LISTS: dict[SplitName, str] = {
    "train": "list_train.txt",
    "query": "list_query.txt",
    "gallery": "list_gallery.txt",
}
# The largest list of the data set holds 82,161 lines of about 50 bytes.
_MAX_LIST_BYTES = 64 * 1024 * 1024
# Python refuses to read numbers of thousands of digits; so many exceed what any file keeps.
_MAX_DIGITS = 20


def find(root: Path, splits: Sequence[SplitName] = SPLITS) -> FoundLayout | None:
    """Looks for the layout in `root` and in its usual subfolders."""
    return best(_look(folder, splits) for folder in (root, *(root / name for name in USUAL_ROOTS)))


def read(folder: Path, splits: Sequence[SplitName] = SPLITS) -> ReIdDataset:
    """Reads a folder in which nothing that `splits` need is missing.

    Raises:
        DatasetError: A list is malformed, empty or names a file outside its folder or a missing
            one.
    """
    read_splits: dict[SplitName, tuple[Sample, ...]] = {"train": (), "query": (), "gallery": ()}
    lists: dict[Path, list[SplitName]] = {}
    for split in splits:
        images = _image_folder(folder, split)
        if images is None:
            raise DatasetError(f"no MSMT17 data set in {folder}: looked for {LOOKED_FOR}")
        read_splits[split] = _read_list(folder / _LISTS[split], images)
        lists.setdefault(images, []).append(split)
    left_out: LeftOut = ()
    for images, listing in lists.items():
        listed = {sample.path for split in listing for sample in read_splits[split]}
        names = " or ".join(_LISTS[split] for split in listing)
        left_out += unlisted(images, listed, f"not in {names}")
    return ReIdDataset(
        folder.resolve().name,
        folder,
        read_splits["train"],
        read_splits["query"],
        read_splits["gallery"],
        splits=tuple(splits),
        left_out=left_out,
    )


def _look(folder: Path, splits: Sequence[SplitName]) -> FoundLayout | None:
    if not any((folder / name).is_file() for name in _LISTS.values()):
        return None
    missing = [_LISTS[split] for split in splits if not (folder / _LISTS[split]).is_file()]
    for split in splits:
        if _image_folder(folder, split) is None:
            missing.append(" or ".join(f"{pair[split != 'train']}/" for pair in IMAGE_FOLDERS))
    return FoundLayout(folder, tuple(dict.fromkeys(missing)))


def _image_folder(folder: Path, split: SplitName) -> Path | None:
    """Of version 1, or else of version 2."""
    candidates = (folder / pair[split != "train"] for pair in IMAGE_FOLDERS)
    return next((each for each in candidates if each.is_dir()), None)


def _read_list(list_path: Path, images: Path) -> tuple[Sample, ...]:
    try:
        if list_path.stat().st_size > _MAX_LIST_BYTES:
            raise DatasetError(f"{list_path} is larger than {_MAX_LIST_BYTES} bytes: not a list")
        lines = read_text(list_path).splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DatasetError(f"cannot read the list {list_path}: {error}") from error
    samples = [
        _parse(line, images, f"{list_path}:{number}")
        for number, line in enumerate(lines, start=1)
        if line.strip()
    ]
    return tuple(sorted(samples, key=lambda sample: sample.path))


def _parse(line: str, images: Path, where: str) -> Sample:
    name, _, person = line.strip().rpartition(" ")
    fields = PurePosixPath(name).name.split("_")
    if not person.isdecimal() or len(fields) < 3 or not fields[2].isdecimal():
        raise DatasetError(
            f"{where}: {line.strip()!r} is not like '0000/0000_000_01_0303morning_0008_0.jpg 0'"
        )
    relative = PurePosixPath(name)
    if relative.is_absolute() or ".." in relative.parts or "\\" in name or ":" in name:
        raise DatasetError(f"{where}: {name!r} points outside {images}; the list was tampered with")
    path = images.joinpath(*relative.parts)
    if not path.is_file():
        raise DatasetError(f"{where}: {path} does not exist; unpack the data set again")
    numbers = [digits.lstrip("0")[:_MAX_DIGITS] or "0" for digits in (person, fields[2])]
    if (camera := int(numbers[1])) < 1:
        raise DatasetError(f"{where}: camera {camera} of {name!r} is below 1")
    return Sample(path, int(numbers[0]) + 1, camera - 1)
