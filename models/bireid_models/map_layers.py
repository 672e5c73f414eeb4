"""Layers between the convolutions of a backbone that Keras does not have."""

from typing import Any

from bireid_models.framework import keras, tf


class ChannelShift(keras.layers.Layer):
    """Add a learnable number per channel: the shifts of RSign and RPReLU (ReActNet)."""

    def build(self, input_shape: Any) -> None:
        """Create the shift, `(channels,)`, zero at first."""
        # Called bias, so that no optimiser decays it.
        self.bias = self.add_weight(name="bias", shape=(input_shape[-1],), initializer="zeros")

    def call(self, inputs: Any) -> Any:
        """Map (..., C) to the same shape."""
        return inputs + self.bias


class ChannelMask(keras.layers.Layer):
    """Multiply by a soft mask, one number per channel or one for all; pruning moves it, no descent.

    Args:
        channels: Numbers in the mask: those of the map, or 1 for the map as a whole.
        **kwargs: Passed on to Keras (name).
    """

    def __init__(self, channels: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.channels = channels

    def build(self, input_shape: Any) -> None:
        """Create the mask, `(channels,)`, one at first."""
        self.mask = self.add_weight(
            name="mask", shape=(self.channels,), initializer="ones", trainable=False
        )

    def call(self, inputs: Any) -> Any:
        """Map (..., C) to the same shape."""
        return inputs * self.mask


class ConstantShift(keras.layers.Layer):
    """Add one number that does not learn; see `bireid_models.folding`.

    Args:
        shift: The number.
        **kwargs: Passed on to Keras (name).
    """

    def __init__(self, shift: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.shift = shift

    def call(self, inputs: Any) -> Any:
        """Map any shape to the same shape."""
        return inputs + self.shift


class HardTanh(keras.layers.Layer):
    """Clip to [-1, 1], what IR-Net has between its units."""

    def call(self, inputs: Any) -> Any:
        """Map any shape to the same shape."""
        return tf.clip_by_value(inputs, -1.0, 1.0)


class HardSwish(keras.layers.Layer):
    """`x relu6(x + 3) / 6`, what closes units of MobileNetV3 (Howard et al., ICCV 2019, eq. 3)."""

    def call(self, inputs: Any) -> Any:
        """Map any shape to the same shape."""
        # In this form the converter of TensorFlow Lite makes one HARD_SWISH of it.
        return inputs * tf.nn.relu6(inputs + 3.0) * (1 / 6)


class RepeatChannels(keras.layers.Layer):
    """Repeat each channel, so that a map can be added to one with more channels.

    It is a depthwise convolution with ones, an operator that every engine for small devices has,
    where a concatenation would be one operator more. It has no weights.

    Args:
        times: How often; the copies of a channel stand side by side.
        **kwargs: Passed on to Keras (name).
    """

    def __init__(self, times: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.times = times

    def call(self, inputs: Any) -> Any:
        """Map (N, H, W, C) to (N, H, W, C times)."""
        ones = tf.ones((1, 1, inputs.shape[-1], self.times), inputs.dtype)
        return tf.nn.depthwise_conv2d(inputs, ones, strides=[1, 1, 1, 1], padding="VALID")
