"""Times as a person gives them, and as they are shown."""

from datetime import datetime

import click


class Moment(click.ParamType):
    """A date, or a date and a time, of this machine's time zone unless it says one."""

    name = "time"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Seconds since 1970."""
        try:
            return datetime.fromisoformat(str(value)).timestamp()
        except ValueError:
            self.fail(f"{value!r} is no time like 2026-11-28 or 2026-11-28T14:05", param, ctx)


def shown(seconds: float | None) -> str:
    """A time of this machine's time zone, from seconds since 1970; `-` for none."""
    if seconds is None:
        return "-"
    return datetime.fromtimestamp(seconds).strftime("%Y-%m-%d %H:%M:%S")
