"""Learning from a bundle, such as that of an imported network, which sees each crop as the student.

Importing it loads TensorFlow.
"""

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bireid_models.framework import tf
from bireid_runtime import Bundle
from bireid_runtime.errors import ArgumentError
from bireid_runtime.preprocess import Preprocess
from bireid_runtime.session import Session

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.features import require_features
from bireid_deploy.training.methods.base import MethodContext, Play, Scene
from bireid_deploy.training.methods.distillation.lesson import Lesson
from bireid_deploy.training.methods.distillation.section import DistillationSection
from bireid_deploy.training.methods.distillation.seen import pixels_of

_MAX_THREADS = 64


@dataclass(frozen=True)
class BundledTeacher(Lesson):
    """A network that runs in its own engine, beside TensorFlow.

    Attributes:
        session: The network.
        output: Name of its embedding.
        dim: Length of that.
        student: How the student's images were normalised, which is undone: the pixels are then
            prepared as the bundle says, whatever size and colours it wants.
    """

    session: Session
    output: str
    dim: int
    student: Preprocess

    def play(self, scene: Scene) -> Play:
        """One term of the task's loss."""
        taught = tf.numpy_function(self.embed, [scene.images], tf.float32)
        return self.learned(scene, tf.ensure_shape(taught, (None, self.dim)))

    def embed(self, images: np.ndarray) -> np.ndarray:
        """Embeddings float32 (N, D) of normalised images float32 (N, H, W, 3)."""
        return self.session.run_images(list(pixels_of(images, self.student)))[self.output]


def open_bundle(path: Path, options: DistillationSection, context: MethodContext) -> BundledTeacher:
    """Open a bundle as the teacher of a student.

    Args:
        path: The bundle.
        options: What the student learns from it.
        context: Of the run.

    Raises:
        TrainingError: It embeds no images, is adapted to cameras, or has an embedding of another
            length where the target is `embedding`; or the target is another than `embedding` and
            `relations`.
        BundleError, BackendUnavailableError, UnsupportedModelError: It cannot be opened.
    """
    if options.target not in ("embedding", "relations"):
        raise TrainingError(
            f"{path}: a bundle has no classifier and teaches an embedding or relations alone; set "
            "distillation.target='relations', or name the checkpoint that it was imported from"
        )
    require_features(context.network, ["neck"], "distillation")
    network = context.network.config
    threads = min(len(os.sched_getaffinity(0)), _MAX_THREADS)
    bundle = Bundle.open(path)
    kinds = [spec.kind for spec in bundle.inputs], [spec.kind for spec in bundle.outputs]
    if kinds != (["image"], ["embedding"]):
        raise TrainingError(f"{path}: a network for {bundle.task}; a teacher embeds images")
    if bundle.preprocess.channels != network.input_channels:
        raise TrainingError(
            f"{path}: takes images of {bundle.preprocess.channels} channels, the student of "
            f"{network.input_channels}"
        )
    try:
        session = Session.open(bundle, threads=threads)
    except ArgumentError as error:
        raise TrainingError(f"{path}: {error}") from error
    (output,) = bundle.outputs
    (dim,), ours = output.shape, context.network.model.output_shape[-1]
    if options.target == "embedding" and dim != ours:
        raise TrainingError(
            f"{path}: the teacher's embedding has {dim} values, the student's {ours}; set "
            f"distillation.target='relations', or network.embedding_dim={dim}"
        )
    student = Preprocess(network.input_height, network.input_width)
    return BundledTeacher(options, session, output.name, dim, student)
