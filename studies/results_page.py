"""Write docs/results.md and its figures from studies/results; run it with `make results`."""

import json
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import arm_tables
import experiment_tables
import scale_tables
import speed_tables
import watch_tables
from experiment_figures import draw_figures
from experiment_records import read_experiment
from fronts import across
from results_answers import answers
from tradeoffs import tradeoffs

RESULTS = Path(__file__).parent / "results"
PAGE = Path(__file__).parent.parent / "docs" / "results.md"
FIGURES = PAGE.parent / "figures"

# Table (a folder of results), its heading, and what a reader must know beside the numbers.
TABLES = (
    (
        "synthetic",
        "Synthetic people, 500 to train, 200 to test",
        "Rendered pedestrians under four cameras. The numbers compare methods and engines on one "
        "small task; they say nothing about real people.",
    ),
    (
        "pku_reid",
        "PKU-Reid, real people, 37 to train, 37 to test",
        "A subset of 74 people, two cameras, our own split (not a published protocol): 592 images "
        "to train, 74 queries, 518 in the gallery. Neither pictures nor trained weights are "
        "distributed. 74 queries are few: a point of rank-1 is less than one query.",
    ),
    (
        "short_runs",
        "Adversarial weights and kernel rates in short training",
        "96 synthetic people to train, 64 to test, 12 epochs (216 steps), recipe `demo` with the "
        "settings in the first column, kernel rate 1e-2 where none is named. One seed each, so "
        "small differences mean nothing; the literal weight 1 costs more than half of the mAP.",
    ),
)

# File of results, and what writes its part of the page.
SINGLE: dict[str, Callable[[Any], str]] = {
    "paths.json": speed_tables.paths,
    "busy_core.json": speed_tables.busy_core,
    "web.json": speed_tables.web,
    "watched_twins.json": watch_tables.watched_twins,
    "search.json": scale_tables.search,
    "server_galleries.json": scale_tables.servers,
    "serve_load.json": scale_tables.service,
    "shards.json": scale_tables.shards,
    "training_speed.json": speed_tables.training_speed,
    "augmentation_speed.json": speed_tables.augmentation_speed,
}

# Likewise of a page of its own beside it: what it is about, and its parts.
OTHER_PAGES: dict[str, tuple[str, dict[str, Callable[[Any], str]]]] = {
    "results-kernels.md": ("Kernels on x86", {"kernels.json": speed_tables.kernels}),
    "results-arm.md": (
        "Instructions on ARM",
        {
            "instructions.json": arm_tables.instructions,
            "instructions_armv7.json": arm_tables.instructions_armv7,
            "cycles.json": arm_tables.cycles,
        },
    ),
}

PAPER = """## The paper's own numbers

Market-1501, ResNet-18, as printed in the BNN book (p. 157); theirs, not reproduced here.

| model | rank-1 | mAP |
|---|---|---|
| XNOR-Net | 63.8 | 40.1 |
| proposed baseline | 74.9 | 54.0 |
| baseline + KR-GAL | 80.0 | 61.1 |
| baseline + FR-GAL | 78.5 | 58.1 |
| BiRe-ID (both) | 84.1 | 64.0 |
"""


def main() -> None:
    """Write the page.

    Raises:
        SystemExit: Records lie in a folder that the page has no heading for.
    """
    folders = {path.name for path in (RESULTS / "experiments").glob("*/")}
    if unknown := sorted(folders - set(experiment_tables.EXPERIMENTS)):
        raise SystemExit(f"studies/experiment_tables.py has no heading for {', '.join(unknown)}")
    found = (
        read_experiment(RESULTS / "experiments" / name) for name in experiment_tables.EXPERIMENTS
    )
    experiments = [measured for measured in found if measured is not None]
    parts = []
    for measured in experiments:
        draw_figures(measured, FIGURES)
        parts.append(experiment_tables.experiment(measured))
    parts += across(experiments, FIGURES)
    if part := tradeoffs(RESULTS / "tradeoffs", FIGURES):
        parts.append(part)
    for folder, title, note in TABLES:
        records = [
            json.loads(path.read_text()) for path in sorted(RESULTS.glob(f"{folder}/*.json"))
        ]
        if records:
            parts.append(f"## {title}\n\n{note}\n\n{_table(records)}")
    benches = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("bench/*.json"))]
    if benches:
        parts.append(speed_tables.latency(benches))
    for name, write in SINGLE.items():
        if (RESULTS / name).exists():
            parts.append(write(json.loads((RESULTS / name).read_text())))
    parts.append(PAPER)
    PAGE.write_text("\n".join([_opening(parts), *parts]))


def _opening(parts: list[str]) -> str:
    """What the page is, the questions, and its contents."""
    others = [
        f"[{about}]({name})"
        for name, (about, writers) in OTHER_PAGES.items()
        if _write_other(name, about, writers)
    ]
    contents = [_link(part.partition("\n")[0].removeprefix("## ")) for part in parts]
    contents += [f"{link}, a page of its own" for link in others]
    return (
        "# Results\n\n"
        + answers(RESULTS)
        + "\nGenerated by `make results` from the JSON files in `studies/results`, which the runs "
        "left with their whole recipe; do not edit. mAP, rank-1 and mINP in percent; "
        "non-interpolated average precision; same-camera images of the query's person and junk "
        "left out. A figure without an interval is one run, with seed 0 unless said otherwise; in "
        "figures it is a hollow point.\n\n" + "".join(f"- {line}\n" for line in contents)
    )


def _link(heading: str) -> str:
    """A heading as GitHub links to it."""
    anchor = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
    return f"[{heading}](#{anchor})"


def _write_other(name: str, about: str, writers: dict[str, Callable[[Any], str]]) -> bool:
    parts = [
        write(json.loads((RESULTS / record).read_text()))
        for record, write in writers.items()
        if (RESULTS / record).exists()
    ]
    if parts:
        opening = f"# {about}\n\nGenerated by `make results`, beside [results.md](results.md).\n"
        (PAGE.parent / name).write_text("\n".join([opening, *parts]))
    return bool(parts)


def _table(records: list[dict[str, Any]]) -> str:
    lines = [
        "| model | trained on | epochs | engine | MB | mAP | rank-1 | mINP |",
        "|---|---|---|---|---|---|---|---|",
    ]
    histogram = records[0]["metrics"][0]
    lines.append(_row("colour histogram", "-", "-", histogram, None))
    for record in sorted(records, key=lambda each: each["label"]):
        data = record["training_data"]
        trained = f"{data['name']}, {data['identities']} people"
        if record["initial"]:
            trained += ", from synthetic people"
        epochs = record["recipe"]["optimizer"]["epochs"]
        for metric in record["metrics"][1:]:
            size = record["bytes"].get(metric["engine"])
            lines.append(_row(record["label"], trained, str(epochs), metric, size))
    return "\n".join(lines) + "\n"


def _row(label: str, trained: str, epochs: str, metric: dict[str, Any], size: int | None) -> str:
    numbers = (
        metric["mean_average_precision"],
        metric["rank_1"],
        metric["mean_inverse_negative_penalty"],
    )
    cells: Iterable[str] = (
        label, trained, epochs, metric["engine"], "-" if size is None else f"{size / 1e6:.2f}",
        *(f"{100 * number:.1f}" for number in numbers),
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
