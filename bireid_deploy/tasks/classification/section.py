"""The table `[classification]` of a recipe."""

from typing import Annotated

from pydantic import Field

from bireid_deploy.training.recipe_sections import Section


class ClassificationSection(Section):
    """`images_per_class`: of each class, the first so many images train; None takes all."""

    images_per_class: Annotated[int, Field(ge=1)] | None = None
