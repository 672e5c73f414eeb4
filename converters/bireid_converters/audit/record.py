"""What an audit of a converted file found."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from bireid_models.complexity import TheoreticalGain, theoretical_gain
from bireid_runtime.errors import UnsupportedModelError

ACCOUNTING = (
    "convolutions and dense layers only (no bias, batch normalisation, alpha or PReLU), one input; "
    "a 1-bit MAC counts 1/64 and a 1-bit weight 1/32 of a float32 one, any other precision counts 1"
)


@dataclass(frozen=True)
class LayerAudit:
    """A convolution or dense layer as it stands in the file.

    Attributes:
        name: Layer name as far as the file tells.
        operator: Operator that carries it.
        precision: `1-bit`, or the type of its weights: `float32`, `int8`.
        reason: Why it is not 1-bit, as far as the file tells. Of a 1-bit layer of Larq Compute
            Engine, the float operators that its sign alone needs, such as the shift of ReActNet;
            empty if there are none.
        kernel_shape: (height, width, input channels per group, output channels).
        output_shape: (height, width, channels), or (channels,) of a dense layer.
        weights: Number of weights.
        macs: Multiply-accumulates for one input.
        expected_bytes: Bytes that the weights need at this precision.
        stored_bytes: Bytes that they take in the file.
    """

    name: str
    operator: str
    precision: str
    reason: str
    kernel_shape: tuple[int, int, int, int]
    output_shape: tuple[int, ...]
    weights: int
    macs: int
    expected_bytes: int
    stored_bytes: int

    @property
    def kind(self) -> Literal["binary", "real"]:
        """`binary` for 1-bit layers, `real` for all others."""
        return "binary" if self.precision == "1-bit" else "real"


@dataclass(frozen=True)
class Audit:
    """A converted file.

    Attributes:
        file_bytes: Size of the file.
        operators: How often each operator occurs, by name.
        layers: Convolutions and dense layers in order of execution.
    """

    file_bytes: int
    operators: Mapping[str, int]
    layers: tuple[LayerAudit, ...]

    def __post_init__(self) -> None:
        if not self.layers:
            raise UnsupportedModelError(
                "the file holds no convolution and no dense layer; is it a Re-ID network?"
            )

    @property
    def gain(self) -> TheoreticalGain:
        """Theoretical speed-up and saving; see `ACCOUNTING`."""
        return theoretical_gain(self.layers)

    def total(self, what: Literal["macs", "weights"], kind: Literal["binary", "real"]) -> int:
        """Sum of the MACs or weights of the layers of one kind."""
        return sum(getattr(layer, what) for layer in self.layers if layer.kind == kind)

    def to_manifest(self) -> dict[str, Any]:
        """JSON-able form for the bundle's manifest."""
        gain = self.gain
        return {
            "file_bytes": self.file_bytes,
            "operators": dict(self.operators),
            "macs": {"binary": self.total("macs", "binary"), "real": self.total("macs", "real")},
            "weights": {
                "binary": self.total("weights", "binary"),
                "real": self.total("weights", "real"),
            },
            "theoretical": {
                "speedup": round(gain.speedup, 4),
                "saving": round(gain.saving, 4),
                "accounting": ACCOUNTING,
            },
            "layers": [
                {
                    **asdict(layer),
                    "kernel_shape": list(layer.kernel_shape),
                    "output_shape": list(layer.output_shape),
                }
                for layer in self.layers
            ],
        }


def expected_bytes(weights: int, precision: str) -> int:
    """Bytes of weights without any padding; `precision` as in `LayerAudit`."""
    bits = 1 if precision == "1-bit" else int("".join(c for c in precision if c.isdigit()) or 32)
    return -(-weights * bits // 8)
