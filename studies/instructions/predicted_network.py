"""Cycles of whole networks, from the rates of their inner loops and the instructions counted.

The products of a kind take what its loop takes in its steady state. Whatever else was executed, a
rate of instructions per cycle that is assumed: nothing predicts it. Of peers the products alone are
counted, which favours them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Record = Mapping[str, Any]
NETWORK = "1-bit, bireid (native)"
STEM = "7x7/2 3-64"


@dataclass(frozen=True)
class Core:
    """A core that is predicted.

    Attributes:
        name: What tables call it.
        model: LLVM's name of its model.
        cpu: The CPU whose executed instructions are taken, as `record.py` calls it.
        has_dot_products: Whether it has SDOT and UDOT.
        rest_per_cycle: Instructions per cycle outside of the loops: an assumption.
    """

    name: str
    model: str
    cpu: str
    has_dot_products: bool
    rest_per_cycle: float


def predict_network(core: Core, best: Record, counted: Record) -> list[dict[str, Any]]:
    """Predict one inference of each network.

    Args:
        core: The core.
        best: Per library (`ours`, `XNNPACK`) and kind its fastest loop.
        counted: What record.py wrote.

    Returns:
        Of each network its cycles by part; what is no part of it is left out.
    """
    ours, theirs = best["ours"], best["XNNPACK"]
    layers = {each["layer"]: each for each in counted["layers"]}
    floats = [each for name, each in layers.items() if name.startswith("float ")]
    stem = layers[f"float {STEM}"]
    pixels = layers[f"uint8 {STEM}" + (f", {core.cpu}" if core.has_dot_products else "")]
    others = sum(each["mac"] for each in floats) - stem["mac"]
    products = {
        "1-bit": counted["mac"] - stem["mac"] - others,
        "float32": stem["mac"] + others,
    }
    executed = next(
        each["instructions"]
        for each in counted["networks"]
        if each["cpu"] == core.cpu and each["engine"] == NETWORK
    )
    rest = executed - sum(
        count / ours[kind]["mac_per_instruction"] for kind, count in products.items()
    )
    other_rest = rest - _around(stem, ours["float32"]) + _around(pixels, ours["uint8"])

    def of_ours(name: str, stem_kind: str, around: float) -> dict[str, Any]:
        parts = {
            "1-bit": products["1-bit"] / ours["1-bit"]["mac_per_cycle"],
            "stem": stem["mac"] / ours[stem_kind]["mac_per_cycle"],
            "1x1": others / ours["float32"]["mac_per_cycle"],
            "rest": around / core.rest_per_cycle,
        }
        return {"network": name, "kind": "binary", "parts": parts, "cycles": sum(parts.values())}

    return [
        of_ours("1-bit, bireid", "float32", rest),
        of_ours("1-bit, bireid, uint8 stem", "uint8", other_rest),
        *(
            {
                "network": f"{kind}, XNNPACK, products alone",
                "kind": kind,
                "parts": {},
                "cycles": counted["mac"] / theirs[kind]["mac_per_cycle"],
            }
            for kind in ("float32", "int8")
        ),
    ]


def _around(layer: Record, loop: Record) -> float:
    """Instructions of a layer outside of its loop."""
    return float(layer["instructions"] - layer["mac"] / loop["mac_per_instruction"])
