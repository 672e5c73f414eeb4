"""`detect` as a function."""

import json
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from bireid_runtime import Detection, Detector
from bireid_runtime.files import atomic_file, naming
from bireid_runtime.images import load_image

from bireid_deploy.api.training import Quiet
from bireid_deploy.data.broken import Reading
from bireid_deploy.data.folders import LeftOut
from bireid_deploy.data.image_files import find_images
from bireid_deploy.tasks.base import Progress

_CHUNK = 16


@dataclass(frozen=True)
class FoundInImages:
    """What a detector found.

    Attributes:
        images: The image files.
        found: Per image what was found, from the highest score on.
        classes: Names of the classes.
        fingerprint: Identifies the network.
        backend: Back end that ran it.
        left_out: What else lies in folders that were given, with the reason.
        skipped: Images that cannot be read, with the reason.
    """

    images: tuple[Path, ...]
    found: tuple[tuple[Detection, ...], ...]
    classes: tuple[str, ...]
    fingerprint: str
    backend: str
    left_out: LeftOut = ()
    skipped: LeftOut = ()

    def to_json(self) -> list[dict[str, Any]]:
        """In the format of COCO's results, with names beside the numbers.

        `image_id` counts the images from 1, `category_id` the classes of the network; `bbox` is
        left, top, width and height in pixels.
        """
        return [
            {
                "image_id": number,
                "file_name": str(image),
                "category_id": self.classes.index(each.name) + 1,
                "category": each.name,
                "bbox": _sides(each),
                "score": each.score,
            }
            for number, (image, found) in enumerate(zip(self.images, self.found, strict=True), 1)
            for each in found
        ]

    def save(self, path: Path) -> None:
        """Write `to_json` to a file; an interrupted write leaves the old one."""
        with atomic_file(path) as file:
            file.write(json.dumps(self.to_json(), indent=1).encode() + b"\n")

    def draw(self, folder: Path) -> list[Path]:
        """Write the images with their boxes, as `<name>.jpg`, into a folder that is made.

        Of two images of one name the second is called `<name>-2.jpg`.
        """
        from bireid_deploy.evaluation.drawn_boxes import draw_boxes

        folder.mkdir(parents=True, exist_ok=True)
        written: list[Path] = []
        for image, found in zip(self.images, self.found, strict=True):
            path, number = folder / f"{image.stem}.jpg", 1
            while path in written:
                number += 1
                path = folder / f"{image.stem}-{number}.jpg"
            with naming(path):
                draw_boxes(image, found).save(path, quality=90)
            written.append(path)
        return written


def detect(
    bundle: Path | str,
    inputs: Sequence[Path | str],
    *,
    score_threshold: float | None = None,
    backend: str = "auto",
    threads: int = 1,
    skip_broken: bool = False,
    on_progress: Progress | None = None,
    quiet: Quiet = nullcontext,
) -> FoundInImages:
    """Find things in images.

    Args:
        bundle: Bundle with boxes.
        inputs: Images, and folders whose images are taken, sorted.
        score_threshold: Only higher scores count, 0 to 1; None takes that of the bundle.
        backend: Back end that runs the bundle.
        threads: Threads of that back end.
        skip_broken: Pass over images that cannot be read and list them in `skipped`.
        on_progress: Called with (images done, images in all).
        quiet: Wraps what native libraries write while they start.

    Raises:
        DatasetError: An input does not exist, or a folder holds no image.
        ImageError: An image cannot be decoded, and none is to be passed over.
        BireidError: The bundle cannot be opened, or finds no boxes.
    """
    listed = find_images(inputs)
    with quiet():
        detector = Detector.open(bundle, backend=backend, threads=threads)
    images: list[Path] = []
    found: list[tuple[Detection, ...]] = []
    reading = Reading(skip_broken)
    decoded = reading.each(listed.files, load_image)
    while chunk := list(islice(decoded, _CHUNK)):
        pixels = [image for _, image in chunk]
        images += [path for path, _ in chunk]
        found += [tuple(each) for each in detector.detect(pixels, score_threshold)]
        if on_progress is not None:
            on_progress(len(found) + len(reading.skipped), len(listed.files))
    return FoundInImages(
        tuple(images),
        tuple(found),
        detector.classes,
        detector.fingerprint,
        detector.backend,
        listed.left_out,
        reading.skipped,
    )


def _sides(found: Detection) -> list[float]:
    left, top, right, bottom = found.box
    return [left, top, right - left, bottom - top]
