"""KR-GAL: adversarial refinement of 1-bit kernels (BiRe-ID, eq. 6.9-6.11)."""

from bireid_models.binarization import BINARIZATIONS

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

    def check(self, recipe: Recipe) -> None:
        """It needs 1-bit kernels with a learned alpha."""
        network = recipe.network
        if network.precision != "binary":
            raise ValueError("kernel_refining needs 1-bit kernels: set network.precision='binary'")
        if BINARIZATIONS[network.binarization].scale != "learned":
            raise ValueError(
                f"kernel_refining needs a learned alpha, which {network.binarization!r} has "
                "not: set network.binarization='bireid'"
            )

    def build(self, context: MethodContext) -> MethodStep:
        """Discriminators for the binary layers of the network."""
        from bireid_models.layers import binary_layers

        from bireid_deploy.training.methods.kernel_refining.game import KernelRefining

        layers = binary_layers(context.network.model)
        return KernelRefining.build(layers, context.recipe.section(KernelRefiningSection))
