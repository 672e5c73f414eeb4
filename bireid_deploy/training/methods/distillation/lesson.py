"""What a student learns from its teacher, whoever speaks for that.

Importing it loads TensorFlow.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bireid_deploy.training.methods.base import Play, Scene
from bireid_deploy.training.methods.distillation.losses import (
    distribution_loss,
    embedding_loss,
    relations_loss,
)
from bireid_deploy.training.methods.distillation.section import DistillationSection


@dataclass(frozen=True)
class Lesson:
    """The part of a distillation that does not ask where the teacher's numbers come from.

    Attributes:
        options: What the student learns.
    """

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
        """Nothing: the teacher's own run or file keeps it."""
        return {}

    def advice(self, history: Sequence[Mapping[str, float]]) -> str | None:
        """Nothing can be told from the history."""
        return None

    def learned(self, scene: Scene, taught: Any) -> Play:
        """One term of the task's loss.

        Args:
            scene: The student's side.
            taught: float32 (N, ...), the teacher's logits where those are learned, else embeddings.
        """
        options = self.options
        if options.target == "logits":
            loss = distribution_loss(scene.predictions["logits"], taught, options.temperature)
        elif options.target == "embedding":
            loss = embedding_loss(scene.features["neck"], taught)
        else:
            loss = relations_loss(scene.features["neck"], taught)
        return Play(task={"distillation": options.weight * loss})
