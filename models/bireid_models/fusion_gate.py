"""The adaptive fusion of the two branches of a CBlock (CDNet, Li et al. 2021)."""

from typing import Any

from bireid_models.framework import keras, tf

REDUCTION = 4


class FusionGate(keras.layers.Layer):
    """`g(a) a + g(b) b` with one gate g for both: pool, 1x1, ReLU, 1x1, sigmoid.

    It is one layer and not two calls of one, so that whoever writes a file of it meets every layer
    once. Its products are real-valued in a 1-bit network too: they are few, and on one pixel.

    Attributes:
        reduction: Kernel (1, 1, C, C // 4) of the first convolution, with `reduction_bias`.
        expansion: Kernel (1, 1, C // 4, C) of the second one, with `expansion_bias`.
    """

    def build(self, input_shape: Any) -> None:
        """Create the gate for two maps of one shape.

        Raises:
            ValueError: The maps have other channels.
        """
        first, second = (shape[-1] for shape in input_shape)
        if first != second:
            raise ValueError(f"{self.name}: the maps have {first} and {second} channels")
        inner = max(1, first // REDUCTION)
        for name, shape in (
            ("reduction", (1, 1, first, inner)),
            ("expansion", (1, 1, inner, first)),
        ):
            setattr(self, name, self.add_weight(name=name, shape=shape, initializer="he_normal"))
            bias = self.add_weight(name=f"{name}_bias", shape=shape[-1:], initializer="zeros")
            setattr(self, f"{name}_bias", bias)

    def call(self, inputs: Any) -> Any:
        """Two maps (N, H, W, C) to one."""
        first, second = inputs
        return first * self.gate(first) + second * self.gate(second)

    def gate(self, x: Any) -> Any:
        """Map (N, H, W, C) to factors in 0..1, (N, 1, 1, C)."""
        pooled = tf.reduce_mean(x, axis=[1, 2], keepdims=True)
        reduced = tf.nn.conv2d(pooled, self.reduction, 1, "VALID") + self.reduction_bias
        expanded = tf.nn.conv2d(tf.nn.relu(reduced), self.expansion, 1, "VALID")
        return tf.nn.sigmoid(expanded + self.expansion_bias)
