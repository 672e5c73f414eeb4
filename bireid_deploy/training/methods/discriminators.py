"""Discriminators: fully connected layers with LeakyReLU, logits out."""

from typing import Any

from bireid_models.framework import keras

from bireid_deploy.training.methods.discriminator_section import DiscriminatorSection


class Discriminator:
    """`Linear(d, 128) - LReLU - Linear(128, 256) - LReLU - Linear(256, 128) - LReLU - Linear(1)`.

    BiRe-ID says blocks of a fully connected layer and a LeakyReLU; the widths are those of GAL
    (Lin et al. 2019). The last layer gives a logit: the sigmoid belongs to the loss.

    Args:
        features: d, the length of one sample.
        options: Hidden widths and slope.
        name: Prefix of the variables' names.
    """

    def __init__(self, features: int, options: DiscriminatorSection, name: str) -> None:
        layers = [keras.layers.InputLayer((features,))]
        for index, width in enumerate(options.widths):
            layers.append(keras.layers.Dense(width, name=f"{name}_discriminator_{index}"))
            layers.append(keras.layers.LeakyReLU(options.leaky_slope))
        layers.append(keras.layers.Dense(1, name=f"{name}_discriminator_logit"))
        self._model = keras.Sequential(layers, name=f"{name}_discriminator")

    def __call__(self, samples: Any) -> Any:
        """Map (N, d) to logits (N, 1)."""
        return self._model(samples)

    @property
    def variables(self) -> list[Any]:
        """W_D, trainable."""
        return self._model.trainable_variables
