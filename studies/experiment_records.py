"""What the experiments of studies/results/experiments measured, in the order of their grids."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bireid_deploy.experiments.grid import find_grid, load_grid
from bireid_deploy.experiments.statistics import Interval, confidence_interval
from bireid_deploy.experiments.summary import Summary, scores_of, summarise


@dataclass(frozen=True)
class Experiment:
    """The records of one grid.

    Attributes:
        name: Name of the folder: that of the grid, or GRID@DATA.
        records: Records of finished runs, in the order of the grid, then of their seeds; what was
            converted from a run comes behind it.
        times: What record_times.py wrote of the grid, if it was run.
    """

    name: str
    records: tuple[dict[str, Any], ...]
    times: dict[str, Any] | None = None

    @property
    def grid(self) -> str:
        """Name of the grid that trained the runs."""
        return self.name.partition("@")[0]

    @property
    def elsewhere(self) -> bool:
        """Whether they are measured on data that they were not trained on."""
        return "@" in self.name

    @property
    def summaries(self) -> list[Summary]:
        """One summary per run."""
        return summarise(self.records)

    @property
    def repeated(self) -> bool:
        """Whether any run has more than one seed."""
        return any(len(summary.seeds) > 1 for summary in self.summaries)

    @property
    def scores(self) -> dict[str, str]:
        """Scores of this kind of data and their headings, the main one first."""
        return scores_of(self.records[0]["data"]["kind"])

    def of(self, run: str) -> list[dict[str, Any]]:
        """The records of one run."""
        return [record for record in self.records if record["run"] == run]

    def spread(self, run: str, score: str) -> Interval:
        """Mean and interval of one of a run's measurements over its seeds."""
        return confidence_interval([record["metrics"][score] for record in self.of(run)])

    def gain(self, run: str, reference: str, score: str) -> Interval | None:
        """Difference of two runs, seed by seed: the same people, batches and augmentation.

        Args:
            run: Run.
            reference: Run that is subtracted.
            score: Name of the score, a share from 0 to 1.

        Returns:
            Mean and interval over the seeds that both have; None where there is none.
        """
        ours, theirs = (
            {record["seed"]: record["metrics"][score] for record in self.of(name)}
            for name in (run, reference)
        )
        seeds = ours.keys() & theirs.keys()
        if run == reference or not seeds:
            return None
        return confidence_interval([ours[seed] - theirs[seed] for seed in seeds])


def read_experiment(folder: Path) -> Experiment | None:
    """Read the records of one experiment; None where there are none.

    Args:
        folder: `experiments/NAME` in the folder of results, whose `times/NAME.json` is read too.

    Raises:
        ValueError: A record is of a run that the grid does not have.
    """
    records = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    if not records:
        return None
    measured = Experiment(folder.name, ())
    order = [entry.name for entry in load_grid(find_grid(measured.grid)).run]

    def position(record: dict[str, Any]) -> tuple[int, str, int]:
        trained = record.get("converted_from", record["run"])
        return order.index(trained), record["run"], record["seed"]

    records.sort(key=position)
    times = folder.parent.with_name("times") / f"{folder.name}.json"
    return Experiment(
        folder.name,
        tuple(records),
        json.loads(times.read_text()) if times.exists() else None,
    )
