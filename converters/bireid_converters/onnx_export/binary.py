"""Binary convolutions in standard ONNX operators, with weights of one bit each."""

from collections.abc import Callable
from typing import Any

import numpy as np
from onnx import TensorProto

from bireid_converters.onnx_export.affine import Affine
from bireid_converters.onnx_export.emission import Emission
from bireid_converters.onnx_export.graph import OnnxGraph


def binary_convolution(emission: Emission) -> str:
    """Write sign, padding, convolution of +1 and -1, then scale and batch norm as one affine map.

    The tensors `NAME/signs` (before padding) and `NAME/sum` hold whole numbers, so that every
    engine has to compute the same ones.
    """
    return convolution_of_signs(emission, _signs, _unpacked_weights)


def convolution_of_signs(
    emission: Emission, signs_of: Callable[[Emission], str], kernel_of: Callable[[Emission], str]
) -> str:
    """Write a binary convolution, given what makes its operands.

    Args:
        emission: The layer.
        signs_of: Writes the signs of the input as `NAME/signs`, float32 of +1 and -1.
        kernel_of: Writes the kernel (out, in, height, width), the same; returns its tensor.
    """
    layer, graph = emission.layer, emission.graph
    signs = signs_of(emission)
    geometry = emission.geometry(layer.groups)
    pads = geometry["pads"]
    if any(pads):
        amounts = emission.constant("pads", np.array([0, 0, *pads[:2], 0, 0, *pads[2:]], np.int64))
        value = graph.constant(
            f"constant/pad_value_{layer.pad_values:g}", np.float32(layer.pad_values)
        )
        signs = graph.node("Pad", [signs, amounts, value], f"{layer.name}/padded")
        geometry["pads"] = [0, 0, 0, 0]
    operands = [signs, kernel_of(emission)]
    total = graph.node("Conv", operands, f"{layer.name}/sum", **geometry)
    return emission.add_affine(total, _scale_and_norm(emission))


def _signs(emission: Emission) -> str:
    layer, graph = emission.layer, emission.graph
    one, minus_one = _ones(graph)
    zero = graph.constant("constant/zero", np.float32(0))
    # GreaterOrEqual and not Sign: the sign of zero is +1 in Larq and 0 in ONNX.
    positive = graph.node("GreaterOrEqual", [emission.input, zero], f"{layer.name}/positive")
    return graph.node("Where", [positive, one, minus_one], f"{layer.name}/signs")


def _ones(graph: OnnxGraph) -> tuple[str, str]:
    return (
        graph.constant("constant/one", np.float32(1)),
        graph.constant("constant/minus_one", np.float32(-1)),
    )


def sign_kernel(layer: Any) -> np.ndarray:
    """The signs of the kernel of a binary layer, float32 (out, in, height, width)."""
    return np.asarray(layer.binary_kernel(), np.float32).transpose(3, 2, 0, 1)


def _unpacked_weights(emission: Emission) -> str:
    """Store a bit per weight, set for -1; ONNX Runtime unpacks them once, when it loads the file.

    Returns:
        Name of the float32 tensor (out, in, height, width) of +1 and -1.
    """
    layer, graph = emission.layer, emission.graph
    one, minus_one = _ones(graph)
    weights = sign_kernel(layer)
    bits = np.packbits((weights < 0).reshape(-1), bitorder="little")
    packed = emission.constant("bits", bits[:, None])
    masks = graph.constant("constant/bit_masks", np.left_shift(1, np.arange(8)).astype(np.uint8))
    masked = graph.node("BitwiseAnd", [packed, masks], f"{layer.name}/masked")
    # ONNX Runtime compares uint8 from 1.21 on alone, and casts it everywhere.
    negative = graph.node("Cast", [masked], f"{layer.name}/negative", to=TensorProto.BOOL)
    flat = graph.node("Where", [negative, minus_one, one], f"{layer.name}/unpacked")
    if weights.size % 8:
        line = graph.constant("constant/line", np.array([-1], np.int64))
        flat = graph.node("Reshape", [flat, line], f"{layer.name}/line")
        start = graph.constant("constant/start", np.array([0], np.int64))
        count = emission.constant("count", np.array([weights.size], np.int64))
        flat = graph.node("Slice", [flat, start, count], f"{layer.name}/trimmed")
    shape = emission.constant("kernel_shape", np.array(weights.shape, np.int64))
    return graph.node("Reshape", [flat, shape], f"{layer.name}/kernel")


def _scale_and_norm(emission: Emission) -> Affine:
    scale = np.asarray(emission.layer.output_scale(), np.float64)
    affine = Affine(scale, np.zeros_like(scale))
    return affine if emission.affine is None else affine.then(emission.affine)
