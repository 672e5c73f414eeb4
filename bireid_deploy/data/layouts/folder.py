"""A plain folder per person, for one's own pictures: `<person>/<camera>_<anything>.jpg`.

`<camera>` is an integer below 1000, kept as written; where no name states one, all images are of
one camera. People are numbered from 1 in the order of their sorted folder names (integers by value,
before names). Unless `split.csv` says who trains and who tests (`split_list`), the first half of
the people, rounded down, train; the others test. The first image of every (test person, camera)
that has at least two images is a query, all other test images are the gallery.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from bireid_deploy.data.dataset import SPLITS, ReIdDataset, Sample, SplitName
from bireid_deploy.data.folders import LeftOut, Listing, list_folder, unread
from bireid_deploy.data.layouts import market1501, msmt17
from bireid_deploy.data.layouts.found import FoundLayout
from bireid_deploy.data.layouts.split_list import SPLIT_FILE, read_split_list
from bireid_deploy.errors import DatasetError

TITLE = "a plain folder"
LOOKED_FOR = "a folder per person holding <camera>_*.jpg, camera a number below 1000"

_CAMERA = re.compile(r"(\d+)_")
_MAX_CAMERA = 999
_MANY_CAMERAS = 10


def find(root: Path, splits: Sequence[SplitName] = SPLITS) -> FoundLayout | None:
    """Returns `root` if a subfolder holds an image named `<camera>_*`, else None."""
    folders = list_folder(root).folders
    # An incomplete Market-1501 tree: its file names begin with an integer too.
    if any(folder.name in market1501.SPLIT_FOLDERS.values() for folder in folders):
        return None
    for folder in folders:
        if any(_CAMERA.match(path.name) for path in list_folder(folder).files):
            return FoundLayout(root)
    return None


def holds_people(root: Path) -> bool:
    """Whether folders with images lie there, whatever these are called."""
    return any(list_folder(folder).files for folder in list_folder(root).folders)


def read(folder: Path, splits: Sequence[SplitName] = SPLITS) -> ReIdDataset:
    """Reads a folder of people.

    Raises:
        DatasetError: Some file names state a camera and others none, or one that cannot be meant;
            the list is malformed; fewer than two people are left; or no test person has two images
            by one camera.
    """
    people, left_out = _people(folder)
    trains, remark = _who_trains(folder, list(people))
    samples = _samples(people)
    _require_cameras(folder, people)
    if not any(_CAMERA.match(path.name) for images in people.values() for path in images):
        remark += "; no name states a camera: all images are taken for one camera's"
    remark += _frames_remark([each for found in samples.values() for each in found])
    train = [each for name in people if name in trains for each in samples[name]]
    query, gallery = _split_test(
        [each for name in people if name not in trains for each in samples[name]]
    )
    if "query" in splits and not query:
        raise DatasetError(
            f"no test person in {folder} has two images by one camera: one would be the query and "
            "one stay in the gallery; add images or use the Market-1501 layout with an own split"
        )
    return ReIdDataset(
        folder.resolve().name,
        folder,
        tuple(train) if "train" in splits else (),
        query if "query" in splits else (),
        gallery if "gallery" in splits else (),
        splits=tuple(splits),
        left_out=left_out,
        remarks=(remark,),
    )


def _people(root: Path) -> tuple[dict[str, tuple[Path, ...]], LeftOut]:
    """Images by the folder of a person, in the order of people; and what else lies there."""
    top = list_folder(root)
    left_out = [each for each in top.left_out if each[0].name != SPLIT_FILE]
    left_out += [(path, "in no folder of a person") for path in top.files]
    people: dict[str, tuple[Path, ...]] = {}
    for folder in sorted(top.folders, key=_person_order):
        found: Listing = list_folder(folder)
        left_out += found.left_out
        left_out += unread(found.folders, "in a folder below that of a person")
        if found.files:
            people[folder.name] = found.files
        else:
            left_out.append((folder, "a folder without images"))
    if len(people) < 2:
        raise DatasetError(f"{root} holds images of {len(people)} people; a split needs two")
    return people, tuple(left_out)


def _who_trains(root: Path, people: Sequence[str]) -> tuple[frozenset[str], str]:
    """The people to train with, and how they were chosen, in words."""
    # Whatever it is: a pipe or a link to nowhere is told of, not passed over.
    if os.path.lexists(root / SPLIT_FILE):
        trains = read_split_list(root / SPLIT_FILE, people)
        tests = len(people) - len(trains)
        return trains, f"{SPLIT_FILE} says that {len(trains)} people train and {tests} test"
    half = len(people) // 2
    return frozenset(people[:half]), (
        f"a plain folder: the first {half} of {len(people)} people train "
        f"({people[0]} to {people[half - 1]}), the others test ({people[half]} to {people[-1]}); "
        f"a {SPLIT_FILE} of person,split there can say otherwise"
    )


def _samples(people: dict[str, tuple[Path, ...]]) -> dict[str, list[Sample]]:
    images = [path for found in people.values() for path in found]
    stated = [path for path in images if _CAMERA.match(path.name)]
    cameras = {path: _camera(path) for path in stated}
    if stated and len(stated) < len(images):
        odd = next(path for path in images if path not in cameras)
        raise DatasetError(f"{odd} is not named <camera>_*, camera an integer; rename or remove it")
    return {
        name: [Sample(path, number, cameras.get(path, 0)) for path in found]
        for number, (name, found) in enumerate(people.items(), start=1)
    }


def _require_cameras(root: Path, people: dict[str, tuple[Path, ...]]) -> None:
    """Refuse names that begin with their person, as frames of a person are often called."""
    if all(
        name.isdecimal() and _number_before(path) == name.lstrip("0")
        for name, images in people.items()
        for path in images
    ):
        first = next(iter(people.values()))[0]
        raise DatasetError(
            f"{first}: every image in {root} begins with the name of its folder, the person, where "
            f"<camera>_* is wanted; rename them (of {msmt17.TITLE}, give the folder with "
            f"{msmt17.LISTS})"
        )


def _number_before(path: Path) -> str | None:
    match = _CAMERA.match(path.name)
    return None if match is None else match[1].lstrip("0")


def _frames_remark(samples: list[Sample]) -> str:
    """What to say where the numbers may be those of frames: nobody is seen twice by one camera."""
    cameras = {sample.camera_id for sample in samples}
    seen = {(sample.person_id, sample.camera_id) for sample in samples}
    if len(seen) < len(samples) or len(cameras) < _MANY_CAMERAS:
        return ""
    return f"; nobody has two images by one of {len(cameras)} cameras: are the numbers of frames?"


def _split_test(samples: list[Sample]) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
    groups: dict[tuple[int, int], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.person_id, sample.camera_id), []).append(sample)
    query = {group[0] for group in groups.values() if len(group) > 1}
    return (
        tuple(sample for sample in samples if sample in query),
        tuple(sample for sample in samples if sample not in query),
    )


def _person_order(folder: Path) -> tuple[bool, int, str]:
    number = folder.name.isdecimal()
    return (not number, int(folder.name) if number else 0, folder.name)


def _camera(path: Path) -> int:
    match = _CAMERA.match(path.name)
    if market1501.camera_of(path.name) is not None:
        raise DatasetError(
            f"{path} begins with a person, as names of Market-1501 do, where <camera>_* is wanted; "
            "rename it, or use the folders of Market-1501"
        )
    assert match is not None
    # A date or the number of a frame is no camera, though it fits the pattern.
    if len(match[1].lstrip("0")) > len(str(_MAX_CAMERA)):
        raise DatasetError(
            f"{path}: {match[1][:40]} before the first _ cannot be a camera (0 to {_MAX_CAMERA}); "
            "name images <camera>_*"
        )
    return int(match[1])
