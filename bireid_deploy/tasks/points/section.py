"""The table `[points]` of a recipe, and that of clouds of ten shapes in a grid."""

from typing import Annotated, Literal

from pydantic import Field

from bireid_deploy.tasks.base import DataSection
from bireid_deploy.training.recipe_sections import NonNegative, Section


class PointsSection(Section):
    """How clouds are changed in training; `network.input_height` says how many points there are.

    `rotate`: whether a cloud is turned by any angle about its up axis. `jitter`, `jitter_limit`:
    standard deviation of what is added to every coordinate, and where that is cut, in radii.
    `up_axis`: the axis of the data that points up; a bundle says it to its callers.
    """

    rotate: bool = True
    jitter: NonNegative = 0.01
    jitter_limit: NonNegative = 0.05
    up_axis: Literal["x", "y", "z"] = "y"


class ShapesSection(DataSection):
    """The table `[data]` of a grid: clouds of ten shapes; `train` and `test` are of each shape."""

    kind: Literal["point_shapes"] = "point_shapes"
    train: Annotated[int, Field(ge=1)] = 80
    test: Annotated[int, Field(ge=1)] = 20
    size: Annotated[int, Field(ge=8)] = 2048
