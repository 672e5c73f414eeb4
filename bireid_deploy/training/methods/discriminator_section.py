"""What a recipe says about a discriminator, whichever method plays against it."""

from typing import Annotated

from pydantic import Field

from bireid_deploy.training.recipe_sections import NonNegative, Section


class DiscriminatorSection(Section):
    """Fully connected discriminator: widths of its hidden blocks and slope of its LeakyReLU."""

    widths: Annotated[tuple[int, ...], Field(min_length=1)] = (128, 256, 128)
    leaky_slope: NonNegative = 0.2
