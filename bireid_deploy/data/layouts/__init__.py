"""Opening a data set: one module per layout, and the choice between them."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Literal, get_args

from bireid_runtime.suggestions import hint

from bireid_deploy.data.dataset import SPLITS, ReIdDataset, SplitName
from bireid_deploy.data.folders import find_below
from bireid_deploy.data.layouts import cuhk03_np, folder, market1501, msmt17
from bireid_deploy.data.layouts.found import FoundLayout
from bireid_deploy.errors import DatasetError

Layout = Literal[
    "auto", "market1501", "cuhk03-np-labeled", "cuhk03-np-detected", "msmt17", "folder"
]

_Read = Callable[[Path, Sequence[SplitName]], ReIdDataset]


def open_dataset(
    root: str | Path, layout: str = "auto", splits: Sequence[SplitName] = SPLITS
) -> ReIdDataset:
    """Lists the images of a Re-ID data set; no image is decoded.

    Args:
        root: Folder of the data set, or for published sets its parent.
        layout: One of `Layout`; `auto` tries them in the order Market-1501, CUHK03-NP, MSMT17,
            plain folder.
        splits: Those that are needed; others are neither looked for nor read.

    Raises:
        DatasetError: The folder is missing, of another layout, incomplete, empty or malformed, or
            `layout` is unknown.
    """
    root = Path(root)
    if layout not in get_args(Layout):
        raise DatasetError(f"unknown layout {layout!r}; {hint(layout, get_args(Layout))}")
    if not root.is_dir():
        what = "is not a folder" if root.exists() else "does not exist"
        raise DatasetError(f"the data set folder {root} {what}; check the path")
    candidates = _candidates(root, layout, splits)
    for title, found, read in candidates:
        if not found.missing:
            return read(found.folder, splits)
        # A plain folder comes last: part of another layout could be taken for one.
        raise DatasetError(
            f"{' and '.join(f'`{name}`' for name in found.missing)} "
            f"{'is' if len(found.missing) == 1 else 'are'} missing in {found.folder}, which looks "
            f"like {title}; unpack the data set again"
        )
    raise DatasetError(_nothing(root, layout, splits))


def _candidates(
    root: Path, layout: str, splits: Sequence[SplitName]
) -> list[tuple[str, FoundLayout, _Read]]:
    """What the folder looks like, whole layouts first."""
    found: list[tuple[str, FoundLayout | None, _Read]] = []
    if layout in ("auto", "market1501"):
        found.append((market1501.TITLE, market1501.find(root, splits), market1501.read))
    if layout == "auto" or layout.startswith("cuhk03-np"):
        found += _cuhk03_np(root, layout, splits)
    if layout in ("auto", "msmt17"):
        found.append((msmt17.TITLE, msmt17.find(root, splits), msmt17.read))
    published = [(title, each, read) for title, each, read in found if each is not None]
    published.sort(key=lambda candidate: bool(candidate[1].missing))
    if published or layout not in ("auto", "folder"):
        return published
    plain = folder.find(root, splits)
    # Names without cameras are taken for people only if a person says that they are.
    if plain is None and layout == "folder" and folder.holds_people(root):
        plain = FoundLayout(root)
    return [] if plain is None else [(folder.TITLE, plain, folder.read)]


def _cuhk03_np(
    root: Path, layout: str, splits: Sequence[SplitName]
) -> list[tuple[str, FoundLayout | None, _Read]]:
    variants = cuhk03_np.find(root, splits)
    if layout == "auto":
        whole = {name: each for name, each in variants.items() if not each.missing}
        if len(whole) > 1:
            raise DatasetError(
                f"{root} holds both variants of CUHK03-NP; choose the layout cuhk03-np-labeled or "
                "cuhk03-np-detected"
            )
    else:
        chosen: cuhk03_np.Variant = "labeled" if layout.endswith("labeled") else "detected"
        # The variant's own folder may be given directly.
        own = variants.get(chosen) or market1501.find(root, splits)
        variants = {} if own is None else {chosen: own}

    def reader(variant: cuhk03_np.Variant) -> _Read:
        return lambda found, needed: cuhk03_np.read(found, variant, needed)

    return [(cuhk03_np.TITLE, each, reader(variant)) for variant, each in variants.items()]


def _nothing(root: Path, layout: str, splits: Sequence[SplitName]) -> str:
    """What is wrong with a folder that looks like no layout, and what to give instead."""
    if market1501.is_split(root):
        above = root.resolve().parent
        return f"{root} is one split of {market1501.TITLE}; give the folder above it, {above}"

    def has_layout(candidate: Path) -> bool:
        return any(not each.missing for _, each, _ in _candidates(candidate, layout, splits))

    if (below := find_below(root, has_layout)) is not None:
        title = _candidates(below, layout, splits)[0][0]
        return f"found {title} one level below, in {below}; give that folder"
    if layout == "auto":
        hint = ""
        if folder.holds_people(root):
            hint = (
                ". It holds folders of images whose names state no camera: if each is of one "
                "person, say --layout folder"
            )
        return (
            f"no known data set layout in {root}: looked for {market1501.LOOKED_FOR} "
            f"(Market-1501); {cuhk03_np.LOOKED_FOR} (CUHK03-NP); {msmt17.LOOKED_FOR} (MSMT17); "
            f"{folder.LOOKED_FOR} (plain folder){hint}"
        )
    modules = {"market1501": market1501, "msmt17": msmt17, "folder": folder}
    looked_for = modules[layout].LOOKED_FOR if layout in modules else cuhk03_np.LOOKED_FOR
    return f"no {layout} data set in {root}: looked for {looked_for}"
