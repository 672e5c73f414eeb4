"""An imported network, held to what the user's own code computes."""

from collections.abc import Callable

import numpy as np
from bireid_converters.errors import ParityError
from bireid_runtime.preprocess import Preprocess, preprocess

from bireid_deploy.data.reference import Reference

MIN_COSINE = 0.9999


def compare_with_reference(
    embed: Callable[[np.ndarray], np.ndarray], spec: Preprocess, reference: Reference, assumed: str
) -> str:
    """Hold a network, images in, to a file of images and features.

    Args:
        embed: Embeddings float32 (N, D) of unit length of prepared inputs float32 (N, H, W, 3).
        spec: What becomes of an image.
        reference: The file.
        assumed: What was taken for granted, for the message.

    Returns:
        What was found, in words.

    Raises:
        ParityError: The smallest cosine is below 0.9999.
    """
    inputs = reference.inputs
    if inputs is None:
        inputs = np.stack([preprocess(image, spec) for image in reference.images])
    if inputs.shape[1:] != spec.shape:
        raise ParityError(
            f"the reference's inputs are {inputs.shape[1:]}, the network takes {spec.shape}; give "
            "its size by --size"
        )
    found = embed(inputs)
    if found.shape != reference.features.shape:
        raise ParityError(
            f"the reference has features {reference.features.shape}, the network gives "
            f"{found.shape}; export the features that its test uses"
        )
    lengths = np.linalg.norm(reference.features, axis=1, keepdims=True)
    cosine = float((found * reference.features / lengths).sum(axis=1).min())
    if not cosine >= MIN_COSINE:
        raise ParityError(
            f"the network agrees with the reference to a cosine of {cosine:.5f}, {MIN_COSINE} is "
            f"needed; {assumed}"
        )
    return f"{len(found)} images, smallest cosine {cosine:.6f}"
