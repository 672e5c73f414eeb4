"""The layouts of sequences; a further one is one line of the table."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bireid_runtime.suggestions import hint

from bireid_deploy.data.folders import LeftOut, find_below
from bireid_deploy.data.sequences.dataset import MarkedSequence, SequenceDataset
from bireid_deploy.data.sequences.got10k import is_got10k, read_got10k
from bireid_deploy.data.sequences.otb import is_otb, read_otb
from bireid_deploy.data.use import Use
from bireid_deploy.errors import DatasetError


@dataclass(frozen=True)
class SequenceLayout:
    """One line of the table.

    Attributes:
        matches: Whether a folder looks like it.
        read: Gives the sequences to train with, those to measure on, and what is neither.
        needs: What it looks like, for messages.
    """

    matches: Callable[[Path], bool]
    read: Callable[[Path, Use], tuple[list[MarkedSequence], list[MarkedSequence], LeftOut]]
    needs: str


SEQUENCE_LAYOUTS: dict[str, SequenceLayout] = {
    "got10k": SequenceLayout(is_got10k, read_got10k, "train/ and val/ with */groundtruth.txt"),
    "otb": SequenceLayout(is_otb, read_otb, "folders with img/ and groundtruth_rect.txt"),
}


def open_sequences(root: Path, layout: str = "auto", use: Use = "all") -> SequenceDataset:
    """List a data set; no frame is decoded.

    Args:
        root: Its folder, untrusted.
        layout: A name of `SEQUENCE_LAYOUTS`, or `auto`.
        use: The splits that are needed; another one is empty.

    Raises:
        DatasetError: It is missing, malformed or of another layout, or a sequence begins without
            its target.
    """
    train, test, left_out = _layout(root, layout).read(root, use)
    if not train and not test:
        raise DatasetError(f"{root}: holds no sequence")
    for sequence in test:
        if np.isnan(sequence.boxes[0]).any() or not (sequence.boxes[0, 2:] >= 1).all():
            raise DatasetError(f"{root}: {sequence.name}: the first frame does not mark the target")
    among = (entry for each in (*train, *test) for entry in each.left_out)
    # Two targets in the same frames are two sequences.
    left_out = tuple(dict.fromkeys((*left_out, *among)))
    return SequenceDataset(root.resolve().name, root, tuple(train), tuple(test), left_out)


def _layout(root: Path, name: str) -> SequenceLayout:
    if name != "auto":
        if name not in SEQUENCE_LAYOUTS:
            known = ["auto", *SEQUENCE_LAYOUTS]
            raise DatasetError(f"layout {name!r} holds no sequences; {hint(name, known)}")
        return SEQUENCE_LAYOUTS[name]
    rows = SEQUENCE_LAYOUTS.values()
    for row in rows:
        if row.matches(root):
            return row
    if root.is_dir() and (
        below := find_below(root, lambda each: any(r.matches(each) for r in rows))
    ):
        raise DatasetError(f"found sequences one level below, in {below}; give that folder")
    looked_for = "; or ".join(row.needs for row in SEQUENCE_LAYOUTS.values())
    raise DatasetError(f"{root}: no sequences; looked for {looked_for}")
