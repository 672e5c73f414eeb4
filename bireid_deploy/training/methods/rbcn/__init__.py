"""RBCN: kernels that a learned matrix C rectifies (Liu et al. 2019, eq. 3.62-3.76 of the book)."""

from bireid_models.binarizations import BINARIZATIONS

from bireid_deploy.training.methods.base import MethodContext, MethodStep, Term
from bireid_deploy.training.methods.rbcn.section import RbcnSection
from bireid_deploy.training.recipe import Recipe


class Rbcn:
    """The row of `METHODS`."""

    section = RbcnSection
    terms = (Term("rectification"),)
    learns_from_teacher = False

    def check(self, recipe: Recipe) -> None:
        """It needs 1-bit kernels with a learned C, or an alpha per channel."""
        network = recipe.network
        if network.precision != "binary":
            raise ValueError("rbcn needs 1-bit kernels: set network.precision='binary'")
        row = BINARIZATIONS[network.binarization]
        if not (row.matrix or row.learned_alpha):
            fitting = [name for name, row in BINARIZATIONS.items() if row.matrix]
            raise ValueError(
                f"rbcn needs a learned C, which {network.binarization!r} has not: set "
                f"network.binarization to {' or '.join(map(repr, fitting))}"
            )

    def build(self, context: MethodContext) -> MethodStep:
        """The kernel loss of all binary layers, and the deployed twin of the network."""
        from bireid_deploy.training.methods.rbcn.rectification import Rectification

        return Rectification(context.network, context.recipe.section(RbcnSection))
