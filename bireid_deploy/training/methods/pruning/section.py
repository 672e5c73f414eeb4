"""The table `[pruning]` of a recipe."""

from typing import Annotated, Literal

from pydantic import Field

from bireid_deploy.training.methods.discriminator_section import DiscriminatorSection
from bireid_deploy.training.recipe_sections import (
    MethodSection,
    NonNegative,
    Positive,
    Probability,
)


class PruningSection(MethodSection):
    """Pruned RBCN, eq. 3.77-3.96: soft masks M that FISTA moves, towards the unpruned network.

    `train` wants `--init RUN --teacher RUN`, both the trained 1-bit network, and the recipe
    `network.masks = true`. `data_weight`: of eq. 3.80. `adversarial_weight`: of the generator's
    least squares against D on the output. `sparsity_weight`: lambda of eq. 3.81. `mask_rate`: eta
    of eq. 3.86. `norm`: `trimmed` shrinks only the smallest numbers of all masks, of the share
    `target`, so that no more become zero; `l1` is the norm of eq. 3.81, under which all of them
    shrink, and knows no target. `until`: share of the training after which
    the masks stand still, so that what is left learns to do without the rest.
    """

    data_weight: NonNegative = 1.0
    adversarial_weight: NonNegative = 1.0
    sparsity_weight: NonNegative = 0.6
    mask_rate: Positive = 0.01
    norm: Literal["trimmed", "l1"] = "trimmed"
    target: Annotated[float, Field(gt=0, lt=1)] = 0.3
    until: Probability = 0.5
    discriminator: DiscriminatorSection = DiscriminatorSection()
