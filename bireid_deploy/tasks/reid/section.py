"""What grids say about rendered people."""

from typing import Annotated, Literal

from pydantic import Field

from bireid_deploy.tasks.base import DataSection


class SyntheticPeople(DataSection):
    """Synthetic people, rendered once into the experiment's folder."""

    kind: Literal["synthetic"] = "synthetic"
    identities: Annotated[int, Field(ge=2)]
    cameras: Annotated[int, Field(ge=2, le=9)] = 4
    images_per_camera: Annotated[int, Field(ge=2)] = 3
    test_fraction: Annotated[float, Field(gt=0, lt=1)] = 0.5
    height: Annotated[int, Field(ge=32, le=1024)] = 128
    width: Annotated[int, Field(ge=16, le=512)] = 64
    styles: Annotated[int, Field(ge=1, le=1000)] = 1
