"""What the kernels must compute, to the last bit, written in NumPy.

It rounds where Larq Compute Engine rounds: a sum of products becomes `2 * popcount`, an integer;
multiplier and bias are folded in float64; then one product and one sum in float32.
"""

import numpy as np

Pair = tuple[int, int]

_ACTIVATION_RANGES = {
    "none": (-np.inf, np.inf),
    "relu": (0, np.inf),
    "relu_n1_to_1": (-1, 1),
    "relu6": (0, 6),
}


def pack_signs(negative: np.ndarray) -> np.ndarray:
    """Bits of bool (..., C) as words uint32 (..., ceil(C / 32)), lowest channel lowest."""
    padding = [(0, 0)] * (negative.ndim - 1) + [(0, -negative.shape[-1] % 32)]
    octets = np.packbits(np.pad(negative, padding), axis=-1, bitorder="little")
    return np.ascontiguousarray(octets).view("<u4")


def window_count(size: int, kernel: int, stride: int, dilation: int, padding: str) -> int:
    """Windows along one dimension, as TensorFlow counts them."""
    if padding == "same":
        return -(-size // stride)
    return (size - (kernel - 1) * dilation - 1) // stride + 1


def gather_windows(
    image: np.ndarray, kernel: Pair, stride: Pair, dilation: Pair, padding: str, outside: float
) -> np.ndarray:
    """Every window of maps (N, H, W, C): (N, H', W', kernel height, kernel width, C)."""
    indices, borders = [], []
    for size, reach, step, spread in zip(image.shape[1:3], kernel, stride, dilation, strict=True):
        count = window_count(size, reach, step, spread, padding)
        overhang = max(0, (count - 1) * step + (reach - 1) * spread + 1 - size)
        before = overhang // 2 if padding == "same" else 0
        indices.append(np.arange(count)[:, None] * step + np.arange(reach)[None] * spread)
        borders.append((before, overhang - before))
    padded = np.pad(image, [(0, 0), *borders, (0, 0)], constant_values=outside)
    rows, columns = indices
    return padded[:, rows[:, None, :, None], columns[None, :, None, :]]


def convolution_sums(
    signs: np.ndarray, weights: np.ndarray, stride: Pair, dilation: Pair, padding: str
) -> np.ndarray:
    """Integer sums of products, with +1 outside the map: int64 (N, H', W', O).

    Args:
        signs: +1 and -1 (N, H, W, C).
        weights: +1 and -1 (O, kernel height, kernel width, C / groups).
        stride: Vertical, horizontal.
        dilation: Vertical, horizontal.
        padding: `same` or `valid`.
    """
    filters, *kernel, group_channels = weights.shape
    groups = signs.shape[-1] // group_channels
    windows = gather_windows(signs, (kernel[0], kernel[1]), stride, dilation, padding, 1)
    windows = windows.reshape(*windows.shape[:5], groups, group_channels)
    grouped = weights.reshape(groups, filters // groups, *kernel, group_channels)
    # Exact in float32: the sums stay below 2 ** 24.
    sums = np.einsum(
        "nhwyxgc,goyxc->nhwgo", windows.astype("f4"), grouped.astype("f4"), optimize=True
    )
    return sums.reshape(*sums.shape[:3], filters).astype(np.int64)


def float_output(
    sums: np.ndarray, taps: int, multiplier: np.ndarray, bias: np.ndarray, activation: str
) -> np.ndarray:
    """Float32 output of sums over `taps` products; multiplier and bias float32 or float64."""
    low, high = (np.clip(bound, -taps, taps) for bound in _ACTIVATION_RANGES[activation])
    doubled = np.clip(taps - sums, taps - high, taps - low).astype(np.float32)
    slope = multiplier.astype(np.float64)
    return doubled * (-slope).astype(np.float32) + (bias + taps * slope).astype(np.float32)


def zero_padding_correction(
    weights: np.ndarray, size: Pair, stride: Pair, dilation: Pair, multiplier: np.ndarray
) -> np.ndarray:
    """What turns one-padded float outputs into zero-padded ones: float32 (H', W', O)."""
    inside = np.zeros((1, *size, 1))
    outside = gather_windows(inside, weights.shape[1:3], stride, dilation, "same", 1)[0, ..., 0]
    sums = np.einsum("hwyx,oyx->hwo", outside, weights.sum(axis=-1))
    return -multiplier * sums.astype(np.float32)


def int8_output(
    sums: np.ndarray,
    taps: int,
    multiplier: np.ndarray,
    bias: np.ndarray,
    activation: str,
    scale: float,
    zero_point: int,
) -> np.ndarray:
    """Int8 output: the float one over the scale, shifted, rounded half away from zero."""
    step = np.float64(np.float32(scale))
    slope, offset = (each.astype(np.float64) / step for each in (multiplier, bias))
    value = float_output(sums, taps, slope, offset + zero_point, activation).astype(np.float64)
    return np.clip(np.trunc(value + np.copysign(0.5, value)), -128, 127).astype(np.int8)


def max_pool(negative: np.ndarray, kernel: Pair, stride: Pair, padding: str) -> np.ndarray:
    """Whether the largest value of every window is negative: bool (N, H', W', C)."""
    return gather_windows(negative, kernel, stride, (1, 1), padding, True).all(axis=(3, 4))
