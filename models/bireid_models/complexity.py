"""Weights and multiply-accumulates of a network, and the gain that 1 bit promises on paper."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal, Protocol

# 1-bit products that a 64-bit word does at once, and 1-bit weights in the place of a float32.
BINARY_MACS_PER_REAL = 64
BINARY_WEIGHTS_PER_REAL = 32


class Cost(Protocol):
    """Anything that has weights and multiply-accumulates."""

    @property
    def kind(self) -> Literal["binary", "real"]:
        """Precision of its products."""

    @property
    def weights(self) -> int:
        """Number of weights."""

    @property
    def macs(self) -> int:
        """Multiply-accumulates for one image."""


@dataclass(frozen=True)
class LayerCost:
    """Cost of one layer for one image.

    Attributes:
        name: Keras layer name.
        kind: `binary` if weights and inputs are +1 and -1, else `real`.
        weights: Number of weights.
        macs: Multiply-accumulates.
    """

    name: str
    kind: Literal["binary", "real"]
    weights: int
    macs: int


@dataclass(frozen=True)
class TheoreticalGain:
    """What a network gains over the same topology in float32, on paper.

    Attributes:
        speedup: MACs / (real MACs + binary MACs / 64).
        saving: weights / (real weights + binary weights / 32).
    """

    speedup: float
    saving: float


def layer_costs(
    model: Any, *, identities: int = 0, all_parameters: bool = False
) -> list[LayerCost]:
    """Cost of each convolution and dense layer, from input to output.

    Args:
        model: Built Keras model from an image to an embedding (N, D).
        identities: If positive, a real classifier D -> identities without bias is added.
        all_parameters: Also count, as real weights without MACs, what is no kernel: batch
            normalisation with its moving statistics, alpha, PReLU slopes and biases.

    Returns:
        One entry per kernel and, with `all_parameters`, one per layer with other parameters.
    """
    costs = []
    for layer in model.layers:
        kernel = _kernel_cost(layer)
        if kernel is not None:
            costs.append(kernel)
        others = layer.count_params() - (kernel.weights if kernel else 0)
        if all_parameters and others:
            costs.append(LayerCost(layer.name, "real", others, 0))
    if identities:
        products = int(model.output_shape[-1]) * identities
        costs.append(LayerCost("classifier", "real", products, products))
    return costs


@dataclass(frozen=True)
class Removed:
    """What a pruning took out of one convolution.

    Attributes:
        name: Keras layer name.
        before: Shape of its kernel (height, width, in, out).
        after: The same afterwards; None if the layer is gone.
    """

    name: str
    before: tuple[int, ...]
    after: tuple[int, ...] | None


def removed(before: Any, after: Any) -> list[Removed]:
    """The convolutions and dense layers of a Keras model that are smaller, or missing, in another.

    Args:
        before: Built Keras model.
        after: What a pruning made of it; its layers have the same names.
    """
    left = dict(_kernel_shapes(after))
    return [
        Removed(name, shape, left.get(name))
        for name, shape in _kernel_shapes(before)
        if left.get(name) != shape
    ]


def weight_bytes(costs: Iterable[Cost]) -> int:
    """Bytes that the weights of layers need in a file: a bit each in 1-bit layers, else float32.

    Args:
        costs: Layers, each of which fills its last byte.
    """
    return sum(
        -(-cost.weights // 8) if cost.kind == "binary" else 4 * cost.weights for cost in costs
    )


def theoretical_gain(costs: Iterable[Cost]) -> TheoreticalGain:
    """Speed-up and storage saving, counting a binary MAC as 1/64 and a binary weight as 1/32.

    This is the accounting of XNOR-Net and Bi-Real Net. It says nothing about the time on a machine.

    Args:
        costs: Layers, with at least one weight among them.

    Raises:
        ValueError: There is no cost to compare.
    """
    macs = {"binary": 0, "real": 0}
    weights = {"binary": 0, "real": 0}
    for cost in costs:
        macs[cost.kind] += cost.macs
        weights[cost.kind] += cost.weights
    if not sum(macs.values()) or not sum(weights.values()):
        raise ValueError("no layer has weights and multiply-accumulates; nothing to compare")
    return TheoreticalGain(
        speedup=sum(macs.values()) / (macs["real"] + macs["binary"] / BINARY_MACS_PER_REAL),
        saving=sum(weights.values())
        / (weights["real"] + weights["binary"] / BINARY_WEIGHTS_PER_REAL),
    )


def _kernel_shapes(model: Any) -> list[tuple[str, tuple[int, ...]]]:
    kernels = [(layer.name, _kernel(layer)) for layer in model.layers]
    return [(name, tuple(kernel.shape)) for name, kernel in kernels if kernel is not None]


def _kernel(layer: Any) -> Any:
    from bireid_models.framework import keras

    if isinstance(layer, keras.layers.DepthwiseConv2D):
        return layer.depthwise_kernel
    return layer.kernel if isinstance(layer, keras.layers.Conv2D | keras.layers.Dense) else None


def _kernel_cost(layer: Any) -> LayerCost | None:
    from bireid_models.fusion_gate import FusionGate
    from bireid_models.layers import BinaryConv2D

    if isinstance(layer, FusionGate):
        gate = math.prod(layer.reduction.shape) + math.prod(layer.expansion.shape)
        # The gate of either branch, each on one pixel.
        return LayerCost(layer.name, "real", gate, 2 * gate)
    kernel = _kernel(layer)
    if kernel is None:
        return None
    weights = math.prod(kernel.shape)
    # A convolution uses each weight once per output pixel; a dense layer has no pixels.
    pixels = math.prod(layer.output_shape[1:-1])
    kind: Literal["binary", "real"] = "binary" if isinstance(layer, BinaryConv2D) else "real"
    return LayerCost(layer.name, kind, weights, weights * pixels)
