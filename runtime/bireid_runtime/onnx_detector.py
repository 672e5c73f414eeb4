"""Detectors of other projects: an ONNX file that gives boxes in one of two layouts."""

import ast
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from bireid_runtime.boxes import MAX_BOXES, Boxes, suppress
from bireid_runtime.errors import (
    ArgumentError,
    BackendUnavailableError,
    BundleError,
    UnsupportedModelError,
)
from bireid_runtime.files import open_regular
from bireid_runtime.onnx_operators import require_known_operators
from bireid_runtime.resize import require_image, resize_bilinear

SUFFIX = ".onnx"

_MAX_BYTES = 2**30
_MAX_SIDE = 4096
_MAX_TEXT = 2**20
_ROW = 6
_SIDES = 4
# Those of Ultralytics, whose files these mostly are.
_GREY = 114
_SCORE, _IOU = 0.25, 0.7


class OnnxDetector:
    """A detector in an ONNX file, with the methods that `Watcher` needs of a `Detector`.

    Its input is one float32 image (1, 3, H, W) of a fixed size: RGB, 0 to 1, letterboxed with grey
    on both sides. Its first output is one of

    - (1, 4 + K, A): of A places the middle and the sides of a box in pixels of the input, and the
      scores of K classes, as Ultralytics exports YOLOv8 to YOLO12; overlapping boxes are dropped
      here;
    - (1, N, 6): left, top, right, bottom, score, class, as exports with NMS and YOLOv10 have them.

    Attributes:
        classes: Names of the classes, from the metadata `names` of the file; else their numbers.
        fingerprint: Of the bytes of the file.
        source: The file.
    """

    def __init__(self, path: Path, data: bytes, threads: int) -> None:
        self.source = path
        self.fingerprint = f"sha256:{hashlib.sha256(data).hexdigest()}"
        require_known_operators(data, str(path))
        self._session = _session(path, data, threads)
        self._input, self._size = self._read_input()
        # What it gives is known when it has run: exports leave sizes open.
        rows = self._run(np.full((*self._size, 3), _GREY, np.uint8))
        self._has_rows = rows.shape[2] == _ROW
        if not self._has_rows and rows.shape[1] <= _SIDES:
            raise self._refused(f"its output has the shape {rows.shape}")
        self.classes = self._read_classes(None if self._has_rows else rows.shape[1] - _SIDES)

    @classmethod
    def open(cls, path: str | os.PathLike[str], threads: int = 1) -> "OnnxDetector":
        """Open a file, untrusted.

        Raises:
            BundleError: It cannot be read.
            UnsupportedModelError: ONNX Runtime refuses it, it holds operators that may run for
                ever, or its input or output is of another kind.
            BackendUnavailableError: ONNX Runtime is not installed.
        """
        try:
            with open_regular(Path(path)) as file:
                data = file.read(_MAX_BYTES + 1)
        except OSError as error:
            raise BundleError(f"{path}: cannot be read ({error.strerror})") from error
        if len(data) > _MAX_BYTES:
            raise BundleError(f"{path}: more than {_MAX_BYTES} bytes")
        return cls(Path(path), data, threads)

    def boxes(
        self,
        images: Iterable[np.ndarray],
        score_threshold: float | None = None,
        batch_size: int = 16,
    ) -> list[Boxes]:
        """Find things in images, one after the other.

        Args:
            images: uint8 RGB (H, W, 3), of any sizes.
            score_threshold: Only higher scores count, 0 to 1; None for a quarter.
            batch_size: Of no effect: the file takes one image.

        Raises:
            ImageError: An image has an impossible shape.
            UnsupportedModelError: It gave numbers that are not finite.
            ArgumentError: The threshold is out of range.
        """
        least = _SCORE if score_threshold is None else score_threshold
        if not 0 <= least <= 1:
            raise ArgumentError(f"score_threshold is {score_threshold}; it must lie in 0..1")
        return [self._find(require_image(image, 3), least) for image in images]

    def _find(self, image: np.ndarray, least: float) -> Boxes:
        height, width = image.shape[:2]
        padded, scale, (top, left) = _letterboxed(image, self._size)
        corners, scores, labels = self._candidates(self._run(padded)[0], least)
        corners = (corners - np.array([left, top, left, top])) / scale
        corners = np.clip(corners, 0.0, np.array([width, height, width, height])).astype(np.float32)
        real = (corners[:, 2] > corners[:, 0]) & (corners[:, 3] > corners[:, 1])
        corners, scores, labels = corners[real], scores[real], labels[real]
        if self._has_rows:
            kept = np.argsort(-scores, kind="stable")[:MAX_BOXES]
        else:
            kept = suppress(corners, scores, labels, _IOU, MAX_BOXES)
        return Boxes(corners[kept], scores[kept], labels[kept])

    def _candidates(
        self, values: np.ndarray, least: float
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Corners in the input, float64 (M, 4), scores (M,) and labels (M,) above a score."""
        if self._has_rows:
            scores = values[:, 4]
            labels = np.clip(values[:, 5], 0, len(self.classes) - 1).astype(np.int32)
            corners = values[:, :4].astype(np.float64)
        else:
            scores = values[_SIDES:].max(axis=0)
            labels = values[_SIDES:].argmax(axis=0).astype(np.int32)
            middle, sides = values[:2].T.astype(np.float64), values[2:4].T.astype(np.float64)
            corners = np.concatenate([middle - sides / 2, middle + sides / 2], axis=1)
        chosen = scores > least
        return corners[chosen], np.minimum(scores[chosen], 1), labels[chosen]

    def _run(self, pixels: np.ndarray) -> np.ndarray:
        """The first output for uint8 (H, W, 3), float32 of three dimensions."""
        given = np.ascontiguousarray(pixels.transpose(2, 0, 1)[None], np.float32) / np.float32(255)
        try:
            found = self._session.run(None, {self._input: given})[0]
        # Its exceptions share no base class below Exception.
        except Exception as error:
            raise UnsupportedModelError(
                f"{self.source}: ONNX Runtime cannot run it: {error}"
            ) from error
        if found.ndim != 3 or len(found) != 1 or found.dtype != np.float32:
            raise self._refused(f"its output is {found.dtype} {found.shape}")
        if not np.isfinite(found).all():
            raise UnsupportedModelError(f"{self.source}: it gave numbers that are not finite")
        return found

    def _read_input(self) -> tuple[str, tuple[int, int]]:
        inputs = self._session.get_inputs()
        shape = inputs[0].shape
        is_image = len(inputs) == 1 and inputs[0].type == "tensor(float)" and len(shape) == 4
        fixed = is_image and all(
            isinstance(side, int) and 1 <= side <= _MAX_SIDE for side in shape[2:]
        )
        if not fixed or shape[1] != 3:
            kinds = ", ".join(f"{each.type} {each.shape}" for each in inputs)
            raise self._refused(f"its input is {kinds}; export it with a fixed size")
        return inputs[0].name, (shape[2], shape[3])

    def _read_classes(self, count: int | None) -> tuple[str, ...]:
        text = self._session.get_modelmeta().custom_metadata_map.get("names", "")
        named = _read_names(text)
        if named is None:
            return tuple(map(str, range(1000 if count is None else count)))
        if count is not None and len(named) != count:
            raise self._refused(f"it names {len(named)} classes and has {count}")
        return named

    def _refused(self, why: str) -> UnsupportedModelError:
        return UnsupportedModelError(
            f"{self.source}: no detector of a kind that is known ({why}); give its boxes as a file "
            "of MOTChallenge"
        )


def _session(path: Path, data: bytes, threads: int) -> Any:
    try:
        import onnxruntime
    except ModuleNotFoundError as error:
        raise BackendUnavailableError(
            f"{path}: needs ONNX Runtime; pip install 'bireid-runtime[onnx]'"
        ) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Errors alone; all else goes to the caller's terminal.
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    # Its exceptions share no base class below Exception.
    except Exception as error:
        raise UnsupportedModelError(f"{path}: ONNX Runtime refuses it: {error}") from error


def _read_names(text: str) -> tuple[str, ...] | None:
    """Names of classes as Ultralytics writes them: a dict of Python from numbers to texts."""
    if len(text) > _MAX_TEXT:
        return None
    try:
        named = ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None
    if not isinstance(named, dict) or list(named) != list(range(len(named))) or not named:
        return None
    names = tuple(named.values())
    return names if all(isinstance(each, str) and each.isprintable() for each in names) else None


def _letterboxed(
    image: np.ndarray, size: tuple[int, int]
) -> tuple[np.ndarray, float, tuple[int, int]]:
    """An image in the middle of grey, uint8 (H, W, 3); its scale; rows and columns before it."""
    scale = min(size[0] / image.shape[0], size[1] / image.shape[1])
    height, width = (max(1, round(side * scale)) for side in image.shape[:2])
    top, left = (size[0] - height) // 2, (size[1] - width) // 2
    padded = np.full((*size, 3), _GREY, np.uint8)
    small = resize_bilinear(image[None], height, width)[0]
    padded[top : top + height, left : left + width] = small
    return padded, scale, (top, left)
