"""A place of a supernet: candidates of which the best ones run (top-k sample search of CDNet)."""

from collections.abc import Sequence
from typing import Any, Literal

from bireid_models.framework import keras, tf

INITIAL_ALPHA = 1e-3

Unselected = Literal["ones", "zero"]


class MixedPlace(keras.layers.Layer):
    """The weighted sum of the k candidates with the largest alpha; only those run.

    With `p = softmax(alpha)` and h = 1 on the k largest, else 0, the weights are
    `w = sg(h - p) + p`: h in value, p in gradient. The result is the sum of `w_j B_j(x)` over the
    chosen, and with `unselected` "ones" the other w, which are 0, are added to the whole map: so
    `dL/dalpha_m = p_m (v_m - sum_j p_j v_j)` with `v_j = <dL/dy, B_j(x)>` of the chosen and
    `v_j = <dL/dy, 1>` of the others, or 0 with `unselected` "zero".

    Args:
        candidates: Keras models from one map to maps of one shape.
        top: k.
        unselected: What candidates that do not run give to the gradient.
        **kwargs: Passed on to Keras (name).

    Attributes:
        candidates: As given.
        alpha: Variable (n,), 1e-3 at first. It is not among the trainable ones: a search moves it.
        rank: Variable (n,), drawn from Keras' global random seed: it decides between equal alphas.
    """

    def __init__(
        self, candidates: Sequence[Any], top: int, unselected: Unselected, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.candidates = list(candidates)
        self._top = top
        self._unselected = unselected

    @property
    def inner_models(self) -> list[Any]:
        """The Keras models that this layer consists of."""
        return self.candidates

    def build(self, input_shape: Any) -> None:
        """Create alpha and what decides between equal ones."""
        count = (len(self.candidates),)
        initial = keras.initializers.Constant(INITIAL_ALPHA)
        self.alpha = self.add_weight(
            name="alpha", shape=count, initializer=initial, trainable=False
        )
        self.rank = self.add_weight(
            name="rank",
            shape=count,
            initializer=keras.initializers.RandomUniform(0, 1),
            trainable=False,
        )

    def chosen(self) -> Any:
        """1 for the candidates that run, else 0: float32 (n,)."""
        alpha = tf.convert_to_tensor(self.alpha)
        by_rank = tf.argsort(tf.convert_to_tensor(self.rank), stable=True)
        by_alpha = tf.argsort(tf.gather(alpha, by_rank), direction="DESCENDING", stable=True)
        best = tf.gather(by_rank, by_alpha[: self._top])
        return tf.reduce_max(tf.one_hot(best, len(self.candidates)), axis=0)

    def call(self, inputs: Any, training: bool = False) -> Any:
        """Map (N, H, W, C) to what a candidate makes of it."""
        chosen = self.chosen()
        shares = tf.nn.softmax(tf.convert_to_tensor(self.alpha))
        weights = tf.stop_gradient(chosen - shares) + shares
        filters = self.candidates[0].output_shape[-1]
        shape = tf.concat([tf.shape(inputs)[:-1], [filters]], axis=0)
        parts = [
            tf.cond(
                chosen[index] > 0,
                lambda index=index: weights[index] * self.candidates[index](inputs, training),
                lambda: tf.zeros(shape),
            )
            for index in range(len(self.candidates))
        ]
        total = parts[0]
        # In pairs and in order: the sum of three or more would vary from run to run.
        for part in parts[1:]:
            total += part
        if self._unselected == "ones":
            total += tf.reduce_sum(weights * (1 - chosen))
        return tf.ensure_shape(total, (*inputs.shape[:-1], filters))
