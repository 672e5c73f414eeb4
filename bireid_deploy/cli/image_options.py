"""Options that say how images are prepared for a network that does not say it itself."""

import re
from collections.abc import Callable
from typing import Any

import click

from bireid_deploy.data.resizes import RESIZES


class _Size(click.ParamType):
    name = "HxW"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, int]:
        found = re.fullmatch(r"(\d{1,4})x(\d{1,4})", str(value))
        if found is None or "0" in found.groups():
            self.fail(f"{value!r} is no height and width such as 256x128", param, ctx)
        return int(found[1]), int(found[2])


class _Colours(click.ParamType):
    name = "R,G,B"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[float, ...]:
        try:
            numbers = tuple(float(part) for part in str(value).split(","))
        except ValueError:
            numbers = ()
        if len(numbers) != 3:
            self.fail(f"{value!r} is no red, green and blue such as 0.5,0.5,0.5", param, ctx)
        return numbers


def image_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options `--size`, `--resize`, `--mean` and `--std`."""
    for option in reversed(
        (
            click.option(
                "--size", type=_Size(), help="Height and width of its images, such as 256x128."
            ),
            click.option(
                "--resize",
                type=click.Choice(list(RESIZES)),
                help="How its images are resized: as Pillow does, or plain (OpenCV's geometry).",
            ),
            click.option(
                "--mean", type=_Colours(), help="Mean of its images, on the scale 0 to 1."
            ),
            click.option("--std", type=_Colours(), help="Standard deviation of its images."),
        )
    ):
        command = option(command)
    return command
