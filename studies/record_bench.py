"""Time a bundle's engines and keep the result for docs/results.md.

    python studies/record_bench.py BUNDLE [--against FILE ...] [--threads N]

studies/peers.py makes files to compare with; so does `convert --format float` of a real-valued run.
On a machine that others use too, many rounds of few runs are worth more than the reverse.
"""

from pathlib import Path

import click
from bireid_runtime import Bundle
from machine import machine_name
from record_output import write_record

from bireid_deploy.benchmark.engines import engines_of
from bireid_deploy.benchmark.session import time_engines

RESULTS = Path(__file__).parent / "results" / "bench"


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option(
    "--against",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Also time this .onnx or .tflite file (repeatable).",
)
@click.option("--remark", default="", help="What the other files are, a sentence.")
@click.option(
    "--shared",
    is_flag=True,
    help="Others used the machine: times of items and ratios are those a tenth of the runs reach.",
)
@click.option("--label", default="", help="Tells this record from others of the bundle.")
@click.option("--threads", default=1, show_default=True, help="Threads.")
@click.option("--rounds", default=40, show_default=True, help="Rounds.")
@click.option("--runs", default=10, show_default=True, help="Runs of an engine in a round.")
@click.option("--starts", default=5, show_default=True, help="Fresh processes per engine.")
def main(
    bundle: Path,
    against: tuple[Path, ...],
    remark: str,
    shared: bool,
    label: str,
    threads: int,
    rounds: int,
    runs: int,
    starts: int,
) -> None:
    """Time BUNDLE and write a file of studies/results/bench."""
    opened = Bundle.open(bundle)
    timings = time_engines(
        engines_of(opened, against, threads),
        rounds,
        runs,
        starts,
        on_left_out=lambda engine, error: click.echo(f"left out: {error}", err=True),
    )
    record = {
        "bundle": opened.name + (f", {label}" if label else ""),
        "input": list(opened.inputs[0].shape),
        "machine": machine_name(),
        "threads": threads,
        "against": [path.name for path in against],
        "remark": remark,
        "shared": shared,
        "engines": [timing.to_json(timings[0]) for timing in timings],
    }
    name = f"{opened.name}-{threads}t{label and '-'}{label}"
    write_record(record, RESULTS / f"{name}.json")


if __name__ == "__main__":
    main()
