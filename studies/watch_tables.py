"""The part of docs/results.md about watching, from the record in studies/results."""

from collections.abc import Mapping
from typing import Any

from markdown_table import markdown_table


def watched_twins(record: Mapping[str, Any]) -> str:
    """The 1-bit network beside its real-valued twin, as watched_twins.py left it."""
    boxes = record["detector"]
    rows = [
        (
            name,
            f"{network['threshold']:.2f}",
            *(_spread(network[figure], 100) for figure in ("idf1", "hota", "found")),
            _spread(network["joined"], 1),
        )
        for name, network in record["networks"].items()
    ]
    return (
        "## Watching with 1 bit and without\n\n"
        f"{record['scenes']} rendered scenes of {record['people']} people who pass two cameras, "
        f"boxes {'of the truth' if boxes is None else f'by {boxes}'}, nobody enrolled; mean and "
        "deviation over the scenes. Each network decides at the score that takes "
        f"{100 * record['fmr']:g} % of other rendered people for somebody they are not. Found "
        "again: at the other camera; taken for one: pairs of tracks of two people in a scene "
        "([watch.md](watch.md#how-good)).\n\n"
        + markdown_table(
            ("network", "score", "IDF1 by people", "HOTA", "found again, %", "taken for one"), rows
        )
    )


def _spread(values: tuple[float, float], factor: float) -> str:
    mean, deviation = (factor * value for value in values)
    return f"{mean:.1f} \u00b1 {deviation:.1f}"
