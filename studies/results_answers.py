"""The questions at the top of docs/results.md, each answered by one number from the records."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from experiment_records import Experiment, read_experiment

from bireid_deploy.experiments.summary import percent

_OURS = "1-bit, bireid (native)"


def answers(results: Path) -> str:
    """A list of questions, those that the records answer.

    Args:
        results: The folder of records.
    """
    lines = [line for write in _QUESTIONS if (line := write(results)) is not None]
    return "\n".join(f"- {line}" for line in lines) + "\n" if lines else ""


def _experiment(results: Path, name: str) -> Experiment | None:
    return read_experiment(results / "experiments" / name)


def _score(measured: Experiment, run: str, name: str = "mean_average_precision") -> str:
    return next(
        percent(summary.scores[name]) for summary in measured.summaries if summary.run == run
    )


def _cost(results: Path) -> str | None:
    measured = _experiment(results, "half_width")
    if measured is None:
        return None
    return (
        "**What does 1 bit cost?** Taught by its real-valued twin, at half width: "
        f"{_score(measured, 'distilled')} mAP against the twin's {_score(measured, 'real')}, on "
        "rendered people (one seed)."
    )


def _real(results: Path) -> str | None:
    measured = _experiment(results, "zoo@pku-training-half")
    if measured is None:
        return None
    as_is, adapted = "distilled", "distilled-norm+camera"
    return (
        "**And on real people, having seen none?** The bundle in models/zoo: "
        f"{_score(measured, as_is)} mAP, rank-1 {_score(measured, as_is, 'rank_1')}; adapted to "
        f"their cameras without labels {_score(measured, adapted)} and "
        f"{_score(measured, adapted, 'rank_1')} (one seed)."
    )


def _refinements(results: Path) -> str | None:
    measured = _experiment(results, "ablation")
    if measured is None:
        return None
    score = next(iter(measured.scores))
    gains = [
        measured.gain(run, "baseline", score) for run in ("kernel-refining", "feature-refining")
    ]
    if None in gains:
        return None
    kernel, feature = (percent(gain, signed=True) for gain in gains if gain is not None)
    return (
        f"**Do KR-GAL and FR-GAL help?** Not so that it could be told: {kernel} and {feature} "
        "points of mAP over the baseline, seed by seed."
    )


def _size(results: Path) -> str | None:
    engines = _engines(results)
    if engines is None:
        return None
    ours, theirs = (engines[name]["bytes"] for name in (_OURS, "float.tflite, LiteRT"))
    return (
        f"**How small is it?** ResNet-18: {ours / 1e6:.2f} MB instead of {theirs / 1e6:.2f}, "
        f"{theirs / ours:.0f} times."
    )


def _speed(results: Path) -> str | None:
    engines = _engines(results)
    if engines is None:
        return None
    return (
        f"**How fast on x86?** ResNet-18 at 256x128 in {engines[_OURS]['median_ms']:.2f} ms on one "
        f"core with AVX-512; LiteRT takes {engines['float.tflite, LiteRT']['ratio']:.1f} times as "
        f"long in float32, {engines['int8.tflite, LiteRT']['ratio']:.1f} in int8, Larq Compute "
        f"Engine {engines['1-bit, LCE (indirect)']['ratio']:.1f}."
    )


def _engines(results: Path) -> Mapping[str, Any] | None:
    path = results / "bench" / "resnet18-random-weights-1t.json"
    if not path.exists():
        return None
    return {each["engine"]: each for each in json.loads(path.read_text())["engines"]}


def _arm(results: Path) -> str | None:
    path = results / "instructions.json"
    if not path.exists():
        return None
    networks = json.loads(path.read_text())["networks"]
    cpu = networks[-1]["cpu"]
    counts = {each["kind"]: each["instructions"] for each in networks if each["cpu"] == cpu}
    ours = min(each["instructions"] for each in networks if each["kind"] == "binary")
    return (
        f"**How fast on ARM?** No board was at hand: {counts['float32'] / ours:.1f} times fewer "
        f"instructions than float32 and {counts['int8'] / ours:.1f} than int8 ({cpu}, emulated), "
        "and no time ([results-arm.md](results-arm.md))."
    )


_QUESTIONS = (_cost, _real, _size, _speed, _arm, _refinements)
