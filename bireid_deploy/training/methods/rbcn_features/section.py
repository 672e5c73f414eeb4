"""The table `[rbcn_features]` of a recipe."""

from typing import Annotated, Literal

from pydantic import Field

from bireid_deploy.training.methods.discriminator_section import DiscriminatorSection
from bireid_deploy.training.recipe_sections import MethodSection, NonNegative


class RbcnFeaturesSection(MethodSection):
    """The GAN of RBCN, eq. 3.63 and 3.65, one discriminator per binary layer.

    It learns from the real-valued run that `train --teacher` names, of the same backbone and
    wiring. `tap`: the maps that are compared: of the convolutions (`conv`), or behind their batch
    normalisations (`norm`), where real-valued and 1-bit ones have one scale. `discriminator_input`:
    what one sample is: a spatial position, or the spatial mean. `sampled_positions`: positions
    drawn per image in each step; 0 takes them all.
    """

    adversarial_weight: NonNegative = 1.0
    tap: Literal["conv", "norm"] = "norm"
    discriminator_input: Literal["positions", "gap"] = "positions"
    sampled_positions: Annotated[int, Field(ge=0)] = 16
    discriminator: DiscriminatorSection = DiscriminatorSection()
