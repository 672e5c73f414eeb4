"""Splitting training data for validation; the split depends on the data alone.

So a student holds out what its teacher held out, and a resumed run what it held out before.
"""

import dataclasses
from typing import Any

import numpy as np

from bireid_deploy.data.dataset import ReIdDataset, Sample
from bireid_deploy.errors import DatasetError


def hold_out_items(dataset: Any, fraction: float) -> tuple[Any, Any]:
    """Hold out training items, evenly spaced in their order.

    Args:
        dataset: A dataclass with the tuples `train` and `test`.
        fraction: Share of the items, 0..1; at least one is held out and one is left.

    Returns:
        The data set without them, and one with them alone, as its test split.

    Raises:
        DatasetError: There are fewer than two.
    """
    count = len(dataset.train)
    if count < 2:
        raise DatasetError(
            f"{dataset.root}: {count} training item(s) cannot be split for validation; set "
            "validation.every=0"
        )
    chosen = _spread(count, fraction, least=1, most=count - 1)
    kept = tuple(item for place, item in enumerate(dataset.train) if place not in chosen)
    held = tuple(item for place, item in enumerate(dataset.train) if place in chosen)
    return dataclasses.replace(dataset, train=kept), dataclasses.replace(dataset, test=held)


def hold_out_people(dataset: ReIdDataset, fraction: float) -> tuple[ReIdDataset, ReIdDataset]:
    """Hold out training people, evenly spaced in the order of their ids, with all of their images.

    The first image of each by every camera is a query, all of them are the gallery.

    Args:
        dataset: Data set.
        fraction: Share of the people, 0..1; at least two are held out and two are left.

    Returns:
        The data set without them, and one whose query and gallery they are.

    Raises:
        DatasetError: There are fewer than four people, or none of those who are held out was seen
            by two cameras.
    """
    people = sorted({sample.person_id for sample in dataset.train})
    if len(people) < 4:
        raise DatasetError(
            f"{dataset.root}: {len(people)} training people cannot be split for validation; set "
            "validation.every=0"
        )
    chosen = _spread(len(people), fraction, least=2, most=len(people) - 2)
    names = {people[place] for place in chosen}
    kept = tuple(sample for sample in dataset.train if sample.person_id not in names)
    held = tuple(sample for sample in dataset.train if sample.person_id in names)
    return (
        dataclasses.replace(dataset, train=kept),
        ReIdDataset(dataset.name, dataset.root, kept, _queries(held, dataset), held),
    )


def _queries(samples: tuple[Sample, ...], dataset: ReIdDataset) -> tuple[Sample, ...]:
    first: dict[tuple[int, int], Sample] = {}
    cameras: dict[int, set[int]] = {}
    for sample in samples:
        first.setdefault((sample.person_id, sample.camera_id), sample)
        cameras.setdefault(sample.person_id, set()).add(sample.camera_id)
    queries = tuple(each for each in first.values() if len(cameras[each.person_id]) > 1)
    if not queries:
        raise DatasetError(
            f"{dataset.root}: none of the people who are held out for validation was seen by two "
            "cameras; set validation.every=0"
        )
    return queries


def _spread(count: int, fraction: float, least: int, most: int) -> set[int]:
    wanted = min(max(round(fraction * count), least), most)
    return set(np.floor((np.arange(wanted) + 0.5) * count / wanted).astype(int).tolist())
