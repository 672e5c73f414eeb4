"""The whole way of one item: from what a camera or a scanner gives to what the task answers.

Behind a detector's network boxes are made of its map and suppressed; a tracker runs it once per
size, and correlates. Whoever times the network alone does not see that.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from bireid_runtime import Bundle, Detector, Session, Tracker
from bireid_runtime.backends import EngineSession
from bireid_runtime.outputs import OutputSpec

CROP_SIZE = (256, 128)
"""Height and width of the crops that are timed, those of `bireid-embed --bench`."""

Rows = Callable[[np.ndarray], Sequence[np.ndarray]]
"""From one prepared item, float32 (1, ...) as the bundle's network takes it, to all outputs."""


class WholeItem(NamedTuple):
    """What is timed.

    Attributes:
        item: What it starts from, in a word.
        run: Takes one item the whole way.
    """

    item: str
    run: Callable[[], object]


class ForeignSession:
    """A file of somebody else's in the place of a bundle's own, for one item at a time.

    Args:
        rows: Runs it.
        version: What it runs in.
        output: What the bundle's network gives; an output of this shape is taken for it.
    """

    def __init__(self, rows: Rows, version: str, output: OutputSpec) -> None:
        self._rows = rows
        self._version = version
        self._output = output

    def describe(self) -> str:
        """See `EngineSession.describe`."""
        return self._version

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """See `EngineSession.run`."""
        (items,) = inputs.values()
        rows = [self._fitting(self._rows(item[None])) for item in items]
        return {self._output.name: np.concatenate(rows)}

    def fits(self, item: np.ndarray) -> bool:
        """Whether it gives what the bundle's network gives, tried on one prepared item."""
        return any(self._is_meant(each) for each in self._rows(item))

    def _fitting(self, outputs: Sequence[np.ndarray]) -> np.ndarray:
        return next(each for each in outputs if self._is_meant(each))

    def _is_meant(self, values: np.ndarray) -> bool:
        return values.shape == (1, *self._output.shape) and values.dtype == np.float32


def whole_item(
    bundle: Bundle, session: EngineSession | None, rows: Rows | None, version: str
) -> WholeItem | None:
    """Prepare the whole way of one item.

    Args:
        bundle: What the network is for, and the items that it is tried with.
        session: An engine of the bundle's own file, or None.
        rows: How to run a foreign file; None if it takes something else than the network.
        version: What runs it.

    Returns:
        The way; None of a foreign file that takes or gives something else than the bundle's
        network, and of a network whose items need no preparation.
    """
    (taken,) = bundle.inputs
    if taken.kind == "tensor" or (session is None and rows is None):
        return None
    item = _crop(taken.shape[-1]) if taken.kind == "image" else _golden(bundle)
    other = "crop" if taken.kind == "image" else "item"
    kinds = [each.kind for each in bundle.outputs]
    noun, way = _WAYS.get(kinds[0] if len(kinds) == 1 else "", (other, None))
    if session is None:
        assert rows is not None
        foreign, run_rows = ForeignSession(rows, version, bundle.outputs[0]), rows
        if way is None:
            return WholeItem(noun, lambda: run_rows(taken.prepare(item)[None]))
        if not foreign.fits(taken.prepare(item)[None]):
            return None
        session = foreign
    camera = bundle.cameras[0] if bundle.cameras else None
    opened = Session(bundle, session, "benchmark", camera=camera)
    if way is None:
        return WholeItem(noun, lambda: opened.run_items([item]))
    return WholeItem(noun, way(opened, _golden(bundle)))


def _crop(channels: int) -> np.ndarray:
    return np.random.default_rng(0).integers(256, size=(*CROP_SIZE, channels), dtype=np.uint8)


def _golden(bundle: Bundle) -> np.ndarray:
    (items,) = bundle.golden().inputs.values()
    return items[0]


def _detect(session: Session, image: np.ndarray) -> Callable[[], object]:
    detector = Detector(session)
    return lambda: detector.boxes([image])


def _follow(session: Session, frame: np.ndarray) -> Callable[[], object]:
    tracker = Tracker(session)
    height, width = frame.shape[:2]
    tracker.start(frame, (3 * width / 8, 3 * height / 8, width / 4, height / 4))
    return lambda: tracker.update(frame)


# By the kind of the output, where something comes behind the network. The items are golden ones,
# for in noise there is nothing to find.
_WAYS: dict[str, tuple[str, Callable[[Session, np.ndarray], Callable[[], object]]]] = {
    "boxes": ("image", _detect),
    "correlation": ("frame", _follow),
}
