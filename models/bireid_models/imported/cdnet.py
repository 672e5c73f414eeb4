"""CDNet and CNet, as solicucu/ReID builds what their search has found."""

from typing import Any

from bireid_models.framework import keras
from bireid_models.imported.gate import channel_gate
from bireid_models.imported.layers import (
    convolution,
    global_average,
    max_pool_after_relu,
    norm,
    relu,
)
from bireid_models.imported.weights import Weights, WeightsError

_CELLS = 8
# Behind it the local branch reads the map.
_FINE = 5
_STRIPES = 2


def cdnet(image: Any, weights: Weights) -> Any:
    """Build the network (Li et al., CVPR 2021); blocks and depths are counted from the keys.

    Args:
        image: Keras tensor (N, H, W, 3), normalised pixels.
        weights: The checkpoint.

    Returns:
        The features (N, 512), or with the local branch of two stripes (N, 768), as its test has
        them.

    Raises:
        WeightsError: A map of an odd number of rows has no two stripes.
    """
    x = convolution(image, weights, "base.stem.conv1.op.0", stride=2, padding=3)
    x = relu(norm(x, weights, "base.stem.conv1.op.1"), "base.stem.relu")
    x = max_pool_after_relu(x, "maxpool")
    fine = x
    for index in range(_CELLS):
        x = _cell(x, weights, f"base.cells.{index}")
        if index == _FINE:
            fine = x
    whole = global_average(x)
    if "neck.squeeze.weight" not in weights:
        return whole
    rows, columns = fine.shape[1:3]
    if rows % _STRIPES:
        raise WeightsError(
            f"its local branch cuts a map of {rows} rows into {_STRIPES} stripes; choose another "
            "height, a multiple of 32"
        )
    fine = convolution(fine, weights, "neck.squeeze")
    stripes = keras.layers.AveragePooling2D((rows // _STRIPES, columns), name="stripes")(fine)
    local = keras.layers.Flatten(name="local_features")(stripes)
    return keras.layers.Concatenate(name="features")([whole, local])


def _cell(x: Any, weights: Weights, key: str) -> Any:
    if f"{key}.conv1x1.op.0.weight" in weights:
        x = relu(_pair(x, weights, f"{key}.conv1x1"), f"{key}.relu")
        return keras.layers.AveragePooling2D(2, 2, name=f"{_flat(key)}_average")(x)
    depth = 0
    while f"{key}.ops.{depth}.squeeze.op.0.weight" in weights:
        x = _block(x, weights, f"{key}.ops.{depth}")
        depth += 1
    if depth == 0:
        raise WeightsError(f"the checkpoint has no {key + '.ops.0.squeeze.op.0.weight'!r}")
    return x


def _block(x: Any, weights: Weights, key: str) -> Any:
    squeezed = relu(_pair(x, weights, f"{key}.squeeze"), f"{key}.squeeze.relu")
    gated = []
    for branch in ("conv1", "conv2"):
        stream = _branch(squeezed, weights, f"{key}.{branch}")
        gated.append(
            channel_gate(stream, weights, f"{key}.adaption", f"{_flat(key)}_{branch}_gate")
        )
    y = keras.layers.Add(name=f"{_flat(key)}_streams")(gated)
    y = _pair(y, weights, f"{key}.restore")
    if f"{key}.expand.op.0.weight" in weights:
        x = _pair(x, weights, f"{key}.expand")
    return relu(keras.layers.Add(name=f"{_flat(key)}_sum")([y, x]), f"{key}.relu")


def _branch(x: Any, weights: Weights, key: str) -> Any:
    """As many light 3x3 convolutions as there are: a kernel of k has k // 2."""
    index = 0
    while f"{key}.{index}.op.0.weight" in weights:
        name = f"{key}.{index}.op"
        x = convolution(x, weights, f"{name}.0")
        x = convolution(x, weights, f"{name}.1", padding=1, depthwise=True)
        x = relu(norm(x, weights, f"{name}.2"), f"{name}.relu")
        index += 1
    return x


def _pair(x: Any, weights: Weights, key: str) -> Any:
    """A 1x1 convolution and its normalisation."""
    return norm(convolution(x, weights, f"{key}.op.0"), weights, f"{key}.op.1")


def _flat(key: str) -> str:
    return key.replace(".", "_")
