"""Writes rendered frames of a street as a data set of PASCAL VOC or COCO, once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Literal, get_args
from xml.sax.saxutils import escape

from bireid_deploy.data.annotated import AnnotatedDataset, coco, open_annotated, voc
from bireid_deploy.data.synthetic.once import write_once
from bireid_deploy.data.synthetic.street import STREET_VERSION, Frame, render_frame
from bireid_deploy.errors import DatasetError

CLASS = "person"
StreetLayout = Literal["voc", "coco"]

_MAX_FRAMES = 1_000_000


def write_street(
    root: str | Path,
    *,
    train: int,
    test: int,
    size: tuple[int, int] = (192, 192),
    seed: int = 0,
    layout: StreetLayout = "voc",
    on_progress: Callable[[int, int], None] | None = None,
) -> AnnotatedDataset:
    """Renders frames with 0 to 5 people each, or reuses identical ones.

    The data set appears at once, complete, or not at all.

    Args:
        root: Folder to make; its parents are made too.
        train: Frames to train with.
        test: Frames to measure on; no person is in both.
        size: (height, width) of a frame, pixels.
        seed: Seed of everything, not negative.
        layout: `voc` or `coco`.
        on_progress: Called with (frames done, frames in all) after each frame.

    Returns:
        The data set, opened.

    Raises:
        DatasetError: A parameter is out of range; `root` holds something else, or frames of other
            parameters or that were changed since; or it cannot be written.
    """
    for name, value, low, high in (
        ("train", train, 1, _MAX_FRAMES),
        ("test", test, 1, _MAX_FRAMES),
        ("height", size[0], 32, 2048),
        ("width", size[1], 32, 2048),
        ("seed", seed, 0, 2**63 - 1),
    ):
        if not low <= value <= high:
            raise DatasetError(f"rendered street: {name} is {value}, outside {low} to {high}")
    if layout not in get_args(StreetLayout):
        raise DatasetError(f"rendered street: layout is {layout!r}; choose voc or coco")
    identity = {
        "street_version": STREET_VERSION,
        "train": train,
        "test": test,
        "height": size[0],
        "width": size[1],
        "seed": seed,
        "layout": layout,
    }

    def write(folder: Path) -> int:
        for split, first, count in (("train", 0, train), ("test", train, test)):
            frames = []
            for number in range(first, first + count):
                frame = render_frame(seed, number, size)
                name = f"{number + 1:06d}"
                path = _image_folder(folder, layout, split) / f"{name}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                frame.picture.save(path, quality=frame.jpeg_quality)
                frames.append((name, frame))
                if on_progress is not None:
                    on_progress(number + 1, train + test)
            (_write_voc if layout == "voc" else _write_coco)(folder, split, frames)
        return train + test

    write_once(Path(root), "rendered street", identity, write)
    return open_annotated(Path(root), layout)


def _image_folder(root: Path, layout: str, split: str) -> Path:
    return root / (voc.IMAGES if layout == "voc" else split)


def _write_voc(root: Path, split: str, frames: list[tuple[str, Frame]]) -> None:
    for folder in (voc.ANNOTATIONS, voc.LISTS):
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name, frame in frames:
        (root / voc.ANNOTATIONS / f"{name}.xml").write_text(_voc_xml(name, frame))
    (root / voc.LISTS / f"{split}.txt").write_text("".join(f"{name}\n" for name, _ in frames))


def _voc_xml(name: str, frame: Frame) -> str:
    width, height = frame.picture.size
    lines = [
        "<annotation>",
        f"  <filename>{escape(name)}.jpg</filename>",
        f"  <size><width>{width}</width><height>{height}</height><depth>3</depth></size>",
    ]
    # VOC's pixels count from 1, and the last one belongs to the box.
    for (left, top, right, bottom), difficult in zip(
        frame.corners.tolist(), frame.difficult.tolist(), strict=True
    ):
        lines.append(
            f"  <object><name>{CLASS}</name><difficult>{int(difficult)}</difficult><bndbox>"
            f"<xmin>{left + 1}</xmin><ymin>{top + 1}</ymin><xmax>{right}</xmax>"
            f"<ymax>{bottom}</ymax></bndbox></object>"
        )
    return "\n".join([*lines, "</annotation>", ""])


def _write_coco(root: Path, split: str, frames: list[tuple[str, Frame]]) -> None:
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for name, frame in frames:
        width, height = frame.picture.size
        image = {"id": int(name), "file_name": f"{name}.jpg", "width": width, "height": height}
        images.append(image)
        for (left, top, right, bottom), difficult in zip(
            frame.corners.tolist(), frame.difficult.tolist(), strict=True
        ):
            sides = [left, top, right - left, bottom - top]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image["id"],
                    "category_id": 1,
                    "bbox": sides,
                    "area": sides[2] * sides[3],
                    "iscrowd": int(difficult),
                }
            )
    document = {
        "images": images,
        "annotations": annotations,
        "categories": [{"id": 1, "name": CLASS}],
    }
    (root / coco.ANNOTATIONS).mkdir(exist_ok=True)
    path = root / coco.ANNOTATIONS / f"instances_{split}.json"
    path.write_text(json.dumps(document), encoding="utf-8")
