"""Time the embedding of many crops by one process, by two with a shard each, and by Ray.

    python studies/shards_speed.py BUNDLE CROPS [--repeat 10] [-o FILE]

CROPS is a folder of images, which is taken so many times. Times are of the wall, with the start of
all processes; every way must leave the same bits. Ray is the extra `scale`.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click
import numpy as np
from machine import machine_name
from record_output import write_or_print

from bireid_deploy.evaluation.embedding_file import NamedEmbeddings

Start = Callable[[Sequence[str]], subprocess.Popen[bytes]]


@click.command()
@click.argument("bundle", type=click.Path(exists=True, path_type=Path))
@click.argument("crops", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--repeat", default=10, show_default=True)
@click.option("-o", "--out", type=click.Path(path_type=Path))
def main(bundle: Path, crops: Path, repeat: int, out: Path | None) -> None:
    """Print, or write to OUT, seconds and crops per second of each way."""
    command = [sys.executable, "-m", "bireid_deploy", "embed", str(bundle), *[str(crops)] * repeat]

    def start(arguments: Sequence[str]) -> subprocess.Popen[bytes]:
        options = ["--backend", "native", "--json"]
        return subprocess.Popen(
            [*command, *options, *arguments], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    ways: dict[str, Any] = {}
    expected: NamedEmbeddings | None = None
    for name, way in WAYS.items():
        with tempfile.TemporaryDirectory() as folder:
            begin = time.perf_counter()
            way(start, folder)
            seconds = time.perf_counter() - begin
            found = NamedEmbeddings.load(Path(folder, "crops.npz"))
        expected = expected or found
        np.testing.assert_array_equal(found.vectors, expected.vectors)
        ways[name] = {"seconds": seconds, "crops_per_second": len(found.names) / seconds}
    record = {
        "machine": machine_name(),
        "cores": len(os.sched_getaffinity(0)),
        "bundle": bundle.name,
        "crops": len(expected.names) if expected else 0,
        "ways": ways,
    }
    write_or_print(record, out)


def _one(start: Start, folder: str) -> None:
    _end(start(["-o", f"{folder}/crops.npz"]))


def _two(start: Start, folder: str) -> None:
    shards = ["--shards", f"{folder}/work"]
    for process in [start([*shards, "--shard", f"{part}/2"]) for part in range(2)]:
        _end(process)
    _end(start([*shards, "-o", f"{folder}/crops.npz"]))


def _ray(start: Start, folder: str) -> None:
    _end(start(["--shards", f"{folder}/work", "--engine", "ray", "-o", f"{folder}/crops.npz"]))


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.wait():
        raise click.ClickException(f"{process.args!r} ended with {process.returncode}")


WAYS = {"one process": _one, "two processes, --shard": _two, "--engine ray": _ray}

if __name__ == "__main__":
    main()
