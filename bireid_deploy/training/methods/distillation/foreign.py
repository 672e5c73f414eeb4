"""Learning from a checkpoint of another project, rebuilt in Keras as `import` does it.

Importing it loads TensorFlow.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bireid_converters.checkpoints import Checkpoint, read_checkpoint
from bireid_converters.checkpoints.families import find_family
from bireid_converters.rebuild import ImportSettings, ReadNetwork, rebuild
from bireid_models.framework import tf
from bireid_runtime.preprocess import Preprocess

from bireid_deploy.data.resizes import preprocess_fields
from bireid_deploy.errors import TrainingError
from bireid_deploy.training.features import require_features
from bireid_deploy.training.foreign_network import (
    Classifier,
    features_of,
    find_classifier,
    prepared,
)
from bireid_deploy.training.methods.base import MethodContext, Play, Scene
from bireid_deploy.training.methods.distillation.lesson import Lesson
from bireid_deploy.training.methods.distillation.reading import configuration
from bireid_deploy.training.methods.distillation.section import (
    CheckpointSection,
    DistillationSection,
)
from bireid_deploy.training.methods.distillation.seen import pixels_of
from bireid_deploy.training.task_step import NamedItems
from bireid_deploy.training.teacher_cache import require_as_many_classes, vote_classes

# Images of a class that vote for its number, and images that are asked about at a time.
_VOTERS, _BATCH = 4, 64


@dataclass(frozen=True)
class ForeignTeacher(Lesson):
    """A network of another project that runs beside the student, in inference mode.

    Attributes:
        model: Keras model from prepared images to features (N, D) of any length.
        own: How it wants its images.
        student: How the student's images were normalised, which is undone.
        classifier: Makes logits of the features, in the student's order of classes; None unless
            those are learned.
    """

    model: Any
    own: Preprocess
    student: Preprocess
    classifier: tuple[Any, Any] | None

    def play(self, scene: Scene) -> Play:
        """One term of the task's loss."""
        prepared = tf.numpy_function(self._prepared, [scene.images], tf.float32)
        shape = (None, *self.model.input_shape[1:])
        taught = self.model(tf.ensure_shape(prepared, shape), training=False)
        if self.classifier is not None:
            kernel, bias = self.classifier
            taught = tf.matmul(taught, kernel) + bias
        return self.learned(scene, taught)

    def _prepared(self, images: np.ndarray) -> np.ndarray:
        return prepared(pixels_of(images, self.student), self.own)


def open_checkpoint(
    path: Path, options: DistillationSection, context: MethodContext
) -> ForeignTeacher:
    """Open a checkpoint of a family that `import` knows as the teacher of a student.

    Args:
        path: The file.
        options: What the student learns from it.
        context: Of the run.

    Raises:
        TrainingError: Its features have another length where the target is `embedding`; or, for
            `logits`, it has no linear classifier, or learned other classes; or the target is
            `task`.
        CheckpointError: The file is damaged or hostile.
        UnsupportedModelError: It is of no architecture that is known.
    """
    if options.target == "task":
        raise TrainingError(
            f"{path}: a checkpoint of another project teaches logits, an embedding or relations; "
            "set distillation.target='relations'"
        )
    require_features(context.network, ["neck"], "distillation")
    found, items = None, context.items
    settings = _settings(path, options.checkpoint)
    with read_checkpoint(path) as opened:
        read = rebuild(opened, find_family(list(opened.tensors), options.checkpoint.arch), settings)
        if options.target == "logits":
            items = _labelled(path, items)
            found = _classifier(path, opened, read, np.asarray(items.labels))
    model = features_of(read)
    dim, ours = model.output_shape[-1], context.network.model.output_shape[-1]
    if options.target == "embedding" and dim != ours:
        raise TrainingError(
            f"{path}: the teacher's embedding has {dim} values, the student's {ours}; set "
            f"distillation.target='relations', or network.embedding_dim={dim}"
        )
    classifier = None
    if found is not None and items is not None:
        kernel, bias = _in_our_order(path, found, model, read.preprocess, items)
        classifier = tf.constant(kernel), tf.constant(bias)
    size = context.network.config
    student = Preprocess(size.input_height, size.input_width)
    return ForeignTeacher(options, model, read.preprocess, student, classifier)


def _settings(path: Path, said: CheckpointSection) -> ImportSettings:
    fields = preprocess_fields(said.resize, said.mean, said.std)
    told = configuration(path, said)
    return ImportSettings(said.arch, said.size, said.last_stride, fields, told)


def _labelled(path: Path, items: NamedItems | None) -> NamedItems:
    if items is None:
        raise TrainingError(
            f"{path}: a checkpoint teaches labelled images logits; set distillation.target="
            "'relations'"
        )
    return items


def _classifier(
    path: Path, checkpoint: Checkpoint, read: ReadNetwork, labels: np.ndarray
) -> Classifier:
    """What made logits of the features where the checkpoint was trained."""
    found = find_classifier(checkpoint, read)
    if found is None:
        raise TrainingError(
            f"{path}: this checkpoint of {read.family.name} has no linear classifier of these "
            "features; set distillation.target='relations'"
        )
    try:
        require_as_many_classes(found[0].shape[1], labels)
    except TrainingError as error:
        raise TrainingError(f"{path}: {error}") from error
    return found


def _in_our_order(
    path: Path, found: Classifier, model: Any, own: Preprocess, items: NamedItems
) -> Classifier:
    """The classifier with its columns as the student counts the classes, by vote."""
    kernel, bias = found
    labels = np.asarray(items.labels)
    voters = np.concatenate(
        [np.flatnonzero(labels == each)[:_VOTERS] for each in range(int(labels.max()) + 1)]
    )
    batches = np.array_split(voters, -(-len(voters) // _BATCH))
    features = [model.predict_on_batch(prepared(items.pixels[rows], own)) for rows in batches]
    logits = np.concatenate(features) @ kernel + bias
    try:
        order = vote_classes(logits, labels[voters])
    except TrainingError as error:
        raise TrainingError(f"{path}: {error}") from error
    return kernel[:, order], bias[order]
