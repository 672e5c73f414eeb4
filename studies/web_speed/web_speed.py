"""Time the package for browsers against onnxruntime-web in Node, one thread, each in a process.

    make wasm
    npm install --prefix FOLDER onnxruntime-web@1.30.0
    python studies/peers.py PEERS
    PYTHONPATH=studies python studies/web_speed/web_speed.py --peer FOLDER --peers PEERS [-o FILE]

Engines take turns. Ours begins at 8-bit pixels, the peer at a normalised image. `wall` is the least
of all runs, `cpu` the time of the processor, the least of the rounds: on a quiet machine both
agree, on a busy one the second is nearer to it. A ratio is the peer's by ours; of each round's, the
lowest, middle and highest tell how quiet it was.
"""

import json
import os
import statistics
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from machine import machine_name

REPOSITORY = Path(__file__).parents[2]
PACKAGE = REPOSITORY / "dist" / "npm"
ZOO = REPOSITORY / "models" / "zoo" / "distilled_r18_half-synthetic-128x64-256d-v2"
OURS, OURS_UINT8 = "bireid", "bireid, uint8 stem"
WARM_UP = 20

Engines = Mapping[str, Sequence[str | Path]]
Times = Mapping[str, float]  # "wall" and "cpu", milliseconds


@click.command()
@click.option("--peer", required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--peers", type=click.Path(exists=True, path_type=Path))
@click.option("--rounds", default=8, show_default=True)
@click.option("--runs", default=10, show_default=True)
@click.option("-o", "--out", type=click.Path(path_type=Path))
def main(peer: Path, peers: Path | None, rounds: int, runs: int, out: Path | None) -> None:
    """Print, or write to OUT, milliseconds and ratios as JSON."""
    networks = {"zoo, 128x64, half width": _engines(peer, ZOO, ZOO, 128, 64)}
    if peers is not None:
        networks["ResNet-18, 256x128"] = _engines(peer, peers / "binary", peers, 256, 128)
    record = {
        "machine": machine_name(),
        "node": _printed(["node", "--version"]),
        "onnxruntime-web": _version(peer),
        "load": os.getloadavg()[0],
        "rounds": rounds,
        "runs": runs,
        "networks": {name: _time(engines, rounds, runs) for name, engines in networks.items()},
    }
    text = json.dumps(record, indent=1) + "\n"
    if out is None:
        print(text, end="")
    else:
        out.write_text(text)


def _engines(peer: Path, bundle: Path, models: Path, height: int, width: int) -> Engines:
    """Commands of one network: ours with both stems, and the peer with each file that there is."""
    here = Path(__file__).parent
    size = [str(height), str(width)]
    ours = ["node", here / "bireid.mjs", PACKAGE, bundle, *size]
    engines: dict[str, Sequence[str | Path]] = {
        OURS: [*ours, "float32"],
        OURS_UINT8: [*ours, "uint8"],
    }
    files = {
        "1-bit": bundle / "model.onnx",
        "float32": models / "float.onnx",
        "int8": models / "int8.onnx",
    }
    for name, file in files.items():
        if file.exists():
            engines[f"onnxruntime-web, {name}"] = ["node", here / "peer.mjs", peer, file, *size]
    return engines


def _time(engines: Engines, rounds: int, runs: int) -> dict[str, Any]:
    found: dict[str, list[Times]] = {name: [] for name in engines}
    processes = {
        name: subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for name, command in engines.items()
    }
    try:
        for process in processes.values():
            _ask(process, WARM_UP)
        for _ in range(rounds):
            for name, process in processes.items():
                found[name].append(_ask(process, runs))
    finally:
        for process in processes.values():
            process.kill()
            process.wait()
    return {name: _summary(times, found[OURS]) for name, times in found.items()}


def _ask(process: "subprocess.Popen[str]", runs: int) -> Times:
    assert process.stdin is not None
    assert process.stdout is not None
    print(runs, file=process.stdin, flush=True)
    answer = process.stdout.readline()
    if not answer:
        raise click.ClickException(f"{process.args!r} ended; its errors stand above")
    times: Times = json.loads(answer)
    return times


def _summary(times: Sequence[Times], ours: Sequence[Times]) -> dict[str, Any]:
    ratios = sorted(time["cpu"] / own["cpu"] for time, own in zip(times, ours, strict=True))
    summary: dict[str, Any] = {
        "ratios": [round(each, 2) for each in (ratios[0], statistics.median(ratios), ratios[-1])]
    }
    for clock in ("wall", "cpu"):
        least, own = (min(each[clock] for each in rounds) for rounds in (times, ours))
        summary[clock] = {"least_ms": round(least, 3), "ratio": round(least / own, 2)}
    return summary


def _printed(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def _version(peer: Path) -> str:
    package = peer / "node_modules" / "onnxruntime-web" / "package.json"
    return str(json.loads(package.read_text())["version"])


if __name__ == "__main__":
    main()
