"""One iteration of a search: the weights descend on one batch, then the alphas on another."""

from typing import Any

import numpy as np
from bireid_models.framework import keras, tf
from bireid_models.supernet import Supernet

from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.step import TrainingStep
from bireid_deploy.training.task_step import TaskStep

_BETAS = (0.5, 0.999)
_DECAY = 0.1


class SearchStep:
    """First-order search: no gradient of alpha goes through the step of the weights.

    Args:
        supernet: Built supernet.
        task: The task's part.
        recipe: What to search with.
        latency: What each candidate costs at each place, float64 (places, candidates), as a share
            of the mean of all architectures; None weighs none.
    """

    def __init__(
        self, supernet: Supernet, task: TaskStep, recipe: Recipe, latency: np.ndarray | None
    ) -> None:
        self.supernet = supernet
        self.weights = TrainingStep(supernet.network, task, [], recipe)
        self.alphas = [place.alpha for place in supernet.places]
        self._task = task
        self._options = recipe.search
        self._seed = recipe.seed
        self._latency = None if latency is None else tf.constant(latency, tf.float32)
        self._optimizer = keras.optimizers.Adam(
            beta_1=_BETAS[0], beta_2=_BETAS[1], jit_compile=False
        )
        self._optimizer.build(self.alphas)
        self._compiled = tf.function(self._move_alphas, autograph=False)

    def __call__(self, weights_batch: Any, alphas_batch: Any, step: int) -> dict[str, float]:
        """Move the weights, then the alphas.

        Args:
            weights_batch: `Batch` that the weights learn from.
            alphas_batch: `Batch` that the alphas learn from.
            step: Number of the iteration from 0.

        Returns:
            Every term of the weights' loss before the update, and `alpha_loss`, that of the alphas
            after it, with `expected_latency` if it is weighed.
        """
        terms = self.weights(weights_batch.images, weights_batch.targets, step)
        found = self._compiled(
            alphas_batch.images, alphas_batch.targets, tf.constant(step, tf.int32)
        )
        return terms | {name: float(value) for name, value in found.items()}

    def set_epoch(self, moment: float) -> None:
        """Set the rate of the alphas for a moment of training, in epochs."""
        passed = sum(moment >= milestone for milestone in self._options.alpha_milestones)
        self._optimizer.learning_rate.assign(self._options.alpha_rate * _DECAY**passed)

    def variables(self) -> dict[str, Any]:
        """All state by a stable name, for checkpoints; the alphas are the network's."""
        slots = enumerate(self._optimizer.variables)
        return self.weights.variables() | {f"alpha_optimizer/{i}": each for i, each in slots}

    def _move_alphas(self, images: Any, targets: Any, step: Any) -> dict[str, Any]:
        features = self.supernet.network.features(images, training=True)
        predictions = self._task.predict(features)
        loss = tf.add_n(list(self._task.terms(features, predictions, targets).values()))
        found = {"alpha_loss": loss}
        if self._latency is not None:
            shares = tf.stack([tf.nn.softmax(tf.convert_to_tensor(each)) for each in self.alphas])
            found["expected_latency"] = tf.reduce_sum(shares * self._latency)
            loss += self._options.latency_weight * found["expected_latency"]
        gradients = self._gradients(loss)
        if self._options.shuffle_alpha:
            count = len(gradients)
            gradients = [
                tf.random.experimental.stateless_shuffle(each, (self._seed, step * count + place))
                for place, each in enumerate(gradients)
            ]
        decayed = [
            gradient + self._options.alpha_decay * alpha
            for gradient, alpha in zip(gradients, self.alphas, strict=True)
        ]
        self._optimizer.apply_gradients(zip(decayed, self.alphas, strict=True))
        return found

    def _gradients(self, loss: Any) -> list[Any]:
        """Those of the alphas, added in pairs: see `bireid_deploy.training.step`."""
        found: list[Any] = tf.gradients(
            loss,
            [alpha.handle for alpha in self.alphas],
            aggregation_method=tf.AggregationMethod.EXPERIMENTAL_TREE,
        )
        return found
