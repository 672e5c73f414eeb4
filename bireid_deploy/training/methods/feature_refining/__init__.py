"""FR-GAL: adversarial refinement of features (BiRe-ID, eq. 6.12-6.15)."""

from bireid_deploy.training.methods.base import MethodContext, MethodStep, Term
from bireid_deploy.training.methods.feature_refining.section import FeatureRefiningSection
from bireid_deploy.training.recipe import Recipe


class FeatureRefiningMethod:
    """The row of `METHODS`."""

    section = FeatureRefiningSection
    terms = (
        Term("feature_adversarial"),
        Term("feature_mse"),
        Term("target_variance", shown=False),
    )
    learns_from_teacher = False

    def check(self, recipe: Recipe) -> None:
        """It fits every network: all have the stages that it pairs."""

    def build(self, context: MethodContext) -> MethodStep:
        """Projections and discriminators for the pairs of stages."""
        from bireid_deploy.training.methods.feature_refining.game import FeatureRefining

        options = context.recipe.section(FeatureRefiningSection)
        return FeatureRefining.build(context.network.features, options, context.recipe.seed)
