"""Time a bundle's engines and keep the result for docs/results.md.

python benchmarks/record_bench.py BUNDLE
"""

import json
from pathlib import Path

import click
from bireid_runtime import Bundle

from bireid_deploy.benchmark.engines import engines_of
from bireid_deploy.benchmark.session import time_engines

RESULT = Path(__file__).parent / "results" / "bench.json"


@click.command()
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--threads", default=1, show_default=True, help="Threads.")
@click.option("--rounds", default=40, show_default=True, help="Rounds.")
def main(bundle: Path, threads: int, rounds: int) -> None:
    """Time BUNDLE and write benchmarks/results/bench.json."""
    timings = time_engines(engines_of(Bundle.open(bundle), (), threads), rounds, 5)
    record = {
        "bundle": Bundle.open(bundle).name,
        "engines": [timing.to_json(timings[0]) for timing in timings],
    }
    RESULT.write_text(json.dumps(record, indent=1) + "\n")
    click.echo(str(RESULT))


if __name__ == "__main__":
    main()
