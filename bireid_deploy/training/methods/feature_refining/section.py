"""The table `[feature_refining]` of a recipe."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from bireid_deploy.training.methods.discriminator_section import DiscriminatorSection
from bireid_deploy.training.recipe_sections import (
    MethodSection,
    NonNegative,
    Probability,
    Section,
)

Stage = Literal["stage1", "stage2", "stage3", "stage4"]


class FeaturePair(Section):
    """A low-level map that is pulled towards a high-level one."""

    low: Stage
    high: Stage = "stage4"

    @model_validator(mode="after")
    def _is_ordered(self) -> "FeaturePair":
        if self.low >= self.high:
            raise ValueError(f"low ({self.low}) must come before high ({self.high})")
        return self


class FeatureRefiningSection(MethodSection):
    """FR-GAL, eq. 6.12-6.15.

    `trainable_projection`: whether the 1x1 convolution of eq. 6.12 learns, from the MSE alone.
    `discriminator_input`: what one sample is: a spatial position, the spatial mean, or the
    flattened map. `sampled_positions`: positions drawn per image in each step; 0 takes them all.
    `foreground_share`: of those, the share that is drawn where the task's targets lie, such as in
    the boxes of a detector; a batch without any draws them anywhere.
    """

    pairs: Annotated[tuple[FeaturePair, ...], Field(min_length=1)] = (
        FeaturePair(low="stage1"),
        FeaturePair(low="stage2"),
        FeaturePair(low="stage3"),
    )
    mse_weight: NonNegative = 5e-3
    mse_reduction: Literal["sum", "mean"] = "mean"
    adversarial_weight: NonNegative = 1.0
    saturating: bool = True
    trainable_projection: bool = True
    discriminator_input: Literal["positions", "gap", "flatten"] = "positions"
    sampled_positions: Annotated[int, Field(ge=0)] = 16
    foreground_share: Probability = 0.0
    discriminator: DiscriminatorSection = DiscriminatorSection()

    @model_validator(mode="after")
    def _share_is_of_sampled_positions(self) -> "FeatureRefiningSection":
        sampled = self.discriminator_input == "positions" and self.sampled_positions > 0
        if self.foreground_share > 0 and not sampled:
            raise ValueError(
                "foreground_share needs discriminator_input='positions' and sampled_positions > 0"
            )
        return self
