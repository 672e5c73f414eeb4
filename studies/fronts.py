"""Scores against megabytes and milliseconds, and the front: what nothing cheaper scores above."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from experiment_figures import ACCENT, MUTED, STYLE, save
from experiment_records import Experiment
from markdown_table import markdown_table

from bireid_deploy.experiments.statistics import Interval

# Folder of figures' name, heading, and the experiments whose runs have one data set and schedule.
ACROSS = (
    (
        "people_front.svg",
        "Methods and architectures on synthetic people, by size and time",
        ("methods_rbcn", "search"),
    ),
    (
        "cifar_front.svg",
        "Methods and architectures on CIFAR-10, by size and time",
        ("ablation_cifar", "methods_rbcn_cifar"),
    ),
)

# So many points have room for their names.
_FEW = 3


@dataclass(frozen=True)
class Point:
    """One network.

    Attributes:
        label: What figures call it.
        megabytes: Of its file, decimal.
        milliseconds: Of one image.
        score: Percent.
        low, high: Ends of its 95 % interval; both the score where there is none.
        is_binary: Whether it has 1-bit layers.
    """

    label: str
    megabytes: float
    milliseconds: float
    score: float
    low: float
    high: float
    is_binary: bool


def front(points: Sequence[Point], cost: Callable[[Point], float]) -> list[Point]:
    """The points that score above everything that costs no more, from the cheapest on."""
    found: list[Point] = []
    for point in sorted(points, key=lambda each: (cost(each), -each.score)):
        if not found or point.score > found[-1].score:
            found.append(point)
    return found


def points_of(measured: Experiment) -> list[Point]:
    """A point for every run of an experiment that was timed."""
    times = {} if measured.times is None else measured.times["runs"]
    main = next(iter(measured.scores))
    return [
        _point(
            summary.label,
            times[summary.run],
            summary.scores[main],
            measured.of(summary.run)[0]["recipe"]["network"]["precision"] != "real",
        )
        for summary in measured.summaries
        if summary.run in times
    ]


def _point(label: str, time: dict[str, float], score: Interval, is_binary: bool) -> Point:
    half = score.half_width or 0.0
    return Point(
        label,
        time["bytes"] / 1e6,
        time["p10_ms"],
        100 * score.mean,
        100 * (score.mean - half),
        100 * (score.mean + half),
        is_binary,
    )


def across(experiments: Sequence[Experiment], figures: Path) -> list[str]:
    """A part of the page for every row of `ACROSS` that has timed runs, its figure drawn."""
    parts = []
    for file, title, names in ACROSS:
        chosen = [each for each in experiments if each.name in names]
        points = _distinct([point for each in chosen for point in points_of(each)])
        if not points:
            continue
        heading = next(iter(chosen[0].scores.values()))
        draw(points, heading, title, figures / file)
        best = [
            (each.label, f"{each.megabytes:.2f}", f"{each.milliseconds:.2f}", f"{each.score:.1f}")
            for each in front(points, lambda each: each.milliseconds)
        ]
        table = markdown_table(("on the front of time", "MB", "ms", heading), best)
        parts.append(
            f"## {title}\n\nEvery network of the tables above that was timed; the line joins those "
            "that nothing as small, or as fast, scores above. Times as said there.\n\n"
            f"{table}\n![{heading} against MB and against ms](figures/{file})\n"
        )
    return parts


def _distinct(points: Sequence[Point]) -> list[Point]:
    """One point for each label: grids share runs."""
    return list({point.label: point for point in reversed(points)}.values())[::-1]


def draw(points: Sequence[Point], heading: str, title: str, path: Path) -> None:
    """Draw two panels, over size and over time; of many points the front's alone have names.

    Args:
        points: What to draw.
        heading: Of the score.
        title: Of the figure.
        path: SVG.
    """
    import matplotlib

    matplotlib.use("svg")
    with matplotlib.rc_context(STYLE):
        from matplotlib import pyplot

        figure, panels = pyplot.subplots(1, 2, figsize=(9.4, 4.0), sharey=True)
        costs = (lambda each: each.megabytes), (lambda each: each.milliseconds)
        for axes, cost, unit in zip(panels, costs, ("MB", "ms, one core"), strict=True):
            best = front(points, cost)
            axes.plot(
                [cost(each) for each in best],
                [each.score for each in best],
                color=ACCENT,
                linewidth=0.8,
            )
            for each in points:
                axes.errorbar(
                    cost(each),
                    each.score,
                    yerr=[[each.score - each.low], [each.high - each.score]],
                    fmt="o" if each.is_binary else "s",
                    markersize=5,
                    capsize=2,
                    elinewidth=0.7,
                    color=ACCENT if each.is_binary else MUTED,
                )
            for each in points if len(points) <= _FEW else best:
                axes.annotate(
                    each.label,
                    (cost(each), each.score),
                    (5, 5),
                    textcoords="offset points",
                    fontsize=7,
                )
            axes.set_xlim(left=0)
            axes.margins(x=0.25)
            axes.set_xlabel(unit)
        panels[0].set_ylabel(f"{heading}, percent")
        panels[0].set_title(title, loc="left")
        save(figure, path)
