"""Opening a data set: one module per layout, and the choice between them."""

from pathlib import Path
from typing import Literal, get_args

from bireid_runtime.suggestions import hint

from bireid_deploy.data.dataset import ReIdDataset
from bireid_deploy.data.layouts import cuhk03_np, folder, market1501, msmt17
from bireid_deploy.errors import DatasetError

Layout = Literal[
    "auto", "market1501", "cuhk03-np-labeled", "cuhk03-np-detected", "msmt17", "folder"
]


def open_dataset(root: str | Path, layout: str = "auto") -> ReIdDataset:
    """Lists the images of a Re-ID data set; no image is decoded.

    Args:
        root: Folder of the data set, or for published sets its parent.
        layout: One of `Layout`; `auto` tries them in the order Market-1501, CUHK03-NP, MSMT17,
            plain folder.

    Raises:
        DatasetError: The folder is missing, of another layout, empty or malformed, or `layout` is
            unknown.
    """
    root = Path(root)
    if layout not in get_args(Layout):
        raise DatasetError(f"unknown layout {layout!r}; {hint(layout, get_args(Layout))}")
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise DatasetError(f"the data set folder {root} {what}; check the path")
    if layout == "auto":
        return _detect(root)
    return _read_as(root, layout)


def _detect(root: Path) -> ReIdDataset:
    if (found := market1501.find(root)) is not None:
        return market1501.read(found)
    if variants := cuhk03_np.find(root):
        if len(variants) > 1:
            raise DatasetError(
                f"{root} holds both variants of CUHK03-NP; choose the layout cuhk03-np-labeled or "
                "cuhk03-np-detected"
            )
        variant, found = next(iter(variants.items()))
        return cuhk03_np.read(found, variant)
    if (found := msmt17.find(root)) is not None:
        return msmt17.read(found)
    if (found := folder.find(root)) is not None:
        return folder.read(found)
    raise DatasetError(
        f"no known data set layout in {root}: looked for {market1501.LOOKED_FOR} (Market-1501); "
        f"{cuhk03_np.LOOKED_FOR} (CUHK03-NP); {msmt17.LOOKED_FOR} (MSMT17); "
        f"{folder.LOOKED_FOR} (plain folder)"
    )


def _read_as(root: Path, layout: str) -> ReIdDataset:
    if layout in ("cuhk03-np-labeled", "cuhk03-np-detected"):
        variant: cuhk03_np.Variant = "labeled" if layout.endswith("labeled") else "detected"
        # The variant's own folder may be given directly.
        found = cuhk03_np.find(root).get(variant) or market1501.find(root)
        if found is not None:
            return cuhk03_np.read(found, variant)
        looked_for = cuhk03_np.LOOKED_FOR
    else:
        module = {"market1501": market1501, "msmt17": msmt17, "folder": folder}[layout]
        if (found := module.find(root)) is not None:
            return module.read(found)
        looked_for = module.LOOKED_FOR
    raise DatasetError(f"no {layout} data set in {root}: looked for {looked_for}")
