"""The GAN of RBCN: the maps of a 1-bit network against those of its real-valued counterpart."""

from bireid_deploy.errors import TrainingError
from bireid_deploy.training.methods.base import MethodContext, MethodStep, Term
from bireid_deploy.training.methods.rbcn_features.section import RbcnFeaturesSection
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.teacher_cache import is_bundle


class RbcnFeatures:
    """The row of `METHODS`."""

    section = RbcnFeaturesSection
    terms = (Term("rbcn_adversarial"), Term("rbcn_discriminator", is_loss=False))
    learns_from_teacher = True
    per_replica = "the discriminators see places of its own images"

    def check(self, recipe: Recipe) -> None:
        """It needs 1-bit kernels; whether the teacher fits, `build` sees."""
        if recipe.network.precision != "binary":
            raise ValueError("rbcn_features needs 1-bit kernels: set network.precision='binary'")

    def build(self, context: MethodContext) -> MethodStep:
        """Open the teacher, and make a discriminator for every binary layer.

        Raises:
            TrainingError: The teacher is no run, or its network does not fit.
        """
        from bireid_deploy.training.methods.rbcn_features.game import FeatureGame

        assert context.teacher is not None  # `require_teacher` has seen to it
        if context.teacher.is_file() or is_bundle(context.teacher):
            what = "cache" if context.teacher.is_file() else "bundle"
            raise TrainingError(
                f"{context.teacher}: a {what}, which holds no maps to learn from; give "
                "rbcn_features a real-valued run with --teacher"
            )
        options = context.recipe.section(RbcnFeaturesSection)
        return FeatureGame.open(context.teacher, context.network, options, context.recipe.seed)
