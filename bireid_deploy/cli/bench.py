"""`bireid-deploy bench`."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from bireid_runtime.errors import BireidError

from bireid_deploy.cli.console import emit_json, emit_lines, emit_table, message, progress
from bireid_deploy.cli.paths import BundlePath
from bireid_deploy.devices.this_machine import circumstances, cpu_name

if TYPE_CHECKING:
    from bireid_deploy.benchmark.session import Timing


@click.command()
@click.argument("bundle", type=BundlePath())
@click.option(
    "--against",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Also time this .onnx, .tflite or ncnn .param file (repeatable).",
)
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Threads.")
@click.option("--rounds", default=20, show_default=True, type=click.IntRange(1), help="Rounds.")
@click.option(
    "--starts",
    default=3,
    show_default=True,
    type=click.IntRange(1),
    help="Fresh processes per engine for load, first and cold ms.",
)
@click.option("--per-layer", is_flag=True, help="Time the steps of the engine `native` instead.")
@click.option("--json", "as_json", is_flag=True, help="Print the timings as JSON.")
def command(
    bundle: Path,
    against: tuple[Path, ...],
    threads: int,
    rounds: int,
    starts: int,
    per_layer: bool,
    as_json: bool,
) -> None:
    """Time the installed engines that can run BUNDLE, batch 1.

    Each engine has its own process; rounds are interleaved. Crop ms (image, frame, item ms) is the
    whole way of an item: from an 8-bit crop of 128x256 pixels to the embedding, from an image to
    its boxes, from a frame to the target's place. Net ms is the network alone; ratio is net ms
    relative to the first row: 2.00 takes twice as long. Cold is import, load and first run in a
    fresh process. CPU is the strongest level of its instructions that the engine may use. Compare
    rows of one table only: times of another machine or moment differ. An engine that cannot run
    its file has no row; the others do, and the exit code is 6. A network that does not begin with a
    convolution of the image has no row of a uint8 stem: stderr says so, and the exit code stays 0.
    """
    if per_layer:
        if against:
            raise click.UsageError("--per-layer times one engine; leave --against out")
        _per_layer(bundle, threads, rounds, as_json)
        return
    from bireid_deploy import api

    failed: list[BireidError] = []
    with progress("timing") as on_progress:
        timings = api.bench(
            bundle,
            against=against,
            threads=threads,
            rounds=rounds,
            starts=starts,
            on_left_out=lambda engine, reason: message(f"left out: {engine}: {reason}"),
            on_progress=on_progress,
            on_failed=lambda engine, error: failed.append(error),
        )
    _emit(bundle, timings, threads, as_json)
    for error in failed[1:]:
        message(str(error))
    if failed:
        # The rows of the others are printed; what was asked for is not all there.
        raise failed[0]


def _emit(bundle: Path, timings: "list[Timing]", threads: int, as_json: bool) -> None:
    records = [timing.to_json(timings[0]) for timing in timings]
    if as_json:
        emit_json({**circumstances(), "bundle": bundle.name, "engines": records})
        return
    emit_lines([_answer(timings)])
    rows = [
        (
            record["engine"],
            "-" if record["item_ms"] is None else f"{record['item_ms']:.2f}",
            f"{record['median_ms']:.2f}",
            f"{record['p10_ms']:.2f}-{record['p90_ms']:.2f}",
            f"{record['ratio']:.2f}",
            f"{record['bytes'] / 1e6:.2f}",
            f"{record['load_ms']:.0f}",
            f"{record['first_ms']:.1f}",
            f"{record['cold_ms']:.0f}",
            f"{record['peak_rss_bytes'] / 1e6:.0f}",
            record["cpu_features"],
        )
        for record in records
    ]
    item = next((each.item for each in timings if each.item is not None), "item")
    times = (f"{item} ms", "net ms", "p10-p90", "ratio", "MB", "load ms", "first ms", "cold ms")
    emit_table(_title(bundle, threads), ("engine", *times, "peak MB", "CPU"), rows)


def _answer(timings: "Sequence[Timing]") -> str:
    """Which is fastest, and how many times as long the others take."""
    first, *others = sorted(timings, key=lambda timing: timing.item_ms)
    said = f"fastest: {first.engine.label}, {first.item_ms:.2f} ms per {first.item or 'run'}"
    if not others:
        return f"{said}; no other engine ran"
    ratios = [each.item_ms / first.item_ms for each in (others[0], others[-1])]
    # Two engines that round to the same time are told apart by nothing that counts.
    return f"{said}; others {'-'.join(dict.fromkeys(f'{each:.2f}' for each in ratios))}x"


def _title(bundle: Path, threads: int) -> str:
    return f"{bundle.name}, {threads} thread(s), batch 1, {cpu_name()}"


def _per_layer(path: Path, threads: int, rounds: int, as_json: bool) -> None:
    from bireid_deploy import api

    profile = api.profile(path, threads=threads, rounds=rounds)
    if as_json:
        emit_json({**circumstances(), **profile.to_json()})
        return
    rows = [
        (
            ", ".join(step.layers) or "-",
            step.name,
            f"{step.microseconds:.1f}",
            f"{100 * profile.share(step):.1f}",
        )
        for step in profile.steps
    ]
    rows.append(("total", "", f"{profile.microseconds:.1f}", "100.0"))
    slowest = max(profile.steps, key=lambda step: step.microseconds)
    emit_lines(
        [
            f"{profile.microseconds / 1e3:.2f} ms a run; longest: "
            f"{', '.join(slowest.layers) or slowest.name}, {profile.share(slowest):.0%}; "
            f"{profile.engine}"
        ]
    )
    emit_table(_title(path, threads), ("layer", "step", "us", "%"), rows, text_columns=2)
