"""Export to a Larq Compute Engine flatbuffer, with guards against what LCE 0.16 gets wrong."""

from typing import Any

import larq_compute_engine
from bireid_models.framework import keras, larq
from bireid_runtime.errors import UnsupportedModelError

from bireid_converters.keras_graph import all_layers, sources
from bireid_converters.named_model import NamedModel, named_model
from bireid_converters.padding import same_padding
from bireid_converters.saved_model import saved_model


def export_lce(network: NamedModel | Any) -> bytes:
    """Convert a binary network to an LCE flatbuffer.

    The file has one signature, `serving_default`, from the network's named inputs float32 (1, ...)
    to its named outputs float32 (1, ...).

    Args:
        network: What `named_model` takes.

    Returns:
        The bytes of a `.tflite` file with custom LCE operators.

    Raises:
        UnsupportedModelError: LCE would convert a layer to something that computes other numbers;
            the message names the layer and the remedy.
    """
    named = named_model(network)
    check_convertible(named.model)
    with saved_model(named, batch_size=1) as folder:
        return bytes(larq_compute_engine.convert_saved_model(folder))


def check_convertible(model: Any) -> None:
    """Refuse the layers that LCE 0.16 converts without a warning to something else.

    Raises:
        UnsupportedModelError: See `export_lce`.
    """
    for layer in all_layers(model):
        if isinstance(layer, larq.layers.QuantConv2D):
            _check_zero_padded_binary(layer)
        elif isinstance(layer, keras.layers.Conv2D | keras.layers.DepthwiseConv2D):
            for source in sources(layer):
                if isinstance(source, keras.layers.ZeroPadding2D):
                    _check_explicitly_padded(layer, source)


def _check_zero_padded_binary(layer: Any) -> None:
    """LCE's optimised kernels correct zero padding wrongly on a map smaller than the kernel."""
    if layer.padding != "same" or layer.pad_values != 0:
        return
    height, width = layer.input_shape[1:3]
    kernel_height, kernel_width = layer.kernel_size
    if height < kernel_height or width < kernel_width:
        raise UnsupportedModelError(
            f"layer {layer.name}: LCE computes wrong numbers for a {kernel_height}x{kernel_width} "
            f"binary convolution with pad_values=0 on a {height}x{width} map, which is smaller "
            "than the kernel; use pad_values=1 or a larger input image"
        )


def _check_explicitly_padded(layer: Any, zero_padding: Any) -> None:
    """LCE fuses symmetric padding and VALID into SAME, which pads less before than after.

    Its pass checks only that the output keeps its size, so with an odd total of SAME padding (even
    maps at stride 2) the whole map shifts by a pixel. Padding only what the convolution reads makes
    the padding asymmetric, and the pass leaves it alone.
    """
    if layer.padding != "valid":
        return
    shifted = False
    read_padding = []
    for size, (before, after), kernel, stride in zip(
        zero_padding.input_shape[1:3],
        zero_padding.padding,
        layer.kernel_size,
        layer.strides,
        strict=True,
    ):
        same_size = -(-size // stride)
        if before != after or (size + before + after - kernel) // stride + 1 != same_size:
            return
        shifted |= same_padding(size, kernel, stride)[0] != before
        read_padding.append((before, max(0, (same_size - 1) * stride + kernel - size - before)))
    if shifted:
        raise UnsupportedModelError(
            f"layer {layer.name}: LCE shifts the map of a strided convolution behind the symmetric "
            f"padding of {zero_padding.name}; give {zero_padding.name} "
            f"padding={tuple(read_padding)}, which computes the same, or use padding='same' in "
            f"{layer.name} and train it so"
        )
