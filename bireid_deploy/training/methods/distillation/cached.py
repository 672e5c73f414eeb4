"""Learning from a cache of what a teacher says of the training images.

The teacher has seen each image whole, as it is or mirrored; crops, colours and erased parts are the
student's alone. Importing it loads TensorFlow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bireid_models.framework import tf

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.features import require_features
from bireid_deploy.training.methods.base import MethodContext, Play, Scene
from bireid_deploy.training.methods.distillation.losses import (
    distribution_loss,
    embedding_loss,
    relations_loss,
)
from bireid_deploy.training.methods.distillation.section import DistillationSection
from bireid_deploy.training.teacher_cache import TeacherCache, vote_classes


@dataclass(frozen=True)
class CachedTeacher:
    """A teacher that has said all it has to say.

    Attributes:
        said: float16 (N, 2, D), its embeddings, or its logits in the student's order of classes, by
            row of the training data.
        options: What the student learns from it.
    """

    said: Any
    options: DistillationSection

    @property
    def adversaries(self) -> list[Any]:
        """None."""
        return []

    @property
    def companions(self) -> list[Any]:
        """None."""
        return []

    def state(self) -> dict[str, Any]:
        """Nothing: the cache keeps it."""
        return {}

    def play(self, scene: Scene) -> Play:
        """One term of the task's loss."""
        if scene.origins is None:
            raise TrainingError(
                "the batches of this task do not say which images they are made of, which a cache "
                "needs; give a run as the teacher"
            )
        taught = tf.cast(tf.gather_nd(self.said, scene.origins), tf.float32)
        options = self.options
        if options.target == "logits":
            loss = distribution_loss(scene.predictions["logits"], taught, options.temperature)
        elif options.target == "embedding":
            loss = embedding_loss(scene.features["neck"], taught)
        else:
            loss = relations_loss(scene.features["neck"], taught)
        return Play(task={"distillation": options.weight * loss})

    def advice(self, history: Sequence[Mapping[str, float]]) -> str | None:
        """Nothing can be told from the history."""
        return None


def open_cache(path: Path, options: DistillationSection, context: MethodContext) -> CachedTeacher:
    """Open a file as the teacher of a student.

    Args:
        path: The file.
        options: What the student learns from it.
        context: Of the run.

    Raises:
        TrainingError: It is malformed, lacks a training image, has embeddings of another length
            where the target is `embedding`, or classes of others where it is `logits`.
    """
    cache = TeacherCache.load(path)
    require_features(context.network, ["neck"], "distillation")
    if options.target == "task" or context.items is None:
        raise TrainingError(
            f"{path}: a cache teaches labelled images an embedding, relations or logits; give a "
            "run as the teacher"
        )
    try:
        rows = cache.rows_of(context.items.names)
        said = _said(cache, rows, options, context)
    except TrainingError as error:
        raise TrainingError(f"{path}: {error}") from error
    return CachedTeacher(tf.constant(said), options)


def _said(
    cache: TeacherCache, rows: np.ndarray, options: DistillationSection, context: MethodContext
) -> np.ndarray:
    if options.target == "logits":
        if cache.logits is None:
            raise TrainingError(
                "the cache holds no logits; set distillation.target='relations' or 'embedding'"
            )
        assert context.items is not None
        logits = cache.logits[rows]
        return logits[..., vote_classes(logits[:, 0], np.asarray(context.items.labels))]
    dim, ours = cache.embeddings.shape[2], context.network.model.output_shape[-1]
    if options.target == "embedding" and dim != ours:
        raise TrainingError(
            f"the teacher's embedding has {dim} values, the student's {ours}; set "
            f"distillation.target='relations', or network.embedding_dim={dim}"
        )
    return cache.embeddings[rows]
