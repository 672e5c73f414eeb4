"""Dropout whose masks a resumed run continues with."""

from typing import Any

from bireid_models.framework import keras, tf


class RepeatableDropout(keras.layers.Layer):
    """Dropout with its random state in a variable.

    The operations of Keras' own layer keep theirs inside TensorFlow, where no checkpoint finds it.
    The state starts from Keras' global random seed and counts the calls.

    Args:
        rate: Share of the values that are dropped; the others grow by 1 / (1 - rate).
        **kwargs: Passed on to Keras (name).

    Attributes:
        stream: Number from 0 of one of several sequences of masks that one state gives, for the
            replicas of a network.
    """

    def __init__(self, rate: float, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = rate
        self.stream = 0

    def build(self, input_shape: Any) -> None:
        """Create the state, int64 (2,): a seed and the number of the next call."""
        self.state = self.add_weight(
            name="state",
            shape=(2,),
            dtype=tf.int64,
            initializer=keras.initializers.RandomUniform(0, 2**31 - 1),
            trainable=False,
        )

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Map any shape to the same shape; without training, to the same values."""
        if not training:
            return inputs
        seed = tf.identity(self.state)
        self.state.assign_add([0, 1])
        if self.stream:
            # The seed is below 2^31.
            seed += tf.constant([self.stream << 31, 0], tf.int64)
        return tf.nn.experimental.stateless_dropout(inputs, self.rate, seed=seed)
