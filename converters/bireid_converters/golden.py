"""Choosing golden crops: inputs whose embedding does not hang on a single rounding."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from bireid_models.network import Network
from bireid_runtime.golden import Golden
from bireid_runtime.preprocess import Preprocess, preprocess
from bireid_runtime.resize import resize_bilinear

from bireid_converters.errors import ConversionError
from bireid_converters.keras_graph import keras_model

GOLDEN_CROPS = 3
MAX_CANDIDATES = 32
MAX_ABS = 1e-3
MIN_COSINE = 0.999

# Another engine differs from Keras like input noise of about 1e-6; the first two levels must not
# break a golden crop, the last one only ranks those that hold.
_NOISE = (1e-6, 1e-5, 1e-4)
_MUST_HOLD = 2
_DRAWS = 2


def choose_golden(
    network: Network | Any,
    spec: Preprocess,
    candidates: Sequence[np.ndarray] | None = None,
    seed: int = 0,
) -> Golden:
    """Take the three crops whose Keras embeddings move least under tiny noise on the input.

    A sum that lands within float rounding of zero takes the other sign in another engine, and a
    1-bit network spreads the difference; such a crop would fail the self-test of a sound device.

    Args:
        network: Network, or a Keras model, `image` (N, H, W, 3) to `embedding` (N, D).
        spec: Preprocessing of the network.
        candidates: Crops uint8 RGB (H, W, 3), at least three, of which the first 32 count; they are
            stored in the bundle, so they must be free to pass on. None takes generated patterns.
        seed: Seed of the patterns and the noise.

    Returns:
        Crops and embeddings; at least one crop is higher and wider than the input of the network.

    Raises:
        ConversionError: Fewer than three candidates, or fewer than three stable ones.
    """
    crops = list(generate_crops(spec, seed=seed) if candidates is None else candidates)
    crops = crops[:MAX_CANDIDATES]
    if len(crops) < GOLDEN_CROPS:
        raise ConversionError(f"{len(crops)} candidates for golden crops; {GOLDEN_CROPS} or more")
    if not any(_is_larger(crop, spec) for crop in crops):
        crops += [_enlarge(crop, spec) for crop in crops]

    images = np.stack([preprocess(crop, spec) for crop in crops])
    embeddings, changes = _embeddings_and_changes(keras_model(network), images, seed)
    broken = changes > MAX_ABS
    stable = [index for index in range(len(crops)) if not broken[:_MUST_HOLD, :, index].any()]
    stable.sort(key=lambda index: (broken[:, :, index].sum(), changes[:, :, index].max()))
    larger = [index for index in stable if _is_larger(crops[index], spec)]
    if len(stable) < GOLDEN_CROPS or not larger:
        raise ConversionError(
            f"only {len(stable)} of {len(crops)} candidates for golden crops ({len(larger)} larger "
            f"than the input) keep their embedding under noise of {_NOISE[_MUST_HOLD - 1]:g}; give "
            "more crops, or train longer"
        )
    chosen = [larger[0], *[index for index in stable if index != larger[0]]][:GOLDEN_CROPS]
    return Golden(
        crops=tuple(crops[index] for index in chosen),
        embeddings=embeddings[chosen],
        max_abs=MAX_ABS,
        min_cosine=MIN_COSINE,
    )


def generate_crops(
    spec: Preprocess, count: int = MAX_CANDIDATES, seed: int = 0
) -> list[np.ndarray]:
    """Random soft patterns with grain, from half to twice the input size: no person is in them.

    Args:
        spec: Gives the input size.
        count: Number of crops; they take turns over five sizes.
        seed: Seed; the same seed gives the same crops.

    Returns:
        Crops uint8 RGB (H, W, 3).
    """
    rng = np.random.default_rng(seed)
    crops = []
    for index in range(count):
        scale = (0.5, 0.75, 1.0, 1.5, 2.0)[index % 5]
        height, width = math.ceil(spec.height * scale), math.ceil(spec.width * scale)
        coarse = rng.integers(0, 256, (8, 4, 3), dtype=np.uint8)
        smooth = resize_bilinear(coarse, height, width)
        grain = rng.integers(-24, 25, smooth.shape)
        crops.append(np.clip(smooth + grain, 0, 255).astype(np.uint8))
    return crops


def _is_larger(crop: np.ndarray, spec: Preprocess) -> bool:
    return crop.shape[0] > spec.height and crop.shape[1] > spec.width


def _enlarge(crop: np.ndarray, spec: Preprocess) -> np.ndarray:
    rows = spec.height // crop.shape[0] + 1
    columns = spec.width // crop.shape[1] + 1
    return crop.repeat(rows, axis=0).repeat(columns, axis=1)


def _embeddings_and_changes(
    model: Any, images: np.ndarray, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Embeddings (N, D), and by how much noise changes them: (levels, draws, N)."""
    rng = np.random.default_rng(seed)
    embeddings = model.predict(images, batch_size=16, verbose=0)
    changes = np.empty((len(_NOISE), _DRAWS, len(images)))
    for level, scale in enumerate(_NOISE):
        for draw in range(_DRAWS):
            noise = rng.normal(0, scale, images.shape).astype(np.float32)
            noisy = model.predict(images + noise, batch_size=16, verbose=0)
            changes[level, draw] = np.abs(noisy - embeddings).max(axis=1)
    return embeddings, changes
