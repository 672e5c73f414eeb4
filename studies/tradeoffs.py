"""Accuracy against megabytes and milliseconds, from what `compare` and `bench` wrote.

bireid-deploy compare FLOAT INT8 BUNDLE --data DIR --no-times --json, into tradeoffs/NAME.json;
bireid-deploy bench BUNDLE --against FLOAT --against INT8 --rounds 60 --json, into
tradeoffs_bench.json, both in studies/results.
"""

import json
from pathlib import Path
from typing import Any

from fronts import Point, draw
from markdown_table import markdown_table

FIGURE = "tradeoffs_{name}.svg"
SCORE = "mean_average_precision"

# What tables call a model, by how its file ends, and what `bench` calls it.
LABELS = {".float.onnx": "float32", ".int8.tflite": "int8"}
ENGINES = {
    "float32": "model.float.onnx, ONNX Runtime",
    "int8": "model.int8.tflite, LiteRT",
    "1-bit": "1-bit, bireid (native)",
}
TITLES = {
    "people": "40 rendered people whom no network has seen",
    "pku-training-half": "37 real people, two cameras, nothing of them trained on",
}


def tradeoffs(results: Path, figures: Path) -> str:
    """The part of the page, its figures drawn; empty without records."""
    records = {path.stem: json.loads(path.read_text()) for path in sorted(results.glob("*.json"))}
    if not records:
        return ""
    bench = json.loads(results.with_name("tradeoffs_bench.json").read_text())
    times = {each["engine"]: each["p10_ms"] for each in bench["engines"]}
    for record in records.values():
        for model in record["models"]:
            model["milliseconds"] = times[ENGINES[_label(model)]]
    parts = [
        "## Accuracy against size and time\n\nThe 1-bit network of models/zoo, its real-valued "
        "teacher, and that in 8 bits after training: one core of an Intel Xeon without VPOPCNTDQ, "
        "so the AVX2 kernels; batch 1, the network alone, 60 interleaved rounds of one run. The "
        "machine was shared, so the time is the one that a tenth of the runs stay under. float32 "
        "runs in ONNX Runtime, int8 in LiteRT. 95 % intervals over people.\n"
    ]
    for name, record in records.items():
        file = FIGURE.format(name=name)
        _draw(record["models"], TITLES[name], figures / file)
        rows = [
            (
                _label(model),
                f"{model['bytes'] / 1e6:.2f}",
                f"{model['milliseconds']:.2f}",
                f"{100 * model['scores'][SCORE]:.1f} ({_range(model['intervals'][SCORE])})",
            )
            for model in record["models"]
        ]
        parts.append(
            f"### {TITLES[name]}\n\n{markdown_table(('network', 'MB', 'ms', 'mAP'), rows)}"
        )
        parts.append(f"![mAP against MB and against ms](figures/{file})\n")
    return "\n".join(parts)


def _label(model: dict[str, Any]) -> str:
    return next((each for end, each in LABELS.items() if model["model"].endswith(end)), "1-bit")


def _range(interval: list[float]) -> str:
    return f"{100 * interval[0]:.1f} to {100 * interval[1]:.1f}"


def _draw(models: list[dict[str, Any]], title: str, path: Path) -> None:
    draw([_point(model) for model in models], "mAP", title, path)


def _point(model: dict[str, Any]) -> Point:
    label = _label(model)
    low, high = model["intervals"][SCORE]
    return Point(
        label,
        model["bytes"] / 1e6,
        model["milliseconds"],
        100 * model["scores"][SCORE],
        100 * low,
        100 * high,
        is_binary=label == "1-bit",
    )
