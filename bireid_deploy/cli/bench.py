"""`bireid-deploy bench`."""

from pathlib import Path

import click

from bireid_deploy.cli.console import emit_json, emit_table, progress


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--against",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Also time this .onnx or .tflite file (repeatable).",
)
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Threads.")
@click.option("--rounds", default=20, show_default=True, type=click.IntRange(1), help="Rounds.")
@click.option("--json", "as_json", is_flag=True, help="Print the timings as JSON.")
def command(
    bundle: Path, against: tuple[Path, ...], threads: int, rounds: int, as_json: bool
) -> None:
    """Time the engines that can run BUNDLE, batch 1.

    Each engine has its own process; rounds are interleaved. The ratio column is relative to the
    first row. Compare rows of one table only: times of another machine or moment differ.
    """
    from bireid_runtime import Bundle

    from bireid_deploy.benchmark.engines import engines_of
    from bireid_deploy.benchmark.session import time_engines

    engines = engines_of(Bundle.open(bundle), against, threads)
    with progress("timing") as on_progress:
        timings = time_engines(engines, rounds, 5, on_progress)
    records = [timing.to_json(timings[0]) for timing in timings]
    if as_json:
        emit_json(records)
        return
    rows = [
        (
            record["engine"],
            f"{record['bytes'] / 1e6:.2f}",
            f"{record['median_ms']:.2f}",
            f"{record['p10_ms']:.2f}-{record['p90_ms']:.2f}",
            f"{record['ratio']:.2f}",
            f"{record['load_ms']:.0f}",
            f"{record['first_ms']:.1f}",
            f"{record['peak_rss_bytes'] / 1e6:.0f}",
        )
        for record in records
    ]
    columns = ("engine", "MB", "median ms", "p10-p90", "ratio", "load ms", "first ms", "peak MB")
    emit_table(f"{bundle.name}, {threads} thread(s), batch 1, this machine", columns, rows)
