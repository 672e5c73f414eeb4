"""A checkpoint of another project that `teach-cache` asks; importing it loads TensorFlow."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bireid_converters.checkpoints import read_checkpoint
from bireid_converters.checkpoints.families import find_family
from bireid_converters.rebuild import ImportSettings, rebuild
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

_SMALLEST_LENGTH = 1e-6


@dataclass(frozen=True)
class ForeignPredictor:
    """A rebuilt network in Keras.

    Attributes:
        model: From prepared images to features (N, D) of any length.
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
        features = np.asarray(self.model.predict_on_batch(prepared(images, self.own)))
        lengths = np.linalg.norm(features, axis=1, keepdims=True)
        found = {EMBEDDING: features / np.maximum(lengths, _SMALLEST_LENGTH)}
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
    model = features_of(read)
    dim = model.output_shape[-1]
    said = [f"{path.name}: {family.name}, taken for granted: {family.assumed}"]
    if read.stated is not None:
        said.append(f"{read.stated.source}: {', '.join(read.stated.said) or 'says nothing of it'}")
    if classifier is not None and classifier[0].shape[0] != dim:
        said.append(f"{path.name}: its classifier is of other features: no logits are kept")
        classifier = None
    predictor = ForeignPredictor(model, read.preprocess, classifier)
    outputs = [OutputSpec.embedding(EMBEDDING, dim)]
    opened = OpenedModel(path.name, "keras", TASKS[family.task], predictor, outputs)
    built = f"keras, {read.preprocess}, {read.network.config}"
    return ForeignModel(opened, predictor.classes, tuple(said), built)
