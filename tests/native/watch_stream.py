"""Frames of people who pass, what Python sees in them, and `bireid-embed watch` on them."""

import io
import json
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from bireid_runtime import Detector, Extractor
from bireid_runtime.gallery import Gallery
from bireid_runtime.watching import Sighting, Thresholds, TrackBox, Watcher
from bundle_files import REID_BUNDLE
from PIL import Image
from zoo import DETECTOR_BUNDLE

from bireid_deploy.data.synthetic.crossing import render_crossing

# Frames of two people who pass, from when both are in view.
PEOPLE, FRAMES, SIZE = 2, slice(6, 42), (160, 224)
BUNDLES = (DETECTOR_BUNDLE, REID_BUNDLE)
TRACK = [
    *("track", "camera", "first", "last", "first_frame", "last_frame", "boxes", "box", "crops"),
    *("fingerprint", "embedding"),
]


@cache
def crossing_frames() -> list[np.ndarray]:
    """Return the frames: uint8 (H, W, 3) each."""
    rendered = render_crossing(seed=1, camera=0, cameras=1, people=PEOPLE, size=SIZE)
    return [np.asarray(each.picture) for each in rendered][FRAMES]


class Seen(NamedTuple):
    """What Python sees in the same frames."""

    boxes: list[TrackBox]
    sightings: list[Sighting]
    embeddings: list[np.ndarray]


@cache
def seen_by_python() -> Seen:
    """Watch them, ten a second, by a camera called door."""
    extractor = Extractor.open(REID_BUNDLE, "native")
    detector = Detector.open(DETECTOR_BUNDLE, "native")
    with (
        tempfile.TemporaryDirectory() as folder,
        Gallery.create(
            Path(folder, "seen.gallery"), extractor.fingerprint, extractor.embedding_dim
        ) as gallery,
    ):
        watcher = Watcher(extractor, gallery, Thresholds(same=2.0), detector)
        boxes, sightings = [], []
        for number, frame in enumerate(crossing_frames(), start=1):
            found = watcher.update(frame, "door", (number - 1) / 10, number)
            boxes += found.boxes
            sightings += found.sightings
        sightings += watcher.close()
        (records,) = gallery.records()
    return Seen(boxes, sightings, list(records.vectors))


def ppm(frame: np.ndarray) -> bytes:
    """Return a binary PPM file."""
    height, width, _ = frame.shape
    return f"P6\n{width} {height}\n255\n".encode() + frame.tobytes()


def jpeg(frame: np.ndarray, **options: object) -> bytes:
    """Return a JPEG file."""
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "JPEG", quality=95, **options)
    return file.getvalue()


def watch(
    program: Path, data: bytes, *options: object, bundles: tuple[Path, Path] = BUNDLES
) -> tuple[list[dict], list[str], int]:
    """Watch a stream; the lines on both outputs, and the exit code."""
    command = [program, "watch", *bundles, *options]
    done = subprocess.run(command, input=data, capture_output=True, timeout=120, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return lines, done.stderr.decode().splitlines(), done.returncode


def watched(
    program: Path, data: bytes, *options: object, bundles: tuple[Path, Path] = BUNDLES
) -> list[dict]:
    """Watch a stream without a fault; the lines."""
    lines, problems, code = watch(program, data, *options, bundles=bundles)
    assert (problems, code) == ([], 0)
    return lines
