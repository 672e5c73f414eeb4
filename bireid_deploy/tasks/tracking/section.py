"""The table `[tracking]` of a recipe, and that of rendered sequences in a grid."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bireid_deploy.tasks.base import DataSection
from bireid_deploy.training.recipe_sections import Positive, Probability, Section


class TrackingSection(Section):
    """Which pairs are learned, and how a target is sought.

    `margin`: cells at the upper left, and at the lower right, of a map that see its padding; 6 and
    7 for `resnet18_stage2`. `frames_per_sequence`: of a sequence, spread evenly, that are kept to
    learn from. `pairs_per_sequence`: of each sequence in an epoch. `max_gap`: frames between the
    two of a pair. `least_side`: pixels that a target must have on both sides to be learned from;
    siamfc-pytorch takes 20, which leaves out most of what OTB and rendered frames show. `shift`:
    pixels of the input by which a target is moved off the middle at most. `stretch`: the largest
    change of its size. `positive_radius`: pixels of the input within which a place counts as the
    target's. The others are the constants of `bireid_runtime.matching`.
    """

    margin: tuple[Annotated[int, Field(ge=0)], Annotated[int, Field(ge=0)]] = (6, 7)
    frames_per_sequence: Annotated[int, Field(ge=2)] = 16
    pairs_per_sequence: Annotated[int, Field(ge=1)] = 8
    max_gap: Annotated[int, Field(ge=1)] = 100
    least_side: Positive = 10.0
    shift: Annotated[int, Field(ge=0, le=16)] = 4
    stretch: Annotated[float, Field(ge=0, le=0.25)] = 0.05
    positive_radius: Positive = 16.0
    scales: Annotated[int, Field(ge=1, le=9)] = 3
    scale_step: Annotated[float, Field(ge=1, le=2)] = 1.0375
    scale_penalty: Probability = 0.9745
    scale_rate: Probability = 0.59
    window_weight: Probability = 0.176
    upsampling: Annotated[int, Field(ge=1, le=32)] = 16
    context: Annotated[float, Field(ge=0, le=2)] = 0.5

    @model_validator(mode="after")
    def _is_odd(self) -> "TrackingSection":
        if self.scales % 2 == 0:
            raise ValueError(f"scales is {self.scales}; it must be odd")
        return self


class WalksSection(DataSection):
    """The table `[data]` of a grid: rendered sequences of people and things on their way."""

    kind: Literal["walks"] = "walks"
    train: Annotated[int, Field(ge=1)] = 60
    test: Annotated[int, Field(ge=1)] = 12
    frames: Annotated[int, Field(ge=2)] = 30
    height: Annotated[int, Field(ge=64)] = 192
    width: Annotated[int, Field(ge=64)] = 256
