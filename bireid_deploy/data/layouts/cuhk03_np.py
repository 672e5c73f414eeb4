"""CUHK03 under its new protocol: two variants, each with Market-1501's folders and names.

cuhk03-np/labeled/{bounding_box_train,query,bounding_box_test}      boxes drawn by hand
cuhk03-np/detected/{bounding_box_train,query,bounding_box_test}     boxes of a detector
"""

from pathlib import Path
from typing import Literal, get_args

from bireid_deploy.data.dataset import ReIdDataset
from bireid_deploy.data.layouts import market1501

Variant = Literal["labeled", "detected"]
LOOKED_FOR = "labeled/ or detected/, each with bounding_box_train/, query/ and bounding_box_test/"


def find(root: Path) -> dict[Variant, Path]:
    """Returns the variants in `root` or in `root/cuhk03-np`; empty if there are none."""
    for parent in (root, root / "cuhk03-np"):
        found: dict[Variant, Path] = {}
        for variant in get_args(Variant):
            folder = market1501.find(parent / variant)
            if folder is not None:
                found[variant] = folder
        if found:
            return found
    return {}


def read(folder: Path, variant: Variant) -> ReIdDataset:
    """Reads one folder returned by `find`.

    Raises:
        DatasetError: A split is empty or a file name does not follow the pattern.
    """
    return market1501.read(folder, name=f"cuhk03-np-{variant}")
