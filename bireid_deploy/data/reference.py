"""Images and their features as the user's own code computes them: what an import is held to."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bireid_runtime.errors import ArrayFileError
from bireid_runtime.npz import open_npz

from bireid_deploy.errors import DatasetError

_MOST = 1024


@dataclass(frozen=True)
class Reference:
    """A file of `images` (or prepared `inputs`) and `features`.

    Attributes:
        images: uint8 (N, H, W, 3), RGB, before any preprocessing; empty if there are inputs.
        inputs: float32 (N, H, W, 3), what the network itself was given; None if there are images.
        features: float32 (N, D), of any length above 0.
    """

    images: np.ndarray
    inputs: np.ndarray | None
    features: np.ndarray

    @classmethod
    def load(cls, path: Path) -> "Reference":
        """Read an `.npz` file, as `numpy.savez(path, images=..., features=...)` writes it.

        Raises:
            FileNotFoundError: There is no such file.
            DatasetError: It is damaged, or its arrays are others; the message names the file.
        """
        try:
            with open_npz(path) as file:
                arrays = {name: file.read(name) for name in file.names}
        except ArrayFileError as error:
            raise DatasetError(f"{path}: {error}") from error
        features, images, inputs = (arrays.get(name) for name in ("features", "images", "inputs"))
        if features is None or (images is None) == (inputs is None):
            raise DatasetError(f"{path}: needs the arrays features and either images or inputs")
        given = images if inputs is None else inputs
        assert given is not None
        dtype = np.uint8 if inputs is None else np.float32
        if given.dtype != dtype or given.ndim != 4 or given.shape[3] != 3:
            kind = "images uint8" if inputs is None else "inputs float32"
            raise DatasetError(f"{path}: needs {kind} (N, H, W, 3), has {given.shape}")
        features = features.astype(np.float32)
        lengths = np.linalg.norm(features.reshape(len(features), -1), axis=1)
        if (
            features.ndim != 2
            or not 1 <= len(features) <= _MOST
            or len(features) != len(given)
            or not (np.isfinite(lengths).all() and lengths.min() > 0)
        ):
            raise DatasetError(
                f"{path}: needs finite features (N, D) of 1 to {_MOST} images, as many as images"
            )
        return cls(given if inputs is None else np.empty((0, 1, 1, 3), np.uint8), inputs, features)
