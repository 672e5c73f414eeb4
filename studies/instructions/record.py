"""Count the layers and whole networks and keep the result for docs/results.md.

    python studies/instructions/record.py PEERS --root ROOT --wheel WHEEL

PEERS is what studies/peers.py wrote, ROOT what tests/aarch64/emulated_root.py made, WHEEL what
`make wheel-aarch64` made. Writes studies/results/instructions.json.
"""

import json
from pathlib import Path
from typing import Any

import click
from bireid_runtime import Bundle
from bireid_runtime.files import atomic_file
from counter import (
    COMPILER,
    CPU_PARTS,
    EMULATOR,
    STUDIES,
    call,
    count_layers,
    count_network,
)

RESULT = STUDIES / "results" / "instructions.json"

# Engine, what the rows are compared by, file or bundle, option `fuse` of our delegate.
NETWORKS = (
    ("1-bit, bireid (native)", "binary", "binary", "backbone"),
    ("1-bit, bireid (fused)", "binary", "binary/model.lce.tflite", "backbone"),
    ("1-bit, bireid (LCE operators)", "binary", "binary/model.lce.tflite", "none"),
    ("float32, LiteRT (XNNPACK)", "float32", "float.tflite", None),
    ("int8, LiteRT (XNNPACK)", "int8", "int8.tflite", None),
)


@click.command()
@click.argument("peers", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--root",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="What tests/aarch64/emulated_root.py made.",
)
@click.option(
    "--wheel",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The aarch64 wheel of bireid-runtime.",
)
def main(peers: Path, root: Path, wheel: Path) -> None:
    """Count on PEERS and write studies/results/instructions.json."""
    bundle = Bundle.open(peers / "binary")
    record = {
        "input": [bundle.preprocess.height, bundle.preprocess.width],
        "mac": sum(bundle.manifest["binarisation"]["macs"].values()),
        "tools": [_first_line(EMULATOR), _first_line(COMPILER), *_wheels(root)],
        "layers": _layers(),
        "networks": _networks(peers, root, wheel),
    }
    with atomic_file(RESULT) as file:
        file.write((json.dumps(record, indent=1) + "\n").encode())
    click.echo(str(RESULT))


def _layers() -> list[dict[str, Any]]:
    """The layers on the older CPU, then those that the newer one computes by other instructions."""
    older, newer = CPU_PARTS
    counted = [(each.layer, each) for each in count_layers(older, "neon")]
    again = zip(counted, count_layers(newer, "neon"), strict=True)
    counted += [(f"{each.layer}, {newer}", each) for (_, before), each in again if each != before]
    return [
        {
            "layer": name,
            "mac": each.products,
            "instructions": each.count.total,
            "simd": each.count.simd,
        }
        for name, each in counted
    ]


def _networks(peers: Path, root: Path, wheel: Path) -> list[dict[str, Any]]:
    records = []
    for cpu in CPU_PARTS:
        for engine, kind, name, fuse in NETWORKS:
            delegate = None if fuse is None else (wheel, fuse)
            count = count_network(peers / name, root, cpu, delegate)
            records.append(
                {
                    "cpu": cpu,
                    "engine": engine,
                    "kind": kind,
                    "instructions": count.total,
                    "simd": count.simd,
                }
            )
    return records


def _first_line(program: str) -> str:
    return call(program, "--version").stdout.splitlines()[0]


def _wheels(root: Path) -> list[str]:
    """The versions that emulated_root.py noted, such as "numpy==1.26.4"."""
    return [line for line in (root / "versions").read_text().splitlines() if "==" in line]


if __name__ == "__main__":
    main()
