"""The layouts of sequences; a further one is one line of the table."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bireid_runtime.suggestions import hint

from bireid_deploy.data.sequences.dataset import MarkedSequence, SequenceDataset
from bireid_deploy.data.sequences.got10k import is_got10k, read_got10k
from bireid_deploy.data.sequences.otb import is_otb, read_otb
from bireid_deploy.errors import DatasetError


@dataclass(frozen=True)
class SequenceLayout:
    """One line of the table.

    Attributes:
        matches: Whether a folder looks like it.
        read: Gives the sequences to train with and those to measure on.
        needs: What it looks like, for messages.
    """

    matches: Callable[[Path], bool]
    read: Callable[[Path], tuple[list[MarkedSequence], list[MarkedSequence]]]
    needs: str


SEQUENCE_LAYOUTS: dict[str, SequenceLayout] = {
    "got10k": SequenceLayout(is_got10k, read_got10k, "train/ and val/ with */groundtruth.txt"),
    "otb": SequenceLayout(is_otb, read_otb, "folders with img/ and groundtruth_rect.txt"),
}


def open_sequences(root: Path, layout: str = "auto") -> SequenceDataset:
    """List a data set; no frame is decoded.

    Args:
        root: Its folder, untrusted.
        layout: A name of `SEQUENCE_LAYOUTS`, or `auto`.

    Raises:
        DatasetError: It is missing, malformed or of another layout, or a sequence begins without
            its target.
    """
    train, test = _layout(root, layout).read(root)
    if not train and not test:
        raise DatasetError(f"{root}: holds no sequence")
    for sequence in test:
        if np.isnan(sequence.boxes[0]).any() or not (sequence.boxes[0, 2:] >= 1).all():
            raise DatasetError(f"{root}: {sequence.name}: the first frame does not mark the target")
    return SequenceDataset(root.resolve().name, root, tuple(train), tuple(test))


def _layout(root: Path, name: str) -> SequenceLayout:
    if name != "auto":
        if name not in SEQUENCE_LAYOUTS:
            known = ["auto", *SEQUENCE_LAYOUTS]
            raise DatasetError(f"layout {name!r} holds no sequences; {hint(name, known)}")
        return SEQUENCE_LAYOUTS[name]
    for row in SEQUENCE_LAYOUTS.values():
        if row.matches(root):
            return row
    looked_for = "; or ".join(row.needs for row in SEQUENCE_LAYOUTS.values())
    raise DatasetError(f"{root}: no sequences; looked for {looked_for}")
