"""From a crop of any size to the input of the network, by the record stored in the bundle."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bireid_runtime.errors import ArgumentError, ImageError, UnsupportedModelError
from bireid_runtime.manifest import Section
from bireid_runtime.resize import require_rgb, resize_bilinear

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
MAX_INPUT_SIDE = 4096

_KEYS = ("height", "width", "color_order", "resize", "antialias", "mean", "std")


@dataclass(frozen=True)
class Preprocess:
    """How a crop becomes network input: `(resize(x) / 255 - mean) / std`.

    Attributes:
        height: Input height of the network in pixels, 1 to 4096.
        width: Input width of the network in pixels, 1 to 4096.
        mean: Mean per channel (red, green, blue) on the scale 0 to 1.
        std: Standard deviation per channel on the same scale, positive.
        resize: Interpolation kernel; `"bilinear"` is the one that exists.
        antialias: Whether the kernel widens when shrinking; True is the one that exists.
        color_order: Channel order of the network; `"RGB"` is the one that exists.

    Raises:
        UnsupportedModelError: A kernel, antialias flag or colour order that does not exist here.
        ArgumentError: A size, mean or std out of range.
    """

    height: int
    width: int
    mean: tuple[float, float, float] = IMAGENET_MEAN
    std: tuple[float, float, float] = IMAGENET_STD
    resize: str = "bilinear"
    antialias: bool = True
    color_order: str = "RGB"

    def __post_init__(self) -> None:
        for key, supported in (("resize", "bilinear"), ("antialias", True), ("color_order", "RGB")):
            value = getattr(self, key)
            if value != supported:
                raise UnsupportedModelError(
                    f"preprocess.{key} is {value!r}; this version supports {supported!r} only"
                )
        for key in ("height", "width"):
            if not 1 <= getattr(self, key) <= MAX_INPUT_SIDE:
                raise ArgumentError(f"preprocess.{key} must lie in 1..{MAX_INPUT_SIDE}")
        if len(self.mean) != 3 or not np.isfinite(self.mean).all():
            raise ArgumentError("preprocess.mean must be 3 finite numbers")
        if len(self.std) != 3 or not np.isfinite(self.std).all() or min(self.std) <= 0:
            raise ArgumentError("preprocess.std must be 3 positive finite numbers")

    def to_manifest(self) -> dict[str, Any]:
        """Return the record as it stands in the manifest of a bundle (JSON types only)."""
        return {
            "height": self.height,
            "width": self.width,
            "color_order": self.color_order,
            "resize": self.resize,
            "antialias": self.antialias,
            "mean": list(self.mean),
            "std": list(self.std),
        }

    @classmethod
    def from_manifest(
        cls, values: Mapping[str, Any], source: str = "manifest.json"
    ) -> "Preprocess":
        """Read the record back; the inverse of `to_manifest`.

        Args:
            values: The section `preprocess` of a manifest, untrusted.
            source: Where it comes from, for messages.

        Returns:
            The record.

        Raises:
            BundleError: A key is missing, unknown, of another type or out of range; it is named.
            UnsupportedModelError: A kernel, antialias flag or colour order that does not exist.
        """
        section = Section(values, source, "preprocess")
        # An option that is not understood would silently change every embedding.
        section.refuse_unknown(_KEYS)
        std = section.triple("std")
        if min(std) <= 0:
            raise section.error("std", "must be positive")
        return cls(
            height=section.integer("height", 1, MAX_INPUT_SIDE),
            width=section.integer("width", 1, MAX_INPUT_SIDE),
            mean=section.triple("mean"),
            std=std,
            resize=section.text("resize"),
            antialias=section.boolean("antialias"),
            color_order=section.text("color_order"),
        )


def normalize(images: np.ndarray, spec: Preprocess) -> np.ndarray:
    """Compute `(x / 255 - mean) / std` in float32.

    Args:
        images: uint8 RGB `(..., H, W, 3)` of any size.
        spec: Gives `mean` and `std`; sizes are not looked at.

    Returns:
        float32 `(..., H, W, 3)`.

    Raises:
        ImageError: `images` has another dtype or shape, or no pixels.
    """
    require_rgb(images)
    width = images.shape[-2]
    # Whole rows at once: NumPy is several times slower on an inner loop of 3 channels.
    rows = images.reshape(*images.shape[:-2], width * 3).astype(np.float32)
    rows /= np.float32(255.0)
    rows -= np.tile(np.asarray(spec.mean, np.float32), width)
    rows /= np.tile(np.asarray(spec.std, np.float32), width)
    return rows.reshape(images.shape)


def preprocess(image: np.ndarray, spec: Preprocess) -> np.ndarray:
    """Resize and normalise one crop.

    Args:
        image: uint8 RGB `(H, W, 3)`, any size from 1x1.
        spec: The record of the bundle.

    Returns:
        float32 `(spec.height, spec.width, 3)`.

    Raises:
        ImageError: `image` has another dtype or shape, or no pixels.
    """
    require_rgb(image)
    if image.ndim != 3:
        raise ImageError(f"expected one crop (H, W, 3), got an array of shape {image.shape}")
    return normalize(resize_bilinear(image, spec.height, spec.width), spec)
