"""KR-GAL: adversarial refinement of 1-bit kernels (BiRe-ID, eq. 6.9-6.11)."""

from bireid_models.binarizations import BINARIZATIONS

from bireid_deploy.training.methods.base import MethodContext, MethodStep, Term
from bireid_deploy.training.methods.kernel_refining.section import KernelRefiningSection
from bireid_deploy.training.recipe import Recipe


class KernelRefiningMethod:
    """The row of `METHODS`."""

    section = KernelRefiningSection
    terms = (
        Term("kernel_adversarial"),
        Term("kernel_mse"),
    )
    learns_from_teacher = False
    per_replica = "the discriminators see the same filters everywhere"

    def check(self, recipe: Recipe) -> None:
        """It needs 1-bit kernels with a learned alpha."""
        network = recipe.network
        if network.precision != "binary":
            raise ValueError("kernel_refining needs 1-bit kernels: set network.precision='binary'")
        if not BINARIZATIONS[network.binarization].learned_alpha:
            fitting = [name for name, row in BINARIZATIONS.items() if row.learned_alpha]
            raise ValueError(
                f"kernel_refining needs a learned alpha, which {network.binarization!r} has "
                f"not: set network.binarization to {' or '.join(map(repr, fitting))}"
            )

    def build(self, context: MethodContext) -> MethodStep:
        """Discriminators for the binary layers of the network."""
        from bireid_models.layers import binary_layers

        from bireid_deploy.training.methods.kernel_refining.game import KernelRefining

        layers = binary_layers(context.network.model)
        return KernelRefining.build(layers, context.recipe.section(KernelRefiningSection))
