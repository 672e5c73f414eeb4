"""Distillation: learning from the outputs of a trained network."""

from pathlib import Path

from bireid_deploy.training.methods.base import MethodContext, MethodStep, Term
from bireid_deploy.training.methods.distillation.reading import (
    is_checkpoint,
    refuse_settings,
    said_of_checkpoint,
)
from bireid_deploy.training.methods.distillation.section import DistillationSection
from bireid_deploy.training.recipe import Recipe
from bireid_deploy.training.teacher_cache import is_bundle


class Distillation:
    """The row of `METHODS`."""

    section = DistillationSection
    terms = (Term("distillation"),)
    learns_from_teacher = True
    per_replica = "the teacher is asked about its own batch, relations included"

    def check(self, recipe: Recipe) -> None:
        """It fits every network; whether the teacher does, `build` sees."""

    def said_of_teacher(self, recipe: Recipe, teacher: Path) -> tuple[str, ...]:
        """What a checkpoint was taken for; of other teachers nothing has to be said."""
        if not is_checkpoint(teacher):
            return ()
        return said_of_checkpoint(teacher, recipe.section(DistillationSection).checkpoint)

    def build(self, context: MethodContext) -> MethodStep:
        """Open the teacher: a run, a bundle, the file of a cache, or a checkpoint."""
        from bireid_deploy.training.methods.distillation.bundled import open_bundle
        from bireid_deploy.training.methods.distillation.cached import open_cache
        from bireid_deploy.training.methods.distillation.foreign import open_checkpoint
        from bireid_deploy.training.methods.distillation.teacher import open_teacher

        assert context.teacher is not None  # `require_teacher` has seen to it
        options = context.recipe.section(DistillationSection)
        if is_checkpoint(context.teacher):
            return open_checkpoint(context.teacher, options, context)
        refuse_settings(context.teacher, options.checkpoint)
        if context.teacher.is_file():
            return open_cache(context.teacher, options, context)
        if is_bundle(context.teacher):
            return open_bundle(context.teacher, options, context)
        return open_teacher(context.teacher, options, context.network, context.data)
