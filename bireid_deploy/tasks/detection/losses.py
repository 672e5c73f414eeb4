"""The losses of a detector without anchors; importing it loads TensorFlow.

Quality focal loss and GIoU with the weights of NanoDet, assignment of cells as FCOS does.
"""

from typing import Any, NamedTuple

from bireid_models.framework import tf

from bireid_deploy.tasks.detection.data import IGNORED

_RADIUS = 1.5
_LARGEST_SIDE = 5.0
_TINY = 1e-6


class Cells(NamedTuple):
    """What the cells of a map should say.

    Attributes:
        labels: int32 (N, H, W): a class, -1 for nothing, `IGNORED` for neither right nor wrong.
        corners: float32 (N, H, W, 4), of the box of each cell with a class.
    """

    labels: Any
    corners: Any


def centers(rows: int, columns: int, stride: float) -> Any:
    """The middles of cells, float32 (rows, columns, 2), x and y in pixels of the input."""
    x, y = tf.meshgrid(tf.range(columns), tf.range(rows))
    return (tf.cast(tf.stack([x, y], axis=-1), tf.float32) + 0.5) * stride


def assign(corners: Any, labels: Any, rows: int, columns: int, stride: float) -> Cells:
    """Give each box its cells.

    A cell is of a box if its middle lies in it and within 1.5 strides of the box's middle on both
    axes; of two boxes the smaller one takes it. A box without a cell gets the one that holds its
    middle. A cell of no box whose middle lies in an ignored one is ignored.

    Args:
        corners: float32 (N, M, 4), in pixels of the input.
        labels: int32 (N, M): a class, `IGNORED`, or -1 for no box.
        rows: Of the map.
        columns: Of the map.
        stride: Pixels from one cell to the next.
    """
    place = tf.reshape(centers(rows, columns, stride), (1, 1, rows * columns, 2))
    low, high = corners[:, :, None, :2], corners[:, :, None, 2:]
    within = tf.reduce_all((place >= low) & (place <= high), axis=-1)
    middle = (low + high) / 2
    near = tf.reduce_all(tf.abs(place - middle) <= _RADIUS * stride, axis=-1)
    holds = tf.reduce_all((place - stride / 2 <= middle) & (middle < place + stride / 2), axis=-1)
    is_box = (labels >= 0)[:, :, None]
    own = within & near & is_box
    own |= holds & is_box & ~tf.reduce_any(own, axis=-1, keepdims=True)
    sizes = tf.reduce_prod(corners[:, :, 2:] - corners[:, :, :2], axis=-1)[:, :, None]
    sizes = tf.where(own, sizes, tf.constant(float("inf"), tf.float32))
    # (N, cells): the smallest box of each.
    chosen = tf.argmin(sizes, axis=1, output_type=tf.int32)
    found = tf.gather(labels, chosen, batch_dims=1)
    ignored = tf.reduce_any(within & (labels == IGNORED)[:, :, None], axis=1)
    nothing = tf.where(ignored, IGNORED, -1)
    cell_labels = tf.where(tf.reduce_any(own, axis=1), found, nothing)
    return Cells(
        tf.reshape(cell_labels, (-1, rows, columns)),
        tf.reshape(tf.gather(corners, chosen, batch_dims=1), (-1, rows, columns, 4)),
    )


def inside(corners: Any, labels: Any, rows: int, columns: int, stride: Any) -> Any:
    """Whether the middle of each cell lies in a box: bool (N, rows, columns)."""
    place = tf.reshape(centers(rows, columns, stride), (1, 1, rows * columns, 2))
    within = (place >= corners[:, :, None, :2]) & (place <= corners[:, :, None, 2:])
    any_box = tf.reduce_any(tf.reduce_all(within, axis=-1) & (labels >= 0)[:, :, None], axis=1)
    return tf.reshape(any_box, (-1, rows, columns))


def decoded(sides: Any, stride: float) -> Any:
    """Corners float32 (N, H, W, 4) from the logarithms of left, top, right and bottom."""
    reach = stride * tf.exp(tf.minimum(sides, _LARGEST_SIDE))
    place = centers(sides.shape[1], sides.shape[2], stride)
    return tf.concat([place - reach[..., :2], place + reach[..., 2:]], axis=-1)


def overlaps(first: Any, second: Any) -> tuple[Any, Any]:
    """IoU and GIoU (Rezatofighi et al. 2019) of boxes (..., 4), pair by pair."""
    shared = _area(
        tf.maximum(first[..., :2], second[..., :2]), tf.minimum(first[..., 2:], second[..., 2:])
    )
    hull = _area(
        tf.minimum(first[..., :2], second[..., :2]), tf.maximum(first[..., 2:], second[..., 2:])
    )
    union = _area(first[..., :2], first[..., 2:]) + _area(second[..., :2], second[..., 2:]) - shared
    iou = shared / tf.maximum(union, _TINY)
    return iou, iou - (hull - union) / tf.maximum(hull, _TINY)


def quality_focal_loss(logits: Any, quality: Any) -> Any:
    """`|y - p|^2 BCE(y, p)` of every number (Li et al. 2020, beta 2)."""
    entropy = tf.nn.sigmoid_cross_entropy_with_logits(quality, logits)
    return tf.square(quality - tf.sigmoid(logits)) * entropy


def _area(low: Any, high: Any) -> Any:
    sides = tf.maximum(high - low, 0.0)
    return sides[..., 0] * sides[..., 1]
