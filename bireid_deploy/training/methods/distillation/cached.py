"""Learning from a cache of what a teacher says of the training images.

The teacher has seen each image whole, as it is or mirrored; crops, colours and erased parts are the
student's alone. Importing it loads TensorFlow.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bireid_models.framework import tf

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.features import require_features
from bireid_deploy.training.methods.base import MethodContext, Play, Scene
from bireid_deploy.training.methods.distillation.lesson import Lesson
from bireid_deploy.training.methods.distillation.section import DistillationSection
from bireid_deploy.training.teacher_cache import TeacherCache, vote_classes


@dataclass(frozen=True)
class CachedTeacher(Lesson):
    """A teacher that has said all it has to say.

    Attributes:
        said: float16 (N, 2, D), its embeddings, or its logits in the student's order of classes, by
            row of the training data.
    """

    said: Any

    def play(self, scene: Scene) -> Play:
        """One term of the task's loss."""
        if scene.origins is None:
            raise TrainingError(
                "the batches of this task do not say which images they are made of, which a cache "
                "needs; give a run as the teacher"
            )
        taught = tf.cast(tf.gather_nd(self.said, scene.origins), tf.float32)
        return self.learned(scene, taught)


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
    return CachedTeacher(options, tf.constant(said))


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
