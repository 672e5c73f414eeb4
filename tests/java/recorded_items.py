"""Items and what Python computes of them, in files that Recorded.java reads."""

import struct
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from bireid_runtime import Bundle, Detector, Extractor, PointClassifier, Tracker
from zoo import BUNDLES

from bireid_deploy.data.clouds.shapes import sample_shape
from bireid_deploy.data.synthetic.renderer import Renderer
from bireid_deploy.data.synthetic.street import render_frame
from bireid_deploy.data.synthetic.walks import render_walk

Item = tuple[np.ndarray, np.ndarray]
"""A picture, uint8 (H, W, 3), or a cloud, float32 (M, 3), and the numbers of its result."""


def write_items(path: Path, items: Iterable[Item]) -> None:
    """Write a file: big-endian, numbers as float64, which holds every float32."""
    rows = list(items)
    parts = [struct.pack(">i", len(rows))]
    for item, numbers in rows:
        data = item.astype(item.dtype.newbyteorder(">")).tobytes()
        height, width = item.shape[:2]
        parts += [struct.pack(">iii", width, height, len(data)), data]
        parts += [struct.pack(">i", numbers.size), numbers.astype(">f8").tobytes()]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"".join(parts))


def write_zoo(folder: Path) -> None:
    """Write TASK/NAME of every bundle that ships, of what its task's generator renders."""
    for path in BUNDLES:
        task = Bundle.open(path).task
        write_items(folder / task / path.name, _OF_TASK[task](path))


def drawn_people() -> list[np.ndarray]:
    """Crops of two people under two cameras, of another size than the network's."""
    renderer = Renderer(seed=3, cameras=2, size=(100, 44))
    return [np.asarray(renderer.render(n, n, 0)) for n in range(2)]


def embedded(bundle: Path, crops: list[np.ndarray], camera: str | None = None) -> list[Item]:
    """Crops and their embeddings."""
    rows = Extractor.open(bundle, "native", camera=camera).embed(crops)
    return list(zip(crops, rows, strict=True))


def _detected(bundle: Path) -> list[Item]:
    """Street frames; of each box the number of its class, its corners and its score."""
    frames = [np.asarray(render_frame(3, number, (200, 260)).picture) for number in (0, 1, 4)]
    found = Detector.open(bundle, backend="native").boxes(frames)
    assert sum(len(each.labels) for each in found) > 1
    return [
        (frame, np.column_stack([each.labels, each.corners.astype(np.float64), each.scores]))
        for frame, each in zip(frames, found, strict=True)
    ]


def _followed(bundle: Path) -> list[Item]:
    """Frames of a walk; the box in the first, and of the others also the score."""
    walk = list(render_walk(3, 0, 5, (180, 240)))
    pictures = [np.asarray(each.picture) for each in walk]
    box = np.float64(walk[0].box) - (1, 1, 0, 0)  # those of OTB start at 1
    tracker = Tracker.open(bundle, backend="native")
    tracker.start(pictures[0], box)
    found = [tracker.update(each) for each in pictures[1:]]
    rows = [box, *(np.float64([*each.box, each.score]) for each in found)]
    return list(zip(pictures, rows, strict=True))


def _classified(bundle: Path) -> list[Item]:
    """Shapes of more points than the network takes, and of fewer; their logits."""
    rng = np.random.default_rng(3)
    clouds = [sample_shape(name, points, rng) for name, points in (("torus", 1500), ("cone", 400))]
    logits = PointClassifier.open(bundle, backend="native").classify(clouds)
    return list(zip(clouds, logits, strict=True))


_OF_TASK: dict[str, Callable[[Path], list[Item]]] = {
    "detection": _detected,
    "points": _classified,
    "reid": lambda bundle: embedded(bundle, drawn_people()),
    "tracking": _followed,
}
