"""Figures of docs/results.md as SVG, the same bytes for the same records."""

from pathlib import Path
from typing import Any

from experiment_records import Experiment

from bireid_deploy.experiments.kinds import task_of
from bireid_deploy.tasks import TASKS

ACCENT, MUTED, GRID = "#c2410c", "#475569", "#e2e8f0"
# Okabe and Ito's palette, its yellow darkened, for colour-blind readers; brown and grey beside.
COLOURS = (
    "#0072b2", "#56b4e9", "#009e73", "#b5a400", "#cc79a7", "#999999", "#e69f00", "#8c6d31",
    "#d55e00", "#000000",
)  # fmt: skip

STYLE = {
    "font.family": "sans-serif",
    "font.size": 9,
    # Text stays text, and ids depend on nothing but the drawing.
    "svg.fonttype": "none",
    "svg.hashsalt": "bireid-deploy",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": GRID,
    "axes.axisbelow": True,
}
# What is a cross-entropy, by its name in the history of a run.
_LOSSES = {"identity": "cross-entropy"}
_SWEPT = {
    "lambda": ("kernel_refining", "λ, weight of the kernel MSE"),
    "mu": ("feature_refining", "μ, weight of the feature MSE"),
}


def figures_of(measured: Experiment) -> dict[str, str]:
    """Names of the files that show an experiment, with what they show; none for a single seed."""
    main = next(iter(measured.scores.values()))
    if measured.name == "sweeps":
        return {"sweeps.svg": f"{main} over lambda and mu"}
    if not measured.repeated or measured.elsewhere:
        return {}
    return {
        f"{measured.name}_scores.svg": f"{main} by method with 95 % confidence intervals",
        f"{measured.name}_losses.svg": f"{_loss(measured)[1]} in training by method, mean over "
        "seeds",
    }


def _loss(measured: Experiment) -> tuple[str, str]:
    """The first loss of the task: its key in the history of a run, and what figures call it."""
    task = TASKS[task_of(measured.records[0]["data"]["kind"])]
    name = next(term.name for term in task.terms if term.is_loss)
    return name, _LOSSES.get(name, f"{name} loss")


def draw_figures(measured: Experiment, folder: Path) -> None:
    """Draw what `figures_of` names into a folder."""
    import matplotlib

    matplotlib.use("svg")
    with matplotlib.rc_context(STYLE):
        if measured.name == "sweeps":
            _draw_sweeps(measured, folder / "sweeps.svg")
        elif measured.repeated and not measured.elsewhere:
            _draw_scores(measured, folder / f"{measured.name}_scores.svg")
            _draw_losses(measured, folder / f"{measured.name}_losses.svg")


def _draw_scores(measured: Experiment, path: Path) -> None:
    from matplotlib import pyplot

    summaries = measured.summaries
    name, heading = next(iter(measured.scores.items()))
    figure, axes = pyplot.subplots(figsize=(6.4, 0.6 + 0.32 * len(summaries)))
    for row, summary in enumerate(summaries):
        interval = summary.scores[name]
        axes.errorbar(
            100 * interval.mean,
            row,
            xerr=100 * (interval.half_width or 0),
            fmt="o",
            capsize=3,
            color=ACCENT if summary.run == "bireid" else MUTED,
            # One seed says nothing of others.
            fillstyle="none" if interval.half_width is None else "full",
        )
    axes.set_yticks(range(len(summaries)), [summary.label for summary in summaries])
    axes.invert_yaxis()
    axes.set_xlabel(f"{heading}, percent")
    axes.set_title(f"{heading} by method, 95 % intervals over seeds", loc="left")
    save(figure, path)


def _draw_losses(measured: Experiment, path: Path) -> None:
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7.4, 3.6))
    name, heading = _loss(measured)
    curves = {
        summary.label: [record["history"][name] for record in measured.of(summary.run)]
        for summary in measured.summaries
        # A method may learn from its teacher alone, and what was converted learned nothing.
        if name in measured.of(summary.run)[0]["history"]
    }
    for colour, (label, histories) in zip(COLOURS, curves.items(), strict=False):
        means = [sum(values) / len(values) for values in zip(*histories, strict=True)]
        axes.plot(range(1, len(means) + 1), means, color=colour, label=label, linewidth=1.4)
    axes.set_xlabel("epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.set_ylabel(heading)
    axes.set_title(f"{heading[0].upper()}{heading[1:]} in training, mean over seeds", loc="left")
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False)
    save(figure, path)


def _draw_sweeps(measured: Experiment, path: Path) -> None:
    from matplotlib import pyplot

    name, heading = next(iter(measured.scores.items()))
    figure, panels = pyplot.subplots(1, 2, figsize=(7.4, 2.8), sharey=True)
    for axes, (prefix, (section, label)) in zip(panels, _SWEPT.items(), strict=True):
        points = [
            (_weight(measured, summary.run, section), summary.scores[name])
            for summary in measured.summaries
            if summary.run.startswith(f"{prefix}-")
        ]
        axes.errorbar(
            [weight for weight, _ in points],
            [100 * interval.mean for _, interval in points],
            yerr=[100 * (interval.half_width or 0) for _, interval in points],
            fmt="o-",
            capsize=3,
            color=MUTED,
        )
        axes.set_xlabel(label, loc="left")
        axes.ticklabel_format(axis="x", style="sci", scilimits=(0, 0))
    panels[0].set_ylabel(f"{heading}, percent")
    panels[0].set_title(f"{heading} over two weights, one seed", loc="left")
    save(figure, path)


def _weight(measured: Experiment, run: str, section: str) -> float:
    weight: float = measured.of(run)[0]["recipe"][section]["mse_weight"]
    return weight


def save(figure: Any, path: Path) -> None:
    """Write a figure, the same bytes for the same drawing, and close it."""
    from matplotlib import pyplot

    path.parent.mkdir(parents=True, exist_ok=True)
    # White behind, so that a dark page shows black text.
    figure.savefig(
        path, bbox_inches="tight", facecolor="white", metadata={"Date": None, "Creator": None}
    )
    pyplot.close(figure)
