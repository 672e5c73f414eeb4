"""Where the training loop stands; saved with every checkpoint."""

import math
from collections.abc import Mapping
from typing import Any

from bireid_deploy.errors import TrainingError


class LoopState:
    """Where the loop stands, and the sums of the epoch in progress.

    Attributes:
        epoch: Epochs that are done.
        batch: Batches of the epoch in progress that are done.
        step: Steps that are done.
        sums: Sum of every term over the epoch in progress.
        images: Images of the epoch in progress whose time counts.
        seconds: That time.
        history: One summary per epoch.
    """

    def __init__(self) -> None:
        self.epoch = 0
        self.batch = 0
        self.step = 0
        self.sums: dict[str, float] = {}
        self.images = 0
        self.seconds = 0.0
        self.history: list[dict[str, float]] = []
        self._compiled = False

    def add(self, terms: dict[str, float], images: int, seconds: float) -> None:
        """Count a step."""
        for name, value in terms.items():
            self.sums[name] = self.sums.get(name, 0.0) + value
        self.batch += 1
        self.step += 1
        # The first step of a process compiles the graph, so it says nothing about speed.
        if self._compiled:
            self.images += images
            self.seconds += seconds
        self._compiled = True

    def end_epoch(self, figures: Mapping[str, float] | None = None) -> dict[str, float]:
        """Close the epoch; returns the mean of every term, `images_per_second`, and `figures`."""
        summary = {name: value / max(1, self.batch) for name, value in self.sums.items()}
        summary |= figures or {}
        summary["images_per_second"] = self.images / self.seconds if self.seconds else 0.0
        self.history.append(summary)
        self.epoch, self.batch, self.sums, self.images, self.seconds = self.epoch + 1, 0, {}, 0, 0.0
        return summary

    def to_json(self) -> dict[str, Any]:
        """What a checkpoint holds."""
        return {name: value for name, value in vars(self).items() if not name.startswith("_")}

    @classmethod
    def from_json(cls, values: Any, source: str) -> "LoopState":
        """Read what `to_json` gave.

        Args:
            values: As parsed from the checkpoint, untrusted.
            source: The checkpoint, for messages.

        Raises:
            TrainingError: A value is missing, of another type or out of range.
        """
        state = cls()
        fields = state.to_json()
        if not isinstance(values, dict) or values.keys() != fields.keys():
            raise TrainingError(f"{source}: damaged checkpoint: its loop state lacks a value")
        checks = {
            "sums": _is_summary,
            "history": lambda found: isinstance(found, list) and all(map(_is_summary, found)),
            "seconds": lambda found: _is_number(found) and found >= 0,
        }
        for name in fields:
            if not checks.get(name, _is_count)(values[name]):
                raise TrainingError(
                    f"{source}: damaged checkpoint: {name} of its loop state is not possible"
                )
            setattr(state, name, values[name])
        if len(state.history) != state.epoch:
            raise TrainingError(
                f"{source}: damaged checkpoint: {len(state.history)} summaries of {state.epoch} "
                "epochs"
            )
        return state


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**31


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_summary(value: Any) -> bool:
    return isinstance(value, Mapping) and all(
        isinstance(name, str) and _is_number(number) for name, number in value.items()
    )
