"""What the handler of a layer is given."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from bireid_runtime.errors import UnsupportedModelError

from bireid_converters.onnx_export.affine import Affine
from bireid_converters.onnx_export.graph import OnnxGraph
from bireid_converters.padding import same_padding


@dataclass(frozen=True)
class Emission:
    """One Keras layer to be written as ONNX nodes; maps are NCHW.

    Attributes:
        graph: Where the nodes go.
        layer: Keras layer.
        inputs: Names of the tensors that it reads.
        output: Name that its result must have.
        affine: Batch normalisations and shifts that follow and that the layer must absorb.
    """

    graph: OnnxGraph
    layer: Any
    inputs: list[str]
    output: str
    affine: Affine | None = None

    @property
    def input(self) -> str:
        """The tensor that a layer with a single input reads."""
        return self.inputs[0]

    def constant(self, suffix: str, value: np.ndarray) -> str:
        """Add an initialiser of this layer; floating point becomes float32."""
        if value.dtype == np.float64:
            value = value.astype(np.float32)
        return self.graph.constant(f"{self.layer.name}/{suffix}", value)

    def add_affine(self, x: str, affine: Affine) -> str:
        """Write an affine map as Mul and, if something is added, Add."""
        per_channel = (-1, *[1] * (len(self.layer.output_shape) - 2))
        scale = self.constant("scale", affine.scale.reshape(per_channel))
        if not affine.shift.any():
            return self.graph.node("Mul", [x, scale], self.output)
        scaled = self.graph.node("Mul", [x, scale], f"{self.layer.name}/scaled")
        shift = self.constant("shift", affine.shift.reshape(per_channel))
        return self.graph.node("Add", [scaled, shift], self.output)

    def geometry(self, group: int) -> dict[str, Any]:
        """Attributes of a Conv that is what this layer is; importers of chips want all of them."""
        return {
            "kernel_shape": self.layer.kernel_size,
            "strides": self.layer.strides,
            "pads": self.pads(self.layer.kernel_size),
            "dilations": self.layer.dilation_rate,
            "group": group,
        }

    def pads(self, kernel: tuple[int, int]) -> list[int]:
        """Padding of the layer in ONNX order: top, left, bottom, right."""
        if self.layer.padding == "valid":
            return [0, 0, 0, 0]
        dilations = getattr(self.layer, "dilation_rate", (1, 1))
        rows, columns = (
            same_padding(*axis)
            for axis in zip(
                self.layer.input_shape[1:3], kernel, self.layer.strides, dilations, strict=True
            )
        )
        return [rows[0], columns[0], rows[1], columns[1]]


def pointwise(group: int = 1) -> dict[str, Any]:
    """Attributes of a Conv over single pixels."""
    return {
        "kernel_shape": (1, 1),
        "strides": (1, 1),
        "pads": (0, 0, 0, 0),
        "dilations": (1, 1),
        "group": group,
    }


def unsupported(layer: Any, what: str) -> UnsupportedModelError:
    """The error for a layer that has no ONNX form here."""
    return UnsupportedModelError(
        f"layer {layer.name}: the ONNX exporter does not know {what}; build the network of the "
        "layers of bireid_models, or leave the ONNX formats out"
    )
