"""How images are resized for a network of another project, by the name that a person types."""

from collections.abc import Mapping
from typing import Any, Literal

Resize = Literal["bilinear", "bicubic", "plain"]

# Fields of `bireid_runtime.preprocess.Preprocess`.
RESIZES: Mapping[str, Mapping[str, Any]] = {
    "bilinear": {"resize": "bilinear", "antialias": True},
    "bicubic": {"resize": "bicubic", "antialias": True},
    "plain": {"resize": "bilinear", "antialias": False},
}


def preprocess_fields(
    resize: str | None, mean: tuple[float, ...] | None, std: tuple[float, ...] | None
) -> dict[str, Any]:
    """The fields of `Preprocess` that a person has said.

    Args:
        resize: A name of `RESIZES`, or None.
        mean: Of each channel, on the scale 0 to 1, or None.
        std: The same of the deviation.
    """
    fields = dict(RESIZES[resize]) if resize else {}
    return fields | {
        name: value for name, value in (("mean", mean), ("std", std)) if value is not None
    }
