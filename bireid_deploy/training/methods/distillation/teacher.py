"""The teacher of a distillation: a trained run whose weights stay as they are.

Importing it loads TensorFlow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_models.framework import tf

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.checkpoint import has_classifier, read_classifier
from bireid_deploy.training.features import require_features
from bireid_deploy.training.methods.base import Play, Scene
from bireid_deploy.training.methods.distillation.losses import (
    distribution_loss,
    embedding_loss,
    relations_loss,
)
from bireid_deploy.training.methods.distillation.section import DistillationSection
from bireid_deploy.training.methods.teachers import open_teacher_network
from bireid_deploy.training.run_directory import RunDirectory


@dataclass(frozen=True)
class Teacher:
    """A trained network that a student learns from.

    Attributes:
        network: The network; it runs in inference mode and gets no gradient.
        classifier: Kernel of its classifier, float32 (D, K); None unless `logits` are learned.
        options: What the student learns from it.
    """

    network: Any
    classifier: Any
    options: DistillationSection

    @property
    def adversaries(self) -> list[Any]:
        """None."""
        return []

    @property
    def companions(self) -> list[Any]:
        """None: the teacher does not learn."""
        return []

    def state(self) -> dict[str, Any]:
        """Nothing: the teacher's own run keeps it."""
        return {}

    def play(self, scene: Scene) -> Play:
        """One term of the task's loss."""
        if self.options.target == "task":
            return Play(task={"distillation": self.options.weight * self._taught(scene)})
        logits = scene.predictions["logits"] if self.options.target == "logits" else None
        loss = self.loss(scene.images, scene.features["neck"], logits)
        return Play(task={"distillation": loss})

    def _taught(self, scene: Scene) -> Any:
        if scene.taught is None:
            raise TrainingError(
                "the task has no distillation of its own; set distillation.target='logits' or "
                "'embedding'"
            )
        return scene.taught(self.network.features(scene.images, training=False))

    def advice(self, history: Sequence[Mapping[str, float]]) -> str | None:
        """Nothing can be told from the history."""
        return None

    def loss(self, images: Any, neck: Any, logits: Any) -> Any:
        """The weighted distillation term of one batch.

        Args:
            images: float32 (N, H, W, 3), what the student saw.
            neck: float32 (N, D), the student's features after the neck.
            logits: float32 (N, K), the student's; only read if they are learned.

        Returns:
            Scalar.
        """
        taught = self.network.features(images, training=False)["neck"]
        if self.options.target == "embedding":
            return self.options.weight * embedding_loss(neck, taught)
        if self.options.target == "relations":
            return self.options.weight * relations_loss(neck, taught)
        loss = distribution_loss(
            logits, tf.matmul(taught, self.classifier), self.options.temperature
        )
        return self.options.weight * loss


def open_teacher(
    path: Path, options: DistillationSection, student: Any, data: Mapping[str, Any]
) -> Teacher:
    """Open a run as the teacher of a student.

    Args:
        path: Run directory.
        options: What the student learns from it.
        student: The network that will learn.
        data: Description of the student's training data.

    Raises:
        TrainingError: Not a run, or it takes another input size, or, for `logits`, learned other
            classes, or, for `embedding`, has embeddings of another length, or, for `task`, another
            task or classes.
    """
    run = RunDirectory(path)
    network, record = open_teacher_network(path, student), run.read_record()
    if options.target != "task":
        for each in (network, student):
            require_features(each, ["neck"], "distillation")
    theirs, ours = network.model, student.model
    if options.target == "logits" and record["data"] != data:
        raise TrainingError(
            f"{path}: the teacher learned the classes of {record['data'].get('name')!r} "
            f"and not exactly those of {data.get('name')!r}; set distillation.target='embedding'"
        )
    if options.target == "task":
        _require_same_answers(path, network, student, record, data)
    if options.target == "embedding" and theirs.output_shape != ours.output_shape:
        raise TrainingError(
            f"{path}: the teacher's embedding has {theirs.output_shape[-1]} values, the student's "
            f"{ours.output_shape[-1]}; set network.embedding_dim={theirs.output_shape[-1]}, or "
            "distillation.target='relations'"
        )
    classifier = None
    if options.target == "logits":
        if not has_classifier(run.checkpoint):
            raise TrainingError(
                f"{path}: the teacher has no classifier whose logits could be learned; set "
                "distillation.target='embedding'"
            )
        classifier = tf.constant(read_classifier(run.checkpoint))
    return Teacher(network, classifier, options)


def _require_same_answers(
    path: Path, network: Any, student: Any, record: Mapping[str, Any], data: Mapping[str, Any]
) -> None:
    """See that the outputs of teacher and student mean the same."""
    theirs, ours = record["data"].get("classes"), data.get("classes")
    if network.model.output_shape != student.model.output_shape or theirs != ours:
        raise TrainingError(
            f"{path}: the teacher answers {network.model.output_shape} for the classes {theirs}, "
            f"the student {student.model.output_shape} for {ours}; train them alike"
        )
