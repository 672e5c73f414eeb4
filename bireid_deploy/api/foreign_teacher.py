"""A checkpoint of another project that `teach-cache` asks; importing it loads TensorFlow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bireid_converters.checkpoints import read_checkpoint
from bireid_converters.checkpoints.families import find_family
from bireid_converters.rebuild import ImportSettings, rebuild
from bireid_models.framework import keras
from bireid_models.imported.network import EMBEDDING
from bireid_runtime.outputs import OutputSpec
from bireid_runtime.preprocess import Preprocess

from bireid_deploy.api.asking import LOGITS
from bireid_deploy.models_at_hand import OpenedModel
from bireid_deploy.tasks import TASKS
from bireid_deploy.training.foreign_network import (
    Classifier,
    features_of,
    find_classifier,
    prepared,
)
from bireid_deploy.training.taken_for import taken_for


@dataclass(frozen=True)
class ForeignPredictor:
    """A rebuilt network in Keras.

    Attributes:
        model: From prepared images to features (N, D) of any length, and those of unit length.
        own: How it wants its images.
        classifier: Makes logits of the features; None if it has none.
        fingerprint: Empty: only a bundle has one.
    """

    model: Any
    own: Preprocess
    classifier: Classifier | None
    fingerprint: str = ""

    @property
    def classes(self) -> int:
        """Of the logits; 0 if there are none."""
        return 0 if self.classifier is None else len(self.classifier[1])

    def run_images(self, images: Sequence[np.ndarray]) -> Mapping[str, np.ndarray]:
        """From uint8 images (H, W, 3) of any size to embeddings (N, D), and logits (N, K)."""
        features, embeddings = self.model.predict_on_batch(prepared(images, self.own))
        found = {EMBEDDING: embeddings}
        if self.classifier is not None:
            kernel, bias = self.classifier
            found[LOGITS] = features @ kernel + bias
        return found


@dataclass(frozen=True)
class ForeignModel:
    """A checkpoint that is ready to be asked.

    Attributes:
        opened: As other models are.
        classes: Of its logits; 0 if it gives none.
        said: What it was taken for, in words.
        built: All that decides what it says besides its weights.
    """

    opened: OpenedModel
    classes: int
    said: tuple[str, ...]
    built: str


def open_foreign(path: Path, settings: ImportSettings) -> ForeignModel:
    """Open a checkpoint of a family that `import` knows.

    Args:
        path: The file, untrusted.
        settings: What it cannot say of itself.

    Raises:
        CheckpointError, UnsupportedModelError: As `import`.
    """
    with read_checkpoint(path) as checkpoint:
        family = find_family(list(checkpoint.tensors), settings.family)
        read = rebuild(checkpoint, family, settings)
        classifier = find_classifier(checkpoint, read)
    whole = read.network.model
    model = keras.Model(whole.input, [features_of(read).output, whole.output])
    dim = whole.output_shape[-1]
    said = taken_for(path, family, read.stated)
    if classifier is None:
        said += (f"{path.name}: no linear classifier of these features, so no logits are kept",)
    predictor = ForeignPredictor(model, read.preprocess, classifier)
    outputs = [OutputSpec.embedding(EMBEDDING, dim)]
    opened = OpenedModel(path.name, "keras", TASKS[family.task], predictor, outputs)
    built = f"keras, {read.preprocess}, {read.network.config}"
    return ForeignModel(opened, predictor.classes, said, built)
