"""Pruned RBCN: structures of a trained 1-bit network that soft masks take out of it."""

from bireid_deploy.training.methods.base import MethodContext, MethodStep, Term
from bireid_deploy.training.methods.pruning.section import PruningSection
from bireid_deploy.training.recipe import Recipe


class Pruning:
    """The row of `METHODS`."""

    section = PruningSection
    terms = (
        Term("pruning_data"),
        Term("pruning_adversarial"),
        Term("masked_share", is_loss=False),
    )
    learns_from_teacher = True

    def check(self, recipe: Recipe) -> None:
        """It needs a 1-bit network with masks."""
        if recipe.network.precision != "binary" or not recipe.network.masks:
            raise ValueError(
                "pruning needs a 1-bit network with masks: set network.precision='binary' and "
                "network.masks=true"
            )

    def build(self, context: MethodContext) -> MethodStep:
        """Open the unpruned network, and make a discriminator for the output."""
        from bireid_deploy.training.methods.pruning.game import PruningGame

        assert context.teacher is not None  # `require_teacher` has seen to it
        options = context.recipe.section(PruningSection)
        return PruningGame.open(context.teacher, context.network, options)
