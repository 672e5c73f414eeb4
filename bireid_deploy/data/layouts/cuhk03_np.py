"""CUHK03 under its new protocol: two variants, each with Market-1501's folders and names.

cuhk03-np/labeled/{bounding_box_train,query,bounding_box_test}      boxes drawn by hand
cuhk03-np/detected/{bounding_box_train,query,bounding_box_test}     boxes of a detector
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, get_args

from bireid_deploy.data.dataset import SPLITS, ReIdDataset, SplitName
from bireid_deploy.data.layouts import market1501
from bireid_deploy.data.layouts.found import FoundLayout

Variant = Literal["labeled", "detected"]
TITLE = "CUHK03-NP"
LOOKED_FOR = "labeled/ or detected/, each with bounding_box_train/, query/ and bounding_box_test/"


def find(root: Path, splits: Sequence[SplitName] = SPLITS) -> dict[Variant, FoundLayout]:
    """Returns the variants in `root` or in `root/cuhk03-np`; empty if there are none."""
    for parent in (root, root / "cuhk03-np"):
        found: dict[Variant, FoundLayout] = {}
        for variant in get_args(Variant):
            layout = market1501.find(parent / variant, splits)
            if layout is not None:
                found[variant] = layout
        if found:
            return found
    return {}


def read(folder: Path, variant: Variant, splits: Sequence[SplitName] = SPLITS) -> ReIdDataset:
    """Reads one folder of `find` in which nothing is missing.

    Raises:
        DatasetError: A split is empty or a file name does not follow the pattern.
    """
    return market1501.read(folder, splits, name=f"cuhk03-np-{variant}")
