"""What was learned about one camera from its unlabelled crops."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from bireid_runtime.adaptation import CAMERA_NAME, MAX_CAMERAS, MAX_CROPS
from bireid_runtime.bundle import Bundle
from bireid_runtime.centring import MIN_DEVIATION
from bireid_runtime.errors import ArgumentError


@dataclass(frozen=True, eq=False)
class CameraAdaptation:
    """One camera of a bundle.

    Attributes:
        name: A letter or digit, then up to 63 of `A-Za-z0-9._-`; unique in the bundle.
        crops: Crops that the numbers come from, at least 1.
        mean: Mean (D,) of the embeddings of these crops, as the network with this camera's batch
            normalisation gives them; None leaves embeddings as they are.
        deviation: Standard deviation (D,) of each number of them, 1e-6 or more; None divides by
            nothing. Needs `mean`.
        model: Gives the Keras model with this camera's batch normalisation; all its other weights
            are those of the base bundle. It is called more than once, and what it returned is
            used no more once the next camera's is asked for: one model may serve all cameras.
            None leaves the network as it is.
    """

    name: str
    crops: int
    mean: np.ndarray | None = None
    deviation: np.ndarray | None = None
    model: Callable[[], Any] | None = None


def check_cameras(cameras: Sequence[CameraAdaptation], bundle: Bundle) -> None:
    """Hold cameras to the rules of an adapted bundle.

    Args:
        cameras: The cameras.
        bundle: What they are for.

    Raises:
        ArgumentError: A rule is broken; the message names the camera.
    """
    if not 1 <= len(cameras) <= MAX_CAMERAS:
        raise ArgumentError(f"{len(cameras)} cameras; a bundle holds 1 to {MAX_CAMERAS}")
    seen: set[str] = set()
    for camera in cameras:
        if not CAMERA_NAME.fullmatch(camera.name):
            raise ArgumentError(
                f"camera {camera.name!r}: a name is a letter or digit, then up to 63 of "
                "A-Z a-z 0-9 . _ -"
            )
        if camera.name in seen:
            raise ArgumentError(f"camera '{camera.name}' is there twice; names must differ")
        seen.add(camera.name)
        if not 1 <= camera.crops <= MAX_CROPS:
            raise ArgumentError(f"camera '{camera.name}': {camera.crops} crops; at least 1")
        _check_level(camera, cameras[0])
        _check_statistics(camera, bundle)


def _check_level(camera: CameraAdaptation, first: CameraAdaptation) -> None:
    for what in ("mean", "deviation", "model"):
        if (getattr(camera, what) is None) != (getattr(first, what) is None):
            raise ArgumentError(
                f"cameras '{first.name}' and '{camera.name}': one has a {what}, the other has "
                "none; adapt all cameras alike"
            )
    if camera.mean is None and (camera.deviation is not None or camera.model is None):
        raise ArgumentError(
            f"camera '{camera.name}': give it a mean (and with it a deviation), a model, or both"
        )


def _check_statistics(camera: CameraAdaptation, bundle: Bundle) -> None:
    if camera.mean is None:
        return
    shape = bundle.output_of_kind("embedding").shape
    for what, values in (("mean", camera.mean), ("deviation", camera.deviation)):
        if values is None:
            continue
        if values.shape != shape or not np.isfinite(values.astype(np.float32)).all():
            raise ArgumentError(
                f"camera '{camera.name}': its {what} must be {shape[0]} finite numbers"
            )
    if camera.deviation is not None and (
        camera.deviation.astype(np.float32).min() < np.float32(MIN_DEVIATION)
    ):
        raise ArgumentError(
            f"camera '{camera.name}': a deviation below {MIN_DEVIATION:g}; give it more crops"
        )
