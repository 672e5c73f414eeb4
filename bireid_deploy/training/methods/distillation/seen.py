"""What a student sees, for a teacher that prepares images in its own way."""

import numpy as np
from bireid_runtime.preprocess import Preprocess


def pixels_of(images: np.ndarray, spec: Preprocess) -> np.ndarray:
    """Undo the normalisation of images, to the nearest level.

    What was erased after the normalisation is the colour that it stands for.

    Args:
        images: Normalised, float32 (N, H, W, C).
        spec: How they were normalised.

    Returns:
        uint8 (N, H, W, C).
    """
    std, mean = (np.array(each, np.float32) for each in (spec.std, spec.mean))
    pixels = (images * std + mean) * 255
    return np.rint(pixels).clip(0, 255).astype(np.uint8)
