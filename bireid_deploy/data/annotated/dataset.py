"""What every layout of annotated images is read into."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bireid_deploy.data.folders import LeftOut

MAX_BOXES = 10_000
"""In one image."""

MAX_SIDE = 20_000
"""Of an image, pixels."""


@dataclass(frozen=True, slots=True)
class RawBox:
    """One box as a file gives it, nothing checked but that its numbers are finite.

    Attributes:
        name: Its class.
        corners: Left, top, right, bottom, pixels from the edge of the image.
        ignored: Finding it is neither right nor wrong, and nothing learns from it.
        area: Pixels; None takes that of the box.
    """

    name: str
    corners: tuple[float, float, float, float]
    ignored: bool = False
    area: float | None = None


@dataclass(frozen=True, slots=True)
class RawImage:
    """One image as a file lists it.

    Attributes:
        path: Image file.
        height: Rows, 1 to `MAX_SIDE`.
        width: Columns, 1 to `MAX_SIDE`.
        boxes: What is marked in it, at most `MAX_BOXES`.
    """

    path: Path
    height: int
    width: int
    boxes: tuple[RawBox, ...]


@dataclass(frozen=True, slots=True, eq=False)
class AnnotatedImage:
    """One image and its boxes, each inside it and with an area.

    Attributes:
        path: Image file.
        height: Rows.
        width: Columns.
        corners: float64 (N, 4): left, top, right, bottom, pixels from the edge of the image.
        labels: int64 (N,), positions in the classes of the data set.
        ignored: bool (N,), see `RawBox`.
        areas: float64 (N,), pixels.
    """

    path: Path
    height: int
    width: int
    corners: np.ndarray
    labels: np.ndarray
    ignored: np.ndarray
    areas: np.ndarray


@dataclass(frozen=True)
class AnnotatedDataset:
    """The training and test images of one data set, in the order of their list.

    Attributes:
        name: Name for reports.
        root: Folder that the images were found in.
        classes: Names of the classes; a label is a position here.
        train: Images to train with.
        test: Images to measure on.
        remarks: What was left out or clipped, and which classes lack boxes, a line each.
        left_out: What lies among the images and is not read, with the reason.
    """

    name: str
    root: Path
    classes: tuple[str, ...]
    train: tuple[AnnotatedImage, ...]
    test: tuple[AnnotatedImage, ...]
    remarks: tuple[str, ...]
    left_out: LeftOut = ()
