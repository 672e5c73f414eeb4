"""The table `[kernel_refining]` of a recipe."""

from typing import Annotated, Literal

from pydantic import Field

from bireid_deploy.training.methods.discriminator_section import DiscriminatorSection
from bireid_deploy.training.recipe_sections import MethodSection, NonNegative


class KernelRefiningSection(MethodSection):
    """KR-GAL, eq. 6.9-6.11.

    `mse_gradient`: `direct` treats sign(w) as a constant (eq. 6.21), `total` adds the path through
    it. `saturating`: the generator descends log(1 - D), as printed; otherwise it ascends log D.
    `filters_per_step`: filters of a layer that the discriminator sees in one step, for speed; the
    filters take turns, and 0 shows it all of them.
    """

    mse_weight: NonNegative = 5e-5
    mse_reduction: Literal["sum", "mean"] = "sum"
    mse_gradient: Literal["direct", "total"] = "direct"
    adversarial_weight: NonNegative = 1.0
    saturating: bool = True
    filters_per_step: Annotated[int, Field(ge=0)] = 64
    discriminator: DiscriminatorSection = DiscriminatorSection()
