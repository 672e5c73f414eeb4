"""The table `[rbcn]` of a recipe."""

from typing import Annotated, Literal

from pydantic import Field

from bireid_deploy.training.recipe_sections import MethodSection, NonNegative


class RbcnSection(MethodSection):
    """The kernel loss of RBCN, eq. 3.64, and what happens after every epoch.

    `kernel_weight` is lambda1. `kernel_gradient`: `total` is the whole derivative of the loss for
    the latent kernels, `direct` treats their signs as constant, `literal` takes the path through
    the signs alone, as eq. 3.67 and 3.71 print it: it drives kernels away from C and stands here
    for the record. `others_share`: the update strategy "B": after each epoch everything but kernels
    and C learns from so many further batches, in shares of an epoch. `statistics_batches`: batches
    after each epoch from which the deployed network, which has the mean of C, gets the statistics
    of its batch normalisations; 0 leaves it those of C.
    """

    kernel_weight: NonNegative = 1e-4
    kernel_gradient: Literal["total", "direct", "literal"] = "total"
    others_share: Annotated[float, Field(ge=0, le=1)] = 0.0
    statistics_batches: Annotated[int, Field(ge=0)] = 20
