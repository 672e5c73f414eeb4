"""A tracker's part of the training step; importing it loads TensorFlow."""

from collections.abc import Mapping
from typing import Any

from bireid_models.framework import tf

from bireid_deploy.errors import TrainingError
from bireid_deploy.tasks.tracking.batches import TILES, images_of
from bireid_deploy.tasks.tracking.cells import RESPONSE_SCALE, Cells
from bireid_deploy.tasks.tracking.section import TrackingSection
from bireid_deploy.training.features import require_features

MAP = "features"
"""Feature and output of a network with a tracker's head."""

BIAS = "response_bias"
"""Its other feature."""


def cells_of(network: Any, options: TrackingSection) -> Cells:
    """The cells that take part.

    Raises:
        TrainingError: The network has no such map, the map is no square that halves evenly, or
            nothing of an exemplar is left.
    """
    require_features(network, [MAP, BIAS], "tracking")
    height, width = network.features.input_shape[1:3]
    rows, columns = network.features.output_shape[MAP][1:3]
    cells = Cells(height // rows, rows, *options.margin)
    if rows != columns or (rows * cells.stride, rows * cells.stride) != (height, width) or rows % 4:
        raise TrainingError(
            f"the map has {rows}x{columns} cells for an input of {height}x{width} pixels; set "
            f"network.input_height and network.input_width to one multiple of {4 * cells.stride}"
        )
    if cells.exemplar < 1:
        raise TrainingError(
            f"an exemplar of {rows // 2} cells is all margin ({cells.before} and {cells.after}); "
            "enlarge network.input_height and network.input_width"
        )
    return cells


class TrackingStep:
    """The balanced cross-entropy of responses: half of its weight is on the target's places.

    Args:
        network: Built network with the features `features` and `response_bias`.
        pairs: In a batch.
        options: Margin and radius.

    Raises:
        TrainingError: See `cells_of`.
    """

    def __init__(self, network: Any, pairs: int, options: TrackingSection) -> None:
        self._cells = cells_of(network, options)
        self._pairs = pairs
        self._labels = labels(self._cells, options.positive_radius)

    @property
    def variables(self) -> dict[str, Any]:
        """None: the bias belongs to the network."""
        return {}

    def predict(self, features: Mapping[str, Any]) -> dict[str, Any]:
        """`responses` float32 (N, n, n), before the sigmoid."""
        return {"responses": self._responses(features)}

    def terms(
        self, features: Mapping[str, Any], predictions: Mapping[str, Any], targets: Any
    ) -> dict[str, Any]:
        """`match`."""
        labels = tf.broadcast_to(self._labels, tf.shape(predictions["responses"]))
        losses = tf.nn.sigmoid_cross_entropy_with_logits(labels, predictions["responses"])
        positive = tf.reduce_sum(losses * labels) / tf.reduce_sum(labels)
        negative = tf.reduce_sum(losses * (1 - labels)) / tf.reduce_sum(1 - labels)
        return {"match": 0.5 * (positive + negative)}

    def observed(self, predictions: Mapping[str, Any], targets: Any) -> dict[str, Any]:
        """`hits`, the share of pairs whose highest place is one of the target's."""
        count = self._cells.responses**2
        highest = tf.argmax(tf.reshape(predictions["responses"], (-1, count)), axis=1)
        return {"hits": tf.reduce_mean(tf.gather(tf.reshape(self._labels, (-1,)), highest))}

    def taught(self, predictions: Mapping[str, Any], teacher: Mapping[str, Any]) -> Any:
        """The mean squared difference to the teacher's responses, both through the sigmoid."""
        known = tf.stop_gradient(tf.sigmoid(self._responses(teacher)))
        return tf.reduce_mean(tf.square(tf.sigmoid(predictions["responses"]) - known))

    def foreground(self, targets: Any, rows: int, columns: int) -> Any:
        """Which places of a map see no padding: bool (N + ceil(N / 4), rows, columns).

        Exemplars lie four to an image, and each has an edge of its own.
        """
        row = tf.range(rows) * self._cells.rows // rows
        column = tf.range(columns) * self._cells.rows // columns

        def clean(at: Any, side: int) -> Any:
            place = at % side
            return (place >= self._cells.before) & (place < side - self._cells.after)

        masks = []
        whole, half = self._cells.rows, self._cells.rows // 2
        for side, count in ((whole, self._pairs), (half, images_of(self._pairs) - self._pairs)):
            mask = clean(row, side)[:, None] & clean(column, side)[None, :]
            masks.append(tf.tile(mask[None], (count, 1, 1)))
        return tf.concat(masks, axis=0)

    def _responses(self, features: Mapping[str, Any]) -> Any:
        cells, values = self._cells, features[MAP]
        searched = slice(cells.before, cells.before + cells.searched)
        searches = values[: self._pairs, searched, searched]
        exemplars = _untiled(values[self._pairs :], cells)[: self._pairs]
        bias = features[BIAS][: self._pairs, None, None]
        return RESPONSE_SCALE * correlated(exemplars, searches) + bias


def labels(cells: Cells, radius: float) -> Any:
    """1 for the places of the target, |dx| + |dy| up to a radius in pixels, else 0: (n, n)."""
    place = tf.cast(tf.abs(tf.range(cells.responses) - cells.responses // 2), tf.float32)
    distance = (place[:, None] + place[None, :]) * cells.stride
    return tf.cast(distance <= radius, tf.float32)


def correlated(exemplars: Any, searches: Any) -> Any:
    """The sums of products of every exemplar with its own search.

    Args:
        exemplars: float32 (N, e, e, C).
        searches: float32 (N, s, s, C).

    Returns:
        float32 (N, s - e + 1, s - e + 1).
    """
    side = exemplars.shape[1]
    places = searches.shape[1] - side + 1
    return tf.add_n(
        [
            tf.reduce_sum(
                searches[:, row : row + places, column : column + places]
                * exemplars[:, row : row + 1, column : column + 1],
                axis=-1,
            )
            for row in range(side)
            for column in range(side)
        ]
    )


def _untiled(maps: Any, cells: Cells) -> Any:
    """The exemplars of images of four: (4 M, e, e, C) of (M, H, W, C)."""
    half, channels = cells.rows // 2, maps.shape[-1]
    tiles = tf.reshape(maps, (-1, 2, half, 2, half, channels))
    tiles = tf.reshape(tf.transpose(tiles, (0, 1, 3, 2, 4, 5)), (-1, half, half, channels))
    part = slice(cells.before, cells.before + cells.exemplar)
    assert TILES == 4
    return tiles[:, part, part]
