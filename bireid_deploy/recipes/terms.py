"""What a recipe logs, for progress bars, records and figures."""

from bireid_deploy.tasks import TASKS
from bireid_deploy.training.methods import enabled_methods
from bireid_deploy.training.methods.base import Term
from bireid_deploy.training.recipe import Recipe


def logged_terms(recipe: Recipe) -> tuple[Term, ...]:
    """The main terms of a run: the total, those of its task and of its methods."""
    methods = [term for method in enabled_methods(recipe) for term in method.terms]
    return (Term("total"), *TASKS[recipe.task].terms, *methods)
