"""The table `[detection]` of a recipe, and that of rendered streets in a grid."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bireid_deploy.tasks.base import DataSection
from bireid_deploy.training.recipe_sections import NonNegative, Positive, Probability, Section


class DetectionSection(Section):
    """What is looked for, how images are changed, and how maps become boxes.

    `classes`: the classes to learn, in their order; None takes all of the data set. `box_weight`:
    of the GIoU term beside the score's. `fit`: how an image is brought to the network's input.
    `scale`, `shift`: the range of the zoom, and the largest shift as a share of the sides.
    `score_threshold`, `iou_threshold`, `max_boxes`: what a bundle says of decoding.
    """

    classes: tuple[str, ...] | None = None
    box_weight: NonNegative = 2.0
    fit: Literal["letterbox", "stretch"] = "letterbox"
    scale: tuple[Positive, Positive] = (0.6, 1.4)
    shift: Annotated[float, Field(ge=0, lt=1)] = 0.2
    score_threshold: Probability = 0.3
    iou_threshold: Probability = 0.5
    max_boxes: Annotated[int, Field(ge=1, le=10_000)] = 100

    @model_validator(mode="after")
    def _is_possible(self) -> "DetectionSection":
        if self.scale[0] > self.scale[1]:
            raise ValueError(f"scale {list(self.scale)} does not rise")
        if self.classes is not None and len(set(self.classes)) != len(self.classes):
            raise ValueError("classes names one twice")
        return self


class StreetSection(DataSection):
    """The table `[data]` of a grid: rendered frames of a street."""

    kind: Literal["street"] = "street"
    train: Annotated[int, Field(ge=1)] = 800
    test: Annotated[int, Field(ge=1)] = 300
    height: Annotated[int, Field(ge=32)] = 192
    width: Annotated[int, Field(ge=32)] = 192
