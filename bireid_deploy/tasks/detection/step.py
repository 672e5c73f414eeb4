"""A detector's part of the training step; importing it loads TensorFlow."""

from collections.abc import Mapping
from typing import Any

from bireid_models.framework import tf
from bireid_runtime.boxes import SIDES

from bireid_deploy.errors import TrainingError
from bireid_deploy.tasks.detection.losses import (
    assign,
    decoded,
    inside,
    overlaps,
    quality_focal_loss,
)
from bireid_deploy.tasks.detection.section import DetectionSection
from bireid_deploy.training.features import require_features

MAP = "boxes"
"""Feature and output of a network with a detector's head."""

# Where the teacher is so sure, its box teaches too.
_TEACHER_SCORE = 0.3


def stride_of(network: Any) -> int:
    """Pixels of the input from one cell of the map to the next.

    Raises:
        TrainingError: The network has no such map, or another stride down than across.
    """
    require_features(network, [MAP], "detection")
    height, width = network.features.input_shape[1:3]
    rows, columns = network.features.output_shape[MAP][1:3]
    stride = height // rows
    if (rows * stride, columns * stride) != (height, width):
        raise TrainingError(
            f"the map has {rows}x{columns} cells for an input of {height}x{width} pixels; make "
            f"both sides multiples of {stride}"
        )
    return int(stride)


class DetectionStep:
    """Quality focal loss on the scores, GIoU on the boxes; both per positive cell.

    Args:
        network: Built network with the feature `boxes`.
        classes: K, of the data set.
        options: Weights.

    Raises:
        TrainingError: The network has other features, or tells apart another number of classes.
    """

    def __init__(self, network: Any, classes: int, options: DetectionSection) -> None:
        self._stride = stride_of(network)
        self._options = options
        _, self._rows, self._columns, channels = network.features.output_shape[MAP]
        if channels != classes + SIDES:
            raise TrainingError(
                f"the data set has {classes} classes, the network {channels - SIDES}: set "
                f"network.classes={classes}, or choose with detection.classes"
            )

    @property
    def variables(self) -> dict[str, Any]:
        """None: the head belongs to the network."""
        return {}

    def predict(self, features: Mapping[str, Any]) -> dict[str, Any]:
        """`scores` float32 (N, H, W, K), before the sigmoid, and `corners` (N, H, W, 4)."""
        values = features[MAP]
        return {
            "scores": values[..., :-SIDES],
            "corners": decoded(values[..., -SIDES:], float(self._stride)),
        }

    def terms(
        self, features: Mapping[str, Any], predictions: Mapping[str, Any], targets: Any
    ) -> dict[str, Any]:
        """`score` and `box`."""
        labels, positive, iou, giou = self._compared(predictions, targets)
        classes = predictions["scores"].shape[-1]
        quality = tf.one_hot(labels, classes) * tf.stop_gradient(iou)[..., None]
        losses = tf.reduce_sum(quality_focal_loss(predictions["scores"], quality), axis=-1)
        count = _count(positive)
        counted = tf.where(labels >= -1, losses, 0.0)
        missed = tf.where(positive, 1.0 - giou, 0.0)
        return {
            "score": tf.reduce_sum(counted) / count,
            "box": self._options.box_weight * tf.reduce_sum(missed) / count,
        }

    def observed(self, predictions: Mapping[str, Any], targets: Any) -> dict[str, Any]:
        """`mean_iou` of the boxes that positive cells give."""
        _, positive, iou, _ = self._compared(predictions, targets)
        return {"mean_iou": tf.reduce_sum(tf.where(positive, iou, 0.0)) / _count(positive)}

    def taught(self, predictions: Mapping[str, Any], teacher: Mapping[str, Any]) -> Any:
        """What a teacher's features teach: its scores, and its boxes where it is sure of them.

        The squared differences of the scores and the missing GIoU are summed, per sure cell.
        """
        known = self.predict(teacher)
        scores = tf.stop_gradient(tf.sigmoid(known["scores"]))
        sure = tf.reduce_max(scores, axis=-1) > _TEACHER_SCORE
        _, giou = overlaps(predictions["corners"], tf.stop_gradient(known["corners"]))
        missed = tf.where(sure, 1.0 - giou, 0.0)
        squared = tf.square(tf.sigmoid(predictions["scores"]) - scores)
        return (tf.reduce_sum(squared) + tf.reduce_sum(missed)) / _count(sure)

    def foreground(self, targets: Any, rows: int, columns: int) -> Any:
        """Which places of a map lie in boxes: bool (N, rows, columns)."""
        size = tf.constant(
            [self._columns * self._stride / columns, self._rows * self._stride / rows], tf.float32
        )
        return inside(targets["corners"], targets["labels"], rows, columns, size)

    def _compared(self, predictions: Mapping[str, Any], targets: Any) -> tuple[Any, Any, Any, Any]:
        """Labels, positive cells, IoU and GIoU with their boxes, each (N, H, W)."""
        cells = assign(
            targets["corners"],
            targets["labels"],
            self._rows,
            self._columns,
            float(self._stride),
        )
        iou, giou = overlaps(predictions["corners"], cells.corners)
        return cells.labels, cells.labels >= 0, iou, giou


def _count(cells: Any) -> Any:
    return tf.maximum(tf.reduce_sum(tf.cast(cells, tf.float32)), 1.0)
