"""The table `[distillation]` of a recipe."""

from typing import Annotated, Literal

from pydantic import Field

from bireid_deploy.data.resizes import Resize
from bireid_deploy.training.recipe_sections import MethodSection, Positive, Section

_Side = Annotated[int, Field(ge=1, le=9999)]


class CheckpointSection(Section):
    """What a checkpoint of PyTorch that teaches cannot say of itself: the options of `import`.

    `config` is the framework's own configuration, YAML, a path from the folder of the checkpoint;
    the other keys count more. What nobody says is as `import` takes it for granted.
    """

    arch: str | None = None
    size: tuple[_Side, _Side] | None = None
    last_stride: Literal[1, 2] | None = None
    resize: Resize | None = None
    mean: tuple[float, float, float] | None = None
    std: tuple[float, float, float] | None = None
    config: str | None = None


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
    checkpoint: CheckpointSection = CheckpointSection()
