"""The teacher of a distillation: a trained run whose weights stay as they are."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_models.framework import tf
from bireid_models.network import Network

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.checkpoint import read_classifier
from bireid_deploy.training.objectives.distillation import distribution_loss, embedding_loss
from bireid_deploy.training.recipe import DistillationSection
from bireid_deploy.training.run_directory import RunDirectory
from bireid_deploy.training.trained import open_run


@dataclass(frozen=True)
class Teacher:
    """A trained network that a student learns from.

    Attributes:
        network: The network; it runs in inference mode and gets no gradient.
        classifier: Kernel of its classifier, float32 (D, K); only `logits` needs it.
        options: What the student learns from it.
    """

    network: Network
    classifier: Any
    options: DistillationSection

    def loss(self, images: Any, neck: Any, logits: Any) -> Any:
        """The weighted distillation term of one batch.

        Args:
            images: float32 (N, H, W, 3), what the student saw.
            neck: float32 (N, D), the student's features after the neck.
            logits: float32 (N, K), the student's.

        Returns:
            Scalar.
        """
        taught = self.network.features(images, training=False)["neck"]
        if self.options.target == "embedding":
            return self.options.weight * embedding_loss(neck, taught)
        loss = distribution_loss(
            logits, tf.matmul(taught, self.classifier), self.options.temperature
        )
        return self.options.weight * loss


def open_teacher(
    path: Path, options: DistillationSection, student: Network, data: Mapping[str, Any]
) -> Teacher:
    """Open a run as the teacher of a student.

    Args:
        path: Run directory.
        options: What the student learns from it.
        student: The network that will learn.
        data: Description of the student's training data.

    Raises:
        TrainingError: Not a run, or it takes another input size, or, for `logits`, learned other
            classes, or, for `embedding`, has embeddings of another length.
    """
    trained = open_run(path)
    theirs, ours = trained.network.model, student.model
    if theirs.input_shape != ours.input_shape:
        raise TrainingError(
            f"{path}: the teacher takes images of {_size(theirs)}, the student of {_size(ours)}; "
            "train them at one size"
        )
    if options.target == "logits" and trained.record["data"] != data:
        raise TrainingError(
            f"{path}: the teacher learned the classes of {trained.record['data'].get('name')!r} "
            f"and not exactly those of {data.get('name')!r}; set distillation.target='embedding'"
        )
    if options.target == "embedding" and theirs.output_shape != ours.output_shape:
        raise TrainingError(
            f"{path}: the teacher's embedding has {theirs.output_shape[-1]} values, the student's "
            f"{ours.output_shape[-1]}; set network.embedding_dim={theirs.output_shape[-1]}"
        )
    classifier = tf.constant(read_classifier(RunDirectory(path).checkpoint))
    return Teacher(trained.network, classifier, options)


def _size(model: Any) -> str:
    return f"{model.input_shape[1]}x{model.input_shape[2]}"
