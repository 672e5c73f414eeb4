"""Time whole networks on every path of the native library, beside other engines, in one run.

    python studies/path_speed.py BUNDLE PEERS [BUNDLE PEERS ...] [--record]

PEERS is the folder that studies/peers.py wrote of the bundle's network; ncnn has a row where pnnx
was run there: pnnx float.onnx "inputshape=[1,HEIGHT,WIDTH,3]" fp16=0; the twin whose 1-bit
convolutions are padded with 0, where studies/zero_padded.py wrote one. One thread, one engine per
process, interleaved rounds; a visit is as many calls as fit into some milliseconds. Batches are
timed of the fastest path and of OpenVINO in int8, which gains by them.
"""

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import numpy as np
from bireid_runtime import Bundle
from held_engine import HeldEngine
from machine import machine_name
from path_engines import NATIVE, Row
from record_output import write_record

from bireid_deploy.benchmark.cpu_features import cpu_flags, strongest
from bireid_deploy.benchmark.openvino_engine import SETTINGS

RESULT = Path(__file__).parent / "results" / "paths.json"
# From the fastest to the slowest; a machine has some of them.
ISAS = ("amx", "avx512", "avx512f", "avx2", "neon", "scalar")
BATCHES = (8, 32)
TWIN = "zero_padded"
INTEGERS = ("openvino", "openvino-vnni", "openvino-avx2")


@click.command()
@click.argument("pairs", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--rounds", default=40, show_default=True, type=click.IntRange(1), help="Rounds.")
@click.option(
    "--budget", default=25.0, show_default=True, type=click.FloatRange(0), help="Ms of a visit."
)
@click.option("--only", default="", help="Only rows whose label begins so; not to be recorded.")
@click.option("--record", is_flag=True, help=f"Write studies/results/{RESULT.name}.")
def main(pairs: tuple[Path, ...], rounds: int, budget: float, only: str, record: bool) -> None:
    """Time BUNDLE and PEERS, pair by pair, and print a table."""
    if only and record:
        raise click.UsageError("a record has all rows: leave out --only or --record")
    if len(pairs) % 2:
        raise click.UsageError("every BUNDLE needs its PEERS")
    bundles = [Bundle.open(path) for path in pairs[::2]]
    rows = [
        (number, row)
        for number, bundle in enumerate(bundles)
        for row in _rows(bundle, pairs[2 * number + 1])
        if row.label.startswith(only)
    ]
    with ExitStack() as stack:
        held = []
        for number, row in rows:
            engine = _Held(row)
            stack.enter_context(engine)
            if engine.error:
                click.echo(f"left out: {row.label}: {engine.error}", err=True)
            else:
                held.append((number, engine))
        click.echo(f"timing {len(held)} engines")
        for _ in range(rounds):
            for _, engine in held:
                engine.visit(budget)
        click.echo("timed")
    networks = [
        {
            "bundle": bundle.name,
            "input": list(bundle.inputs[0].shape),
            "rows": [engine.to_json() for which, engine in held if which == number],
        }
        for number, bundle in enumerate(bundles)
    ]
    for network in networks:
        _print(network)
    if record:
        result = {
            "machine": machine_name(),
            "cpu_features": strongest(cpu_flags()),
            "rounds": rounds,
            "budget_ms": budget,
            "networks": networks,
        }
        write_record(result, RESULT)


def _rows(bundle: Bundle, peers: Path) -> Iterator[Row]:
    shape = tuple(bundle.inputs[0].shape)
    own = str(bundle.path)

    def of_file(label: str, kind: str, name: str, batch: int = 1) -> Row:
        return Row(label, kind, str(peers / name), shape, batch)

    for isa in ISAS:
        yield Row(f"1-bit, bireid, {isa}", NATIVE, own, shape, isa=isa)
        label = f"1-bit, bireid, {isa}, uint8 stem"
        yield Row(label, NATIVE, own, shape, isa=isa, stem="uint8")
        if (peers / TWIN).is_dir():
            twin = str(peers / TWIN)
            yield Row(f"1-bit, bireid, {isa}, padded with 0", NATIVE, twin, shape, isa=isa)
    for kind in INTEGERS:
        yield of_file(f"int8, OpenVINO{SETTINGS[kind].label}", kind, "int8.onnx")
    yield of_file("float, OpenVINO, its default", "openvino", "float.onnx")
    yield of_file("float, OpenVINO, float32", "openvino-float32", "float.onnx")
    yield of_file("int8, LiteRT", "litert", "int8.tflite")
    yield of_file("float, LiteRT", "litert", "float.tflite")
    yield of_file("int8, ONNX Runtime", "onnxruntime", "int8.onnx")
    yield of_file("float, ONNX Runtime", "onnxruntime", "float.onnx")
    yield of_file("float, ncnn", "ncnn", "float.ncnn.param")
    for batch in BATCHES:
        for stem, added in (("float32", ""), ("uint8", ", uint8 stem")):
            label = f"1-bit, bireid, fastest path{added}"
            yield Row(label, NATIVE, own, shape, batch, "auto", stem)
        for kind in INTEGERS[:2]:
            yield of_file(f"int8, OpenVINO{SETTINGS[kind].label}", kind, "int8.onnx", batch)


class _Held(HeldEngine):
    """The engine of a row."""

    def __init__(self, row: Row) -> None:
        program = Path(__file__).with_name("path_engines.py")
        super().__init__(row.label, [program, row.to_json()])
        self._row = row

    @property
    def error(self) -> str:
        """Why it could not start; empty if it did."""
        return str(self.start.get("error", ""))

    def to_json(self) -> dict[str, Any]:
        """Record of the row; times are of one image."""
        (milliseconds,) = self.milliseconds.values()
        times = np.array(milliseconds) / self._row.batch
        low, middle, high = np.percentile(times, (10, 50, 90))
        return {
            "engine": self._row.label,
            "version": self.start["version"],
            "cpu_features": self.start["cpu_features"],
            "batch": self._row.batch,
            "calls": len(times),
            "fastest_ms": float(times.min()),
            "p10_ms": float(low),
            "median_ms": float(middle),
            "p90_ms": float(high),
        }


def _print(network: dict[str, Any]) -> None:
    first = network["rows"][0]
    click.echo(f"\n{network['bundle']}\n{'engine':44}{'batch':>6}{'fastest':>9}{'p10':>9}{'x':>7}")
    for row in network["rows"]:
        ratio = row["p10_ms"] / first["p10_ms"]
        click.echo(
            f"{row['engine']:44}{row['batch']:>6}{row['fastest_ms']:>9.3f}{row['p10_ms']:>9.3f}"
            f"{ratio:>7.2f}"
        )


if __name__ == "__main__":
    main()
