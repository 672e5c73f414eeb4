"""The teacher of a distillation: a trained run whose weights stay as they are.

Importing it loads TensorFlow.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_models.framework import tf

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.checkpoint import has_classifier, read_classifier
from bireid_deploy.training.features import require_features
from bireid_deploy.training.methods.base import Play, Scene
from bireid_deploy.training.methods.distillation.lesson import Lesson
from bireid_deploy.training.methods.distillation.section import DistillationSection
from bireid_deploy.training.methods.teachers import open_teacher_network
from bireid_deploy.training.run_directory import RunDirectory


@dataclass(frozen=True)
class Teacher(Lesson):
    """A trained network that a student learns from.

    Attributes:
        network: The network; it runs in inference mode and gets no gradient.
        classifier: Kernel of its classifier, float32 (D, K); None unless `logits` are learned.
    """

    network: Any
    classifier: Any

    def play(self, scene: Scene) -> Play:
        """One term of the task's loss."""
        if self.options.target == "task":
            return Play(task={"distillation": self.options.weight * self._taught(scene)})
        taught = self.network.features(scene.images, training=False)["neck"]
        if self.classifier is not None:
            taught = tf.matmul(taught, self.classifier)
        return self.learned(scene, taught)

    def _taught(self, scene: Scene) -> Any:
        if scene.taught is None:
            raise TrainingError(
                "the task has no distillation of its own; set distillation.target='logits' or "
                "'embedding'"
            )
        return scene.taught(self.network.features(scene.images, training=False))


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
    return Teacher(options, network, classifier)


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
