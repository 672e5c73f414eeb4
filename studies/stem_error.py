"""Errors of the float stem and of the uint8 stem against double precision; print them.

    python studies/stem_error.py BUNDLE

The first convolution of a bundle's network on its golden crops, by the delegate. Double precision
begins at the pixels themselves; the stems begin at what float32 makes of them. Three digits of a
weight, where the uint8 stem has two, are computed by NumPy: no kernel has them.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

import click
import numpy as np
from ai_edge_litert.interpreter import Interpreter, load_delegate
from bireid_converters.flatbuffer import TfliteModel, read_tflite
from bireid_converters.flatbuffer_edit import with_outputs
from bireid_runtime import Bundle, Preprocess
from bireid_runtime.native_library import delegate_path
from bireid_runtime.preprocess import fit_to_input, normalize

# Largest weight of so many digits: a sign, and 15 or 23 bits.
DIGITS = {2: 2**15 - 1, 3: 2**23 - 1}


@click.command()
@click.argument("bundle", type=click.Path(exists=True, file_okay=False, path_type=Path))
def main(bundle: Path) -> None:
    """Measure the stem of BUNDLE, whose one input is an image."""
    for name, largest, mean in errors(Bundle.open(bundle)):
        click.echo(f"{name:20} largest error {largest:.2e}, mean {mean:.2e}")


def errors(bundle: Bundle) -> Iterator[tuple[str, float, float]]:
    """Largest and mean absolute error of the convolution, for each way to compute it."""
    model = read_tflite(bundle.file("lce").read_bytes())
    spec, name = bundle.preprocess, bundle.inputs[0].name
    crops = [fit_to_input(item, spec) for item in bundle.golden().inputs[name]]
    exact = np.stack([_in_double(model, crop, spec) for crop in crops])

    def compare(label: str, maps: Sequence[np.ndarray]) -> tuple[str, float, float]:
        difference = np.abs(np.stack(maps) - exact)
        return label, float(difference.max()), float(difference.mean())

    yield compare("float32", [_by_delegate(model, crop, spec, {}) for crop in crops])
    options = {
        "stem": "uint8",
        "pixel_mean": ",".join(map(str, spec.mean)),
        "pixel_std": ",".join(map(str, spec.std)),
    }
    yield compare("uint8", [_by_delegate(model, crop, spec, options) for crop in crops])
    for digits, most in DIGITS.items():
        maps = [_by_digits(model, crop, spec, most) for crop in crops]
        yield compare(f"{digits} digits, NumPy", maps)


def _parameters(model: TfliteModel) -> tuple[np.ndarray, np.ndarray]:
    """Weights (O, H, W, C) and bias (O,) of the first convolution, float64."""
    stem = model.operators[0]
    if stem.name != "CONV_2D":
        raise click.ClickException(f"the network begins with {stem.name}, not with a convolution")
    weights, bias = (model.operand(stem, which).value().astype(np.float64) for which in (1, 2))
    return weights, bias


def _convolve(model: TfliteModel, image: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The sums (H', W', O) of an image (H, W, C) under SAME padding with zeros, in its type."""
    stem = model.operators[0]
    sizes = model.tensors[stem.outputs[0]].shape[1:3]
    window = weights.shape[1:3]
    strides = [-(-side // size) for side, size in zip(image.shape, sizes, strict=False)]
    around = []
    for side, size, taps, stride in zip(image.shape, sizes, window, strides, strict=False):
        total = max((size - 1) * stride + taps - side, 0)
        around.append((total // 2, total - total // 2))
    padded = np.pad(image, (*around, (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, window, axis=(0, 1))
    return np.einsum("hwcyx,oyxc->hwo", windows[:: strides[0], :: strides[1]], weights)


def _in_double(model: TfliteModel, crop: np.ndarray, spec: Preprocess) -> np.ndarray:
    weights, bias = _parameters(model)
    mean, std = (np.float32(each).astype(np.float64) for each in (spec.mean, spec.std))
    return _convolve(model, (crop / 255 - mean) / std, weights) + bias


def _by_delegate(
    model: TfliteModel, crop: np.ndarray, spec: Preprocess, options: dict[str, str]
) -> np.ndarray:
    flatbuffer = with_outputs(model, [model.operators[0].outputs[0]])
    delegate = load_delegate(delegate_path(), options)
    interpreter = Interpreter(model_content=flatbuffer, experimental_delegates=[delegate])
    interpreter.allocate_tensors()
    image = normalize(crop[np.newaxis], spec)
    interpreter.set_tensor(interpreter.get_input_details()[0]["index"], image)
    interpreter.invoke()
    return np.asarray(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0])


def _by_digits(model: TfliteModel, crop: np.ndarray, spec: Preprocess, most: int) -> np.ndarray:
    """As kernels/pixel_convolution.h: exact sums, then a scale and a bias in float32."""
    weights, bias = _parameters(model)
    mean, std = (np.float32(each).astype(np.float64) for each in (spec.mean, spec.std))
    per_pixel = weights / (255 * std)
    steps = most / np.abs(per_pixel).max(axis=(1, 2, 3))
    rounded = np.round(per_pixel * steps[:, np.newaxis, np.newaxis, np.newaxis])
    # float64 holds these integers: 2^23 * 255 * 147 is below 2^53.
    sums = _convolve(model, crop.astype(np.float64), rounded)
    inside = _convolve(model, np.broadcast_to(255 * mean, crop.shape), rounded)
    border = (bias - inside / steps).astype(np.float32)
    return sums.astype(np.float32) * (1 / steps).astype(np.float32) + border


if __name__ == "__main__":
    main()
