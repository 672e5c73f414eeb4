"""From a point cloud of any size to the input of a network, by the record stored in the bundle.

The engine in C++ does the same to the last bit: all sums and quotients are of float64, in the order
of the points, and only the last step rounds to float32.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from bireid_runtime.errors import ArgumentError, CloudError, UnsupportedModelError
from bireid_runtime.manifest import Section

AXES = 3
MIN_POINTS = 3
MAX_POINTS = 2**24
MAX_INPUT_POINTS = 2**16

_KEYS = ("points", "sample", "normalize", "up_axis")
_UP_AXES = ("x", "y", "z")


@dataclass(frozen=True)
class CloudPreprocess:
    """How a point cloud becomes network input: sampled evenly, then moved into the unit sphere.

    Attributes:
        count: Points that the network takes, 3 to 65,536.
        up_axis: Which axis pointed up in training: `x`, `y` or `z`. It is for the caller, who turns
            clouds so; nothing is turned here.

    Raises:
        ArgumentError: `count` is out of range, or `up_axis` no axis.
    """

    count: int
    up_axis: str = "y"

    def __post_init__(self) -> None:
        if not MIN_POINTS <= self.count <= MAX_INPUT_POINTS:
            raise ArgumentError(
                f"preprocess.points is {self.count}; it must lie in {MIN_POINTS} to "
                f"{MAX_INPUT_POINTS}"
            )
        if self.up_axis not in _UP_AXES:
            raise ArgumentError(f"preprocess.up_axis is {self.up_axis!r}; choose x, y or z")

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one input of the network, `(count, 1, 3)`."""
        return (self.count, 1, AXES)

    def to_manifest(self) -> dict[str, Any]:
        """Return the record as it stands in the manifest of a bundle (JSON types only)."""
        return {
            "points": self.count,
            "sample": "even",
            "normalize": "unit_sphere",
            "up_axis": self.up_axis,
        }

    @classmethod
    def from_manifest(cls, section: Section) -> "CloudPreprocess":
        """Read the record back, untrusted.

        Raises:
            BundleError: A key is missing, unknown, of another type or out of range; it is named.
            UnsupportedModelError: A way to sample or normalise that does not exist here.
        """
        section.refuse_unknown(_KEYS)
        for key, supported in (("sample", "even"), ("normalize", "unit_sphere")):
            if section.text(key) != supported:
                raise UnsupportedModelError(
                    f"{section.source}: {section.path}.{key} is {section.text(key)!r}; this "
                    f"version supports {supported!r} only"
                )
        if section.text("up_axis") not in _UP_AXES:
            raise section.error("up_axis", "must be x, y or z")
        count = section.integer("points", MIN_POINTS, MAX_INPUT_POINTS)
        return cls(count, section.text("up_axis"))


def require_cloud(cloud: object, spec: CloudPreprocess) -> None:
    """Check one raw cloud.

    Args:
        cloud: float32 `(M, 3)`, M from 3 to 2^24, finite.
        spec: The record of the bundle.

    Raises:
        CloudError: Another dtype or shape, numbers that are not finite, or all points that are
            sampled lie at one place.
    """
    if not isinstance(cloud, np.ndarray) or cloud.dtype != np.float32:
        kind = cloud.dtype if isinstance(cloud, np.ndarray) else type(cloud).__name__
        raise CloudError(f"expected float32 points (M, 3), got {kind}")
    if cloud.ndim != 2 or cloud.shape[1] != AXES:
        raise CloudError(f"expected float32 points (M, 3), got the shape {cloud.shape}")
    if not MIN_POINTS <= len(cloud) <= MAX_POINTS:
        raise CloudError(f"{len(cloud)} points; a cloud has {MIN_POINTS} to {MAX_POINTS}")
    if not np.isfinite(cloud).all():
        raise CloudError("not all coordinates are finite")
    sampled = sample_evenly(cloud, spec.count)
    if (sampled == sampled[0]).all():
        raise CloudError("all points that are sampled lie at one place")


def sample_evenly(cloud: np.ndarray, count: int) -> np.ndarray:
    """Take `count` points of a cloud `(M, 3)`, in its order.

    Of more points the one at `floor(i M / count)` for each i; of fewer the one at `i mod M`, which
    repeats them.
    """
    places = np.arange(count, dtype=np.int64)
    found = places * len(cloud) // count if len(cloud) > count else places % len(cloud)
    sampled: np.ndarray = cloud[found]
    return sampled


def prepare_cloud(cloud: np.ndarray, spec: CloudPreprocess) -> np.ndarray:
    """Sample a cloud, move its mean to the origin and its farthest point to distance 1.

    Args:
        cloud: As for `require_cloud`.
        spec: The record of the bundle.

    Returns:
        float32 `(spec.count, 1, 3)`.

    Raises:
        CloudError: As `require_cloud`.
    """
    require_cloud(cloud, spec)
    points = sample_evenly(cloud, spec.count).astype(np.float64)
    # One addition after the other, where np.sum may pair them.
    mean = np.cumsum(points, axis=0)[-1] / spec.count
    points -= mean
    x, y, z = points.T
    points /= np.sqrt((x * x + y * y + z * z).max())
    return points.astype(np.float32)[:, None]
