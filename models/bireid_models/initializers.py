"""Weights that layers start from, where Keras's own names mean something else."""

from typing import Any

from bireid_models.framework import keras


def depthwise_he_normal() -> Any:
    """He's initialisation of a depthwise kernel (kh, kw, C, 1): variance 2 / (kh * kw).

    Keras's `he_normal` takes all C channels for inputs of a kernel that sees one, and its kernels
    are smaller by the root of C: of 960 channels a step of Adam at a rate of 0.003, which knows no
    scale, moves them by a fifth of themselves.
    """
    return keras.initializers.VarianceScaling(2.0, "fan_out", "truncated_normal")
