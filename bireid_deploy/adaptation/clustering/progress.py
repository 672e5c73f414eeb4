"""How clusters changed from epoch to epoch: a line of JSON each, and a picture."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bireid_runtime.files import atomic_file

from bireid_deploy.extras import is_installed
from bireid_deploy.training.reporter import Reporter
from bireid_deploy.training.run_directory import RunDirectory

LOG_NAME, FIGURE_NAME = "clusters.jsonl", "clusters.png"
SHOWN = ("clusters", "noise_share", "agreement", "cluster", "camera")
"""Of the history of such a run, what a line has room for."""
_LOGGED = ("clusters", "noise_share", "shared_share", "agreement", "total")


class ClusterReporter:
    """Passes everything on, and keeps log and picture beside the record of the run.

    Both are written from the record, so that they are whole after a resumed run too.

    Args:
        inner: Who else is told.
        run: Where to.
    """

    def __init__(self, inner: Reporter, run: RunDirectory) -> None:
        self._inner, self._run = inner, run

    def step(self, epoch: int, batch: int, batches: int, terms: dict[str, float]) -> None:
        """Passed on."""
        self._inner.step(epoch, batch, batches, terms)

    def epoch(self, epoch: int, summary: dict[str, float]) -> None:
        """Passed on, and written down."""
        self._inner.epoch(epoch, summary)
        history = self._run.read_record()["history"]
        write_log(history, self._run.path / LOG_NAME)
        if can_draw():
            draw(history, self._run.path / FIGURE_NAME)


def can_draw() -> bool:
    """Whether matplotlib, of the extra `figures`, is installed."""
    return is_installed("matplotlib")


def write_log(history: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Write one JSON object per epoch: `epoch` from 1, and the figures of its clusters."""
    with atomic_file(path) as file:
        for epoch, summary in enumerate(history, start=1):
            line = {"epoch": epoch, **{name: summary[name] for name in _LOGGED}}
            file.write(f"{json.dumps(line)}\n".encode())


def draw(history: Sequence[Mapping[str, Any]], path: Path) -> None:
    """Draw clusters, noise and agreement by epoch; needs matplotlib."""
    from matplotlib.figure import Figure

    epochs = range(1, len(history) + 1)
    figure = Figure(figsize=(5, 5), layout="constrained")
    above, below = figure.subplots(2, sharex=True)
    above.plot(epochs, [each["clusters"] for each in history], marker="o", color="black")
    above.set_ylabel("clusters")
    above.set_ylim(bottom=0)
    for name, label in (
        ("noise_share", "crops that are noise"),
        ("shared_share", "clusters of two cameras or more"),
        ("agreement", "agreement with the epoch before (ARI)"),
    ):
        # The first epoch has none before it.
        first = 1 if name == "agreement" else 0
        below.plot(
            list(epochs)[first:], [each[name] for each in history[first:]], marker="o", label=label
        )
    below.set_ylim(-0.02, 1.02)
    below.set_xlabel("epoch")
    below.xaxis.get_major_locator().set_params(integer=True)
    figure.legend(loc="outside lower center", fontsize="small")
    with atomic_file(path) as file:
        figure.savefig(file, format="png", dpi=120)
