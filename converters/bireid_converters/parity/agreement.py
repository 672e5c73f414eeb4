"""Part (b) of the gate: how two engines agree on the same crops."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from bireid_converters.parity.report import Agreement, ParityThresholds

_SEED = 0


def agreement(
    found: np.ndarray,
    expected: np.ndarray,
    images: np.ndarray,
    reference: Callable[[np.ndarray], np.ndarray],
    thresholds: ParityThresholds,
) -> Agreement:
    """Compare embeddings of the same crops, with a control if few agree.

    Args:
        found: (N, D), rows of unit length.
        expected: (N, D), rows of unit length, what `reference` gives for `images`.
        images: float32 (N, H, W, 3).
        reference: Computes embeddings; run again on noisy crops for the control.
        thresholds: Tolerance, needed share and noise.
    """
    result = _compare(found, expected, thresholds.tolerance)
    if result.agreeing_share >= thresholds.min_agreeing_share:
        return result
    noise = np.random.default_rng(_SEED).normal(0, thresholds.control_noise, images.shape)
    noisy = reference((images + noise).astype(np.float32))
    control = _compare(noisy, expected, thresholds.tolerance)
    return replace(result, control_share=control.agreeing_share)


def _compare(found: np.ndarray, expected: np.ndarray, tolerance: float) -> Agreement:
    if found.shape != expected.shape:
        return Agreement(len(expected), 0.0, 0.0)
    close = np.abs(found - expected).max(axis=1) <= tolerance
    lengths = np.linalg.norm(found, axis=1) * np.linalg.norm(expected, axis=1)
    cosines = np.sum(found * expected, axis=1) / np.maximum(lengths, np.finfo(np.float32).tiny)
    return Agreement(len(expected), float(close.mean()), float(cosines.mean()))
