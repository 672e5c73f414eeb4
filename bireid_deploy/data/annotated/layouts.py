"""The layouts of annotated images; a further one is one line of the table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from bireid_runtime.suggestions import hint

from bireid_deploy.data.annotated.cleaning import Cleaning
from bireid_deploy.data.annotated.coco import is_coco, read_coco
from bireid_deploy.data.annotated.dataset import AnnotatedDataset, RawImage
from bireid_deploy.data.annotated.voc import is_voc, read_voc
from bireid_deploy.data.folders import LeftOut, find_below
from bireid_deploy.data.use import Use
from bireid_deploy.errors import DatasetError

# Classes of which a remark has the names.
_NAMED = 3


@dataclass(frozen=True)
class AnnotatedLayout:
    """One line of the table.

    Attributes:
        matches: Whether a folder looks like it.
        read: Gives training images, test images, the names of all classes, and what lies among
            the images and is not read; a split that is not needed is empty.
        needs: What it looks like, for messages.
    """

    matches: Callable[[Path], bool]
    read: Callable[[Path, Use], tuple[list[RawImage], list[RawImage], list[str], LeftOut]]
    needs: str


ANNOTATED_LAYOUTS: dict[str, AnnotatedLayout] = {
    "voc": AnnotatedLayout(is_voc, read_voc, "Annotations/, JPEGImages/ and ImageSets/Main/"),
    "coco": AnnotatedLayout(is_coco, read_coco, "annotations/instances_*.json"),
}


def open_annotated(
    root: Path, layout: str = "auto", classes: Sequence[str] | None = None, use: Use = "all"
) -> AnnotatedDataset:
    """List a data set and check its boxes; no image is decoded.

    Args:
        root: Its folder, untrusted.
        layout: A name of `ANNOTATED_LAYOUTS`, or `auto`.
        classes: Classes to keep, in the order of their labels; None keeps all.
        use: The splits that are needed; another one is empty.

    Raises:
        DatasetError: It is missing, malformed or of another layout, lacks a class, or has a split
            without images or, to train with, without boxes.
    """
    row = _layout(root, layout)
    train, test, present, left_out = row.read(root, use)
    chosen = tuple(present if classes is None else classes)
    for name in chosen:
        if name not in present:
            raise DatasetError(f"{root}: has no class {name!r}; {hint(name, present)}")
    cleaning = Cleaning(chosen)
    dataset = AnnotatedDataset(
        root.resolve().name,
        root,
        chosen,
        cleaning.images(train),
        cleaning.images(test),
        cleaning.remarks(),
        left_out,
    )
    for name, images in (("train", dataset.train), ("test", dataset.test)):
        if use in ("all", name) and not images:
            raise DatasetError(f"{root}: the {name} split lists no image")
    if use != "test" and not any(len(image.labels) for image in dataset.train):
        raise DatasetError(f"{root}: no box to train with; {'; '.join(dataset.remarks)}")
    untaught = () if use == "test" else _untaught(dataset)
    return replace(dataset, remarks=(*dataset.remarks, *untaught))


def _untaught(dataset: AnnotatedDataset) -> tuple[str, ...]:
    """A remark on classes that no training image shows: the categories of COCO may be such."""
    taught = {label for image in dataset.train for label in image.labels[~image.ignored].tolist()}
    missing = [name for label, name in enumerate(dataset.classes) if label not in taught]
    if not missing:
        return ()
    named = ", ".join(map(repr, missing[:_NAMED]))
    others = f" and {len(missing) - _NAMED} others" if len(missing) > _NAMED else ""
    return (f"no training box of {named}{others}",)


def _layout(root: Path, name: str) -> AnnotatedLayout:
    if name != "auto":
        if name not in ANNOTATED_LAYOUTS:
            known = ["auto", *ANNOTATED_LAYOUTS]
            raise DatasetError(f"layout {name!r} holds no boxes; {hint(name, known)}")
        return ANNOTATED_LAYOUTS[name]
    for row in ANNOTATED_LAYOUTS.values():
        if row.matches(root):
            return row
    rows = ANNOTATED_LAYOUTS.values()
    if root.is_dir() and (
        below := find_below(root, lambda each: any(r.matches(each) for r in rows))
    ):
        raise DatasetError(f"found images with boxes one level below, in {below}; give that folder")
    looked_for = "; or ".join(row.needs for row in ANNOTATED_LAYOUTS.values())
    raise DatasetError(f"{root}: no images with boxes; looked for {looked_for}")
