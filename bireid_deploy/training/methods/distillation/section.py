"""The table `[distillation]` of a recipe."""

from typing import Literal

from bireid_deploy.training.recipe_sections import MethodSection, Positive


class DistillationSection(MethodSection):
    """Learning from the teacher that `train --teacher` names.

    `target`: `logits` is `T^2 KL(softmax(teacher / T) || softmax(student / T))` over the same
    classes, ReActNet's distribution loss at `temperature` T = 1; `embedding` is one minus the
    cosine between the two embeddings, for a teacher of other identities; `relations` compares the
    cosines between the images of a batch, for an embedding of any length; `task` is what the task
    itself defines, such as the scores and boxes of a detector.
    """

    target: Literal["logits", "embedding", "relations", "task"] = "logits"
    weight: Positive = 1.0
    temperature: Positive = 1.0
