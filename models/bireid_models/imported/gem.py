"""Pooling by a generalised mean, as fast-reid has it."""

from typing import Any

from bireid_models.framework import keras, tf

GEM_SMALLEST = 1e-6


class GeneralizedMean(keras.layers.Layer):
    """`mean(max(x, 1e-6)^p)^(1/p)` over the pixels (Radenovic et al., TPAMI 2019).

    Args:
        power: p, positive; 1 is the average, and the larger the nearer to the maximum.
    """

    def __init__(self, power: float, **options: Any) -> None:
        super().__init__(**options)
        self.power = power

    def call(self, x: Any) -> Any:
        """Pool a map (N, H, W, C) to (N, C)."""
        raised = tf.pow(tf.maximum(x, GEM_SMALLEST), self.power)
        return tf.pow(tf.reduce_mean(raised, (1, 2)), 1.0 / self.power)

    def get_config(self) -> dict[str, Any]:
        """What the layer is made of."""
        return {**super().get_config(), "power": self.power}
