"""How a comparison looks: a model takes two lines, figures above and their intervals below."""

import textwrap
from typing import TYPE_CHECKING

from bireid_deploy.cli.console import emit_table, message

if TYPE_CHECKING:
    from bireid_deploy.api import Comparison
    from bireid_deploy.comparison.comparison import Row

_NAME_WIDTH = 17
_SHOWN_SCORES = 2


def emit_comparison(found: "Comparison") -> None:
    """Print the table on stdout, and what it says of the main score in words on stderr."""
    shown = list(found.task.scores)[:_SHOWN_SCORES]
    main, heading = shown[0], found.task.scores[shown[0]]
    rows: list[tuple[str, ...]] = []
    for row in found.rows:
        rows += _lines(row, shown, main)
    columns = (
        "model",
        *(found.task.scores[name] for name in shown),
        f"{heading} - 1st",
        "alike",
        "MB",
        "ms",
    )
    over = f", 95 % over {found.groups} {found.group_name}" if found.groups else ""
    emit_table(f"{found.data}{over}", columns, rows)
    for row in found.rows[1:]:
        if main in row.differences:
            message(verdict(row, found, main))
    if any(row.measured.milliseconds is not None for row in found.rows):
        message(f"ms: the network alone, median, {found.threads} thread(s), this machine")


def verdict(row: "Row", found: "Comparison", score: str) -> str:
    """One sentence on a model and the first one: what the test set can tell of a score."""
    difference = row.differences[score]
    low, high = (100 * each for each in difference.interval)
    points = f"{abs(100 * difference.value):.1f} points of {found.task.scores[score]}"
    where = "above" if difference.value > 0 else "below"
    told = (
        f"{found.groups} {found.group_name} cannot tell them apart"
        if low <= 0 <= high
        else "more than chance"
    )
    return (
        f"{row.measured.model}: {points} {where} {found.rows[0].measured.model} "
        f"(95 %: {low:+.1f} to {high:+.1f}): {told}"
    )


def _lines(row: "Row", shown: list[str], main: str) -> list[tuple[str, ...]]:
    measured, difference = row.measured, row.differences.get(main)
    cells = [_percent(measured.report.scores.get(name)) for name in shown]
    below = [_interval(row.intervals.get(name), "-") for name in shown]
    cells.append("-" if difference is None else f"{100 * difference.value:+.1f}")
    below.append("" if difference is None else _interval(difference.interval, ".."))
    cells.append("-" if row.agreement is None else f"{100 * row.agreement.same_first:.0f}%")
    cells.append("-" if measured.bytes is None else _number(measured.bytes / 1e6))
    cells.append("-" if measured.milliseconds is None else _number(measured.milliseconds))
    said = (measured.model, f"({measured.engine})")
    names = [line for text in said for line in textwrap.wrap(text, _NAME_WIDTH)]
    figures = [tuple(cells), (*below, "", "", "")]
    figures += [("",) * len(cells)] * (len(names) - len(figures))
    return [(name, *line) for name, line in zip(names, figures, strict=True)]


def _percent(share: float | None) -> str:
    """At most five characters, so that two fit a column."""
    text = "-" if share is None else f"{100 * share:.1f}"
    return text.removesuffix(".0") if text.endswith("100.0") else text


def _interval(interval: tuple[float, float] | None, between: str) -> str:
    return "" if interval is None else between.join(map(_percent, interval))


def _number(value: float) -> str:
    """At most five characters up to 99,999."""
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"
