"""A plain folder per person, for one's own pictures: `<person>/<camera>_<anything>.jpg`.

`<camera>` is an integer, kept as written. People are numbered from 1 in the order of their sorted
folder names (integers by value, before names). The split is deterministic: the first half of the
people, rounded down, train; the others test. The first image of every (test person, camera) that
has at least two images is a query, all other test images are the gallery.
"""

import re
from pathlib import Path

from bireid_deploy.data.dataset import ReIdDataset, Sample
from bireid_deploy.data.layouts import market1501
from bireid_deploy.data.layouts.files import list_folders, list_images
from bireid_deploy.errors import DatasetError

LOOKED_FOR = "a folder per person holding <camera>_*.jpg (or .jpeg, .png)"

_CAMERA = re.compile(r"(\d+)_")


def find(root: Path) -> Path | None:
    """Returns `root` if a subfolder holds an image named `<camera>_*`, else None."""
    folders = _person_folders(root)
    # An incomplete Market-1501 tree: its file names begin with an integer too.
    if any(folder.name in market1501.SPLIT_FOLDERS.values() for folder in folders):
        return None
    for folder in folders:
        if any(_CAMERA.match(path.name) for path in list_images(folder)):
            return root
    return None


def read(folder: Path) -> ReIdDataset:
    """Reads a folder returned by `find`.

    Raises:
        DatasetError: A file name has no camera, fewer than two people are left, or no test person
            has two images by one camera.
    """
    people = [images for person in _person_folders(folder) if (images := list_images(person))]
    if len(people) < 2:
        raise DatasetError(f"{folder} holds images of {len(people)} people; a split needs two")
    samples = [
        [Sample(path, person_id, _camera(path)) for path in images]
        for person_id, images in enumerate(people, start=1)
    ]
    half = len(samples) // 2
    query, gallery = _split_test([sample for person in samples[half:] for sample in person])
    if not query:
        raise DatasetError(
            f"no test person in {folder} has two images by one camera: one would be the query and "
            "one stay in the gallery; add images or use the Market-1501 layout with an own split"
        )
    train = tuple(sample for person in samples[:half] for sample in person)
    return ReIdDataset(folder.resolve().name, folder, train, query, gallery)


def _split_test(samples: list[Sample]) -> tuple[tuple[Sample, ...], tuple[Sample, ...]]:
    groups: dict[tuple[int, int], list[Sample]] = {}
    for sample in samples:
        groups.setdefault((sample.person_id, sample.camera_id), []).append(sample)
    query = {group[0] for group in groups.values() if len(group) > 1}
    return (
        tuple(sample for sample in samples if sample in query),
        tuple(sample for sample in samples if sample not in query),
    )


def _person_folders(root: Path) -> list[Path]:
    return sorted(list_folders(root), key=_person_order)


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
    if match is None:
        raise DatasetError(
            f"{path} is not named <camera>_*, camera an integer; rename or remove it"
        )
    return int(match[1])
