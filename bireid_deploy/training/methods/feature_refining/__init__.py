"""FR-GAL: adversarial refinement of features (BiRe-ID, eq. 6.12-6.15)."""

from bireid_deploy.training.features import require_features
from bireid_deploy.training.methods.base import MethodContext, MethodStep, Term
from bireid_deploy.training.methods.feature_refining.section import FeatureRefiningSection
from bireid_deploy.training.recipe import Recipe


class FeatureRefiningMethod:
    """The row of `METHODS`."""

    section = FeatureRefiningSection
    terms = (
        Term("feature_adversarial"),
        Term("feature_mse"),
        Term("target_variance", shown=False, is_loss=False),
    )
    learns_from_teacher = False
    per_replica = "the discriminators see places of its own images"

    def check(self, recipe: Recipe) -> None:
        """It fits every recipe; whether the network has the stages that it pairs, `build` sees."""

    def build(self, context: MethodContext) -> MethodStep:
        """Projections and discriminators for the pairs of stages."""
        from bireid_deploy.training.methods.feature_refining.game import FeatureRefining

        options = context.recipe.section(FeatureRefiningSection)
        stages = [stage for pair in options.pairs for stage in (pair.low, pair.high)]
        require_features(context.network, stages, "feature_refining")
        return FeatureRefining.build(context.network.features, options, context.recipe.seed)
