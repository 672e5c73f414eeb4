"""From an image of any size to the input of the network, by the record stored in the bundle."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from bireid_runtime.errors import ArgumentError, ImageError, UnsupportedModelError
from bireid_runtime.letterbox import FITS, STRETCH, fit_image
from bireid_runtime.manifest import Section
from bireid_runtime.resize import MAX_CHANNELS, PLAIN_KERNELS, RESIZE_KERNELS, require_image

IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
MAX_INPUT_SIDE = 4096

_KEYS = ("height", "width", "color_order", "resize", "antialias", "mean", "std", "fit")


@dataclass(frozen=True)
class Preprocess:
    """How an image becomes network input: `(fit(x) / 255 - mean) / std`.

    Attributes:
        height: Input height of the network in pixels, 1 to 4096.
        width: Input width of the network in pixels, 1 to 4096.
        mean: Mean per channel on the scale 0 to 1; 1 to 64 channels. Three are red, green, blue.
        std: Standard deviation per channel on the same scale, positive; as many.
        resize: Interpolation kernel: `"bilinear"` or `"bicubic"`, as Pillow's.
        antialias: Whether the kernel widens when shrinking, as Pillow's do and OpenCV's do not;
            False goes with `"bilinear"` alone.
        fit: How an image of another shape is brought to the input: a name of
            `bireid_runtime.letterbox.FITS`.

    Raises:
        UnsupportedModelError: A kernel, antialias flag or fit that does not exist here.
        ArgumentError: A size, mean or std out of range.
    """

    height: int
    width: int
    mean: tuple[float, ...] = IMAGENET_MEAN
    std: tuple[float, ...] = IMAGENET_STD
    resize: str = "bilinear"
    antialias: bool = True
    fit: str = STRETCH

    def __post_init__(self) -> None:
        if self.resize not in RESIZE_KERNELS:
            raise UnsupportedModelError(
                f"preprocess.resize is {self.resize!r}; this version supports "
                f"{', '.join(RESIZE_KERNELS)}"
            )
        if self.resize not in PLAIN_KERNELS:
            _require_supported("antialias", self.antialias, True)
        if self.fit not in FITS:
            raise UnsupportedModelError(
                f"preprocess.fit is {self.fit!r}; this version supports {', '.join(FITS)}"
            )
        for key in ("height", "width"):
            if not 1 <= getattr(self, key) <= MAX_INPUT_SIDE:
                raise ArgumentError(f"preprocess.{key} must lie in 1..{MAX_INPUT_SIDE}")
        if not 1 <= len(self.mean) <= MAX_CHANNELS or not np.isfinite(self.mean).all():
            raise ArgumentError(f"preprocess.mean must be 1 to {MAX_CHANNELS} finite numbers")
        positive = np.isfinite(self.std).all() and min(self.std, default=0) > 0
        if len(self.std) != len(self.mean) or not positive:
            raise ArgumentError(
                f"preprocess.std must be {len(self.mean)} positive finite numbers, one per mean"
            )

    @property
    def channels(self) -> int:
        """C, the channels of an image."""
        return len(self.mean)

    @property
    def color_order(self) -> str:
        """`"RGB"` of three channels; `"channels"`, without a meaning as colours, of others."""
        return "RGB" if self.channels == 3 else "channels"

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape of one input of the network, `(height, width, channels)`."""
        return (self.height, self.width, self.channels)

    def to_manifest(self) -> dict[str, Any]:
        """Return the record as it stands in the manifest of a bundle (JSON types only)."""
        record = {
            "height": self.height,
            "width": self.width,
            "color_order": self.color_order,
            "resize": self.resize,
            "antialias": self.antialias,
            "mean": list(self.mean),
            "std": list(self.std),
        }
        # Most networks stretch, and their manifests do not say so.
        return record if self.fit == STRETCH else {**record, "fit": self.fit}

    @classmethod
    def from_manifest(
        cls,
        values: Mapping[str, Any],
        source: str = "manifest.json",
        path: str = "preprocess",
    ) -> "Preprocess":
        """Read the record back; the inverse of `to_manifest`.

        Args:
            values: The section `preprocess` of a manifest, untrusted.
            source: Where it comes from, for messages.
            path: Where it stands there, for messages.

        Returns:
            The record.

        Raises:
            BundleError: A key is missing, unknown, of another type or out of range; it is named.
            UnsupportedModelError: A kernel, antialias flag or colour order that does not exist.
        """
        section = Section(values, source, path)
        # An option that is not understood would silently change every output.
        section.refuse_unknown(_KEYS)
        mean = section.numbers("mean", 1, MAX_CHANNELS)
        std = section.numbers("std", len(mean), len(mean))
        if min(std) <= 0:
            raise section.error("std", "must be positive")
        spec = cls(
            height=section.integer("height", 1, MAX_INPUT_SIDE),
            width=section.integer("width", 1, MAX_INPUT_SIDE),
            mean=mean,
            std=std,
            resize=section.text("resize"),
            antialias=section.boolean("antialias"),
            fit=section.text("fit") if "fit" in values else STRETCH,
        )
        _require_supported("color_order", section.text("color_order"), spec.color_order)
        return spec


def normalize(images: np.ndarray, spec: Preprocess) -> np.ndarray:
    """Compute `(x / 255 - mean) / std` in float32.

    Args:
        images: uint8 `(..., H, W, C)` of any size; three channels are RGB.
        spec: Gives `mean` and `std`; sizes are not looked at.

    Returns:
        float32 `(..., H, W, C)`.

    Raises:
        ImageError: `images` has another dtype or shape, or no pixels.
    """
    require_image(images, spec.channels)
    width = images.shape[-2]
    # Whole rows at once: NumPy is several times slower on an inner loop of few channels.
    rows = images.reshape(*images.shape[:-2], width * spec.channels).astype(np.float32)
    rows /= np.float32(255.0)
    rows -= np.tile(np.asarray(spec.mean, np.float32), width)
    rows /= np.tile(np.asarray(spec.std, np.float32), width)
    return rows.reshape(images.shape)


def preprocess(image: np.ndarray, spec: Preprocess) -> np.ndarray:
    """Bring one image to the size of the input, and normalise it.

    Args:
        image: uint8 `(H, W, C)`, any size from 1x1; three channels are RGB.
        spec: The record of the bundle.

    Returns:
        float32 `(spec.height, spec.width, C)`.

    Raises:
        ImageError: `image` has another dtype or shape, or no pixels.
    """
    require_image(image, spec.channels)
    if image.ndim != 3:
        raise ImageError(
            f"expected one image (H, W, {spec.channels}), got an array of shape {image.shape}"
        )
    return normalize(fit_to_input(image, spec), spec)


def fit_to_input(image: np.ndarray, spec: Preprocess) -> np.ndarray:
    """The first step: one image uint8 `(H, W, C)` to uint8 `(spec.height, spec.width, C)`.

    Raises:
        ImageError: `image` has another dtype or shape, or no pixels.
    """
    return fit_image(image, spec.fit, (spec.height, spec.width), spec.resize, spec.antialias)


def _require_supported(key: str, value: object, supported: object) -> None:
    if value != supported:
        raise UnsupportedModelError(
            f"preprocess.{key} is {value!r}; this version supports {supported!r} only"
        )
