"""MSMT17, versions 1 and 2: images in folders per person, splits in text lists.

    MSMT17_V1/train/0000/0000_000_01_0303morning_0008_0.jpg     V2: mask_train_v2/
    MSMT17_V1/list_{train,query,gallery}.txt                    0000/0000_000_01_..._0.jpg 0

The third field of a file name is the camera, 1 to 15. The lists count people from 0, but 0 means
distractor here, so every person id is the listed one plus 1. Training and test people share
numbers although they are different people. `list_val.txt` is not read: the images that results
are usually reported for are those of `list_train.txt`.
"""

from pathlib import Path, PurePosixPath

from bireid_runtime.files import read_text

from bireid_deploy.data.dataset import ReIdDataset, Sample
from bireid_deploy.errors import DatasetError

USUAL_ROOTS = ("MSMT17_V1", "MSMT17_V2")
IMAGE_FOLDERS = (("train", "test"), ("mask_train_v2", "mask_test_v2"))
LOOKED_FOR = (
    "list_train.txt, list_query.txt and list_gallery.txt beside train/ and test/ "
    "(or mask_train_v2/ and mask_test_v2/)"
)

_LISTS = {"train": "list_train.txt", "query": "list_query.txt", "gallery": "list_gallery.txt"}
# The largest list of the data set holds 82,161 lines of about 50 bytes.
_MAX_LIST_BYTES = 64 * 1024 * 1024


def find(root: Path) -> Path | None:
    """Returns the folder with the lists: `root` or its usual subfolder, or None."""
    for folder in (root, *(root / name for name in USUAL_ROOTS)):
        if (
            all((folder / name).is_file() for name in _LISTS.values())
            and _image_folders(folder) is not None
        ):
            return folder
    return None


def read(folder: Path) -> ReIdDataset:
    """Reads a folder returned by `find`.

    Raises:
        DatasetError: A list is malformed, empty or names a file outside its folder or a missing
            one.
    """
    image_folders = _image_folders(folder)
    if image_folders is None:
        raise DatasetError(f"no MSMT17 data set in {folder}: looked for {LOOKED_FOR}")
    train, test = image_folders
    return ReIdDataset(
        folder.resolve().name,
        folder,
        train=_read_list(folder / _LISTS["train"], train),
        query=_read_list(folder / _LISTS["query"], test),
        gallery=_read_list(folder / _LISTS["gallery"], test),
    )


def _image_folders(folder: Path) -> tuple[Path, Path] | None:
    for train, test in IMAGE_FOLDERS:
        if (folder / train).is_dir() and (folder / test).is_dir():
            return folder / train, folder / test
    return None


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
    camera = int(fields[2])
    if camera < 1:
        raise DatasetError(f"{where}: camera {camera} of {name!r} is below 1")
    return Sample(path, int(person) + 1, camera - 1)
