"""What tasks share in which every image has one label: identities, or plain classes."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from bireid_runtime.preprocess import Preprocess
from pydantic import Field

from bireid_deploy.data.augmentation import Augmentation
from bireid_deploy.data.sampling import IdentitySampler, ShuffledSampler
from bireid_deploy.training.batches import ImageBatches, Sampler
from bireid_deploy.training.features import branches, require_features
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.recipe_sections import NonNegative, Positive, Section


class LossSection(Section):
    """The task losses: cross-entropy over identities (or classes) and batch-hard triplet."""

    identity_weight: NonNegative = 1.0
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.1
    triplet_weight: NonNegative = 1.0
    triplet_margin: Positive | Literal["soft"] = 0.3


@dataclass(frozen=True)
class LabelledImages:
    """The training split in memory.

    Attributes:
        pixels: uint8 (N, H, W, 3), at the network's input size.
        labels: int64 (N,), identities or classes in 0..K-1.
        description: What the record says about the data, JSON-serialisable.
        skipped: Files that could not be decoded, with the reason.
        names: Path of each image below the folder of the data set; empty if it is not known.
    """

    pixels: np.ndarray
    labels: np.ndarray
    description: dict[str, Any]
    skipped: tuple[tuple[Path, str], ...] = ()
    names: tuple[str, ...] = ()

    @property
    def classes(self) -> int:
        """K."""
        return int(self.labels.max()) + 1


def image_batches(recipe: Recipe, data: LabelledImages) -> ImageBatches:
    """Augmented batches as the recipe's `batch` and `augmentation` say."""
    labels = data.labels.astype(np.int32)
    return augmented_batches(recipe, data.pixels, labels, _sampler(recipe, data.labels))


def augmented_batches(
    recipe: Recipe, pixels: np.ndarray, targets: np.ndarray, sampler: Sampler
) -> ImageBatches:
    """Batches that a sampler draws, augmented as the recipe says.

    Args:
        recipe: `augmentation`, the size of the network's input, and the seed.
        pixels: uint8 (N, H, W, 3), at that size.
        targets: What is learned from each, (N, ...).
        sampler: Chooses the rows of each batch.
    """
    network, augmentation = recipe.network, recipe.augmentation
    return ImageBatches(
        pixels,
        targets,
        sampler,
        Augmentation(
            flip_probability=augmentation.flip,
            pad=augmentation.pad,
            erasing_probability=augmentation.erasing,
            color=augmentation.color.jitter(),
            degradation=augmentation.degradation.losses(),
        ),
        Preprocess(network.input_height, network.input_width),
        recipe.seed,
    )


def check_supervision(recipe: Recipe, teaches: bool) -> None:
    """Refuse a recipe in which nothing teaches the task.

    Raises:
        ValueError: Neither a loss of the task nor a teacher does.
    """
    from bireid_deploy.training.methods import enabled_methods

    if not (teaches or any(each.learns_from_teacher for each in enabled_methods(recipe))):
        raise ValueError("nothing teaches the task: set loss.identity_weight above 0")


class ClassifierStep:
    """A real-valued classifier on each neck, and cross-entropy with label smoothing.

    A head with several branches, as `fblneck`, has several necks: their losses are added, and what
    is observed or deployed is of the first one.

    Args:
        network: Built network with the features `neck` and `classifier_input`.
        classes: K.
        options: The loss.

    Raises:
        TrainingError: The network has other features.
    """

    def __init__(self, network: Any, classes: int, options: LossSection) -> None:
        require_features(network, ["neck", "classifier_input"], "the classifier")
        self._options = options
        self._classifiers = {
            name: _classifier(network, name, classes)
            for name in branches(network, "classifier_input")
        }

    @property
    def variables(self) -> Mapping[str, Any]:
        """The classifiers' kernels (D, K): of `local_classifier_input`, `local_classifier`."""
        return {
            f"{name.removesuffix('_input')}/{each.name}": each
            for name, layer in self._classifiers.items()
            for each in layer.variables
        }

    def predict(self, features: Mapping[str, Any]) -> Mapping[str, Any]:
        """`logits`, float32 (N, K), and those of further branches, as `local_logits`."""
        return {
            name.replace("classifier_input", "logits"): layer(features[name])
            for name, layer in self._classifiers.items()
        }

    def terms(
        self, features: Mapping[str, Any], predictions: Mapping[str, Any], targets: Any
    ) -> dict[str, Any]:
        """`identity`, the sum over the branches, unless its weight is 0."""
        from bireid_deploy.training.cross_entropy import smoothed_cross_entropy

        options = self._options
        if options.identity_weight == 0:
            return {}
        loss = sum(
            smoothed_cross_entropy(logits, targets, options.label_smoothing)
            for logits in predictions.values()
        )
        return {"identity": options.identity_weight * loss}

    def observed(self, predictions: Mapping[str, Any], targets: Any) -> dict[str, Any]:
        """`accuracy` on the batch, 0..1."""
        from bireid_models.framework import tf

        best = tf.argmax(predictions["logits"], axis=1, output_type=tf.int32)
        return {"accuracy": tf.reduce_mean(tf.cast(tf.equal(best, targets), tf.float32))}


def _classifier(network: Any, name: str, classes: int) -> Any:
    from bireid_models.framework import keras

    layer = keras.layers.Dense(
        classes,
        use_bias=False,
        kernel_initializer=keras.initializers.RandomNormal(stddev=1e-3),
        name="classifier",
    )
    layer.build((None, network.features.output_shape[name][-1]))
    return layer


def _sampler(recipe: Recipe, labels: np.ndarray) -> Sampler:
    batch = recipe.batch
    if batch.sampling == "shuffled":
        return ShuffledSampler(len(labels), batch.images, recipe.seed)
    return IdentitySampler(labels, batch.identities, batch.images_per_identity, recipe.seed)
