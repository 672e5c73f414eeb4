"""What the seeds of every run say together: means and confidence intervals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bireid_deploy.experiments.kinds import scores_of
from bireid_deploy.experiments.statistics import Interval, confidence_interval


@dataclass(frozen=True)
class Summary:
    """One run of a grid over its seeds.

    Attributes:
        run: Name.
        label: What tables call it.
        seeds: Seeds that are finished.
        scores: Mean and interval of every score, shares from 0 to 1, by its name in the records.
    """

    run: str
    label: str
    seeds: tuple[int, ...]
    scores: dict[str, Interval]

    def to_json(self) -> dict[str, Any]:
        """As `--json` prints it; `half_width` of the 95 % interval, null for a single seed."""
        scores = {name: vars(interval) for name, interval in self.scores.items()}
        return {"run": self.run, "label": self.label, "seeds": list(self.seeds), "scores": scores}


def summarise(records: Sequence[dict[str, Any]]) -> list[Summary]:
    """Group records by run.

    Args:
        records: Records of finished runs of one grid.

    Returns:
        One summary per run, in the order in which the runs first appear.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for record in records:
        groups.setdefault(record["run"], []).append(record)
    return [
        Summary(
            run,
            group[0]["label"],
            tuple(record["seed"] for record in group),
            {
                name: confidence_interval([record["metrics"][name] for record in group])
                for name in scores_of(group[0]["data"]["kind"])
            },
        )
        for run, group in groups.items()
    ]


def percent(interval: Interval, signed: bool = False) -> str:
    """`61.1 ± 1.4` in percent, `61.1` without an interval, `+61.1 ± 1.4` if signed."""
    text = f"{100 * interval.mean:{'+' if signed else ''}z.1f}"
    if interval.half_width is None:
        return text
    return f"{text} ± {100 * interval.half_width:.1f}"
