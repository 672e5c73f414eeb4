"""Export to QONNX: the 1-bit operands stay what they are, by the operator BipolarQuant.

Umuroglu et al., "QONNX: Representing Arbitrary-Precision Quantized Neural Networks", 2022. FINN and
hls4ml read such files. `BipolarQuant(x, s)` is `s * sign(x)` with sign(0) = +1, as in Larq.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from bireid_models.layers import BinaryConv2D

from bireid_converters.named_model import NamedModel, named_model
from bireid_converters.onnx_export.binary import convolution_of_signs, sign_kernel
from bireid_converters.onnx_export.emission import Emission
from bireid_converters.onnx_export.export import write_graph
from bireid_converters.onnx_export.graph import OnnxGraph
from bireid_converters.onnx_export.layers import HANDLERS

DOMAIN = "qonnx.custom_op.general"
OPERATOR = "BipolarQuant"
_VERSION = 1


def export_bipolar(
    network: NamedModel | Any, *, metadata: Mapping[str, str] | None = None
) -> bytes:
    """Convert a binary network to QONNX, one item a call.

    Names, layouts and tensors are those of `export_onnx`; the kernels are float32 of +1 and -1, as
    QONNX has them, and every tensor has its shape in the file.

    Args:
        network: What `named_model` takes, of layers that `layers.HANDLERS` knows.
        metadata: Keys and values for the file's `metadata_props`.

    Returns:
        The bytes of an `.onnx` file of standard operators and `BipolarQuant`.

    Raises:
        UnsupportedModelError: A layer has no ONNX form here; the message names it.
    """
    handlers = {**HANDLERS, BinaryConv2D: _convolution}
    graph = OnnxGraph(batch=1, domains={DOMAIN: _VERSION})
    proto = write_graph(named_model(network), graph, handlers, metadata or {})
    shaped = onnx.shape_inference.infer_shapes(proto, data_prop=True)
    serialized: bytes = shaped.SerializeToString(deterministic=True)
    return serialized


def _convolution(emission: Emission) -> str:
    return convolution_of_signs(emission, _signs, _kernel)


def _signs(emission: Emission) -> str:
    _, height, width, channels = emission.layer.input_shape
    return _bipolar(emission, emission.input, "signs", (1, channels, height, width))


def _kernel(emission: Emission) -> str:
    kernel = sign_kernel(emission.layer)
    return _bipolar(emission, emission.constant("weights", kernel), "kernel", kernel.shape)


def _bipolar(emission: Emission, tensor: str, suffix: str, shape: tuple[int, ...]) -> str:
    graph = emission.graph
    scale = graph.constant("constant/bipolar_scale", np.float32(1))
    output = f"{emission.layer.name}/{suffix}"
    graph.declare(output, shape)
    return graph.node(OPERATOR, [tensor, scale], output, domain=DOMAIN)
