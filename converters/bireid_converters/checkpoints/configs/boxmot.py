"""What boxmot's own training writes beside the weights: how images were brought to their size."""

from collections.abc import Mapping
from typing import Any

from bireid_runtime.errors import UnsupportedModelError

from bireid_converters.checkpoints.configs.framework import SIDES, Stated, in_words

_MARKS = ("model_name", "num_classes", "preprocess")
_SIZE = "img_size"
# OpenCV's `INTER_LINEAR`, over which both sides have their own scale.
_RESIZE = "resize"
_FIELDS = {"resize": "bilinear", "antialias": False}
SOURCE = "beside the weights"


def boxmot_says(beside: Mapping[str, Any], resize_is_said: bool) -> Stated:
    """What stands beside the weights of a checkpoint, nothing if boxmot did not write it.

    Args:
        beside: Values by name, untrusted.
        resize_is_said: Whether the user says how images are resized, which counts more.

    Raises:
        UnsupportedModelError: Its images were prepared in a way that is not built here, and the
            user says no other.
    """
    if any(mark not in beside for mark in _MARKS) or beside["preprocess"] is None:
        return Stated()
    size = _size(beside.get(_SIZE))
    read = ("preprocess",) if size is None else ("preprocess", _SIZE)
    unread = (_SIZE,) if size is None and beside.get(_SIZE) is not None else ()
    kind = beside["preprocess"]
    if kind == _RESIZE:
        said = in_words(size, {}, "bilinear without antialiasing")
        return Stated(size, _FIELDS, said=said, unread=unread, source=SOURCE, beside=read)
    shown = repr(kind)[:40] if isinstance(kind, str) else f"a {type(kind).__name__}"
    if not resize_is_said:
        raise UnsupportedModelError(
            f"its images were prepared by boxmot's {shown} ('preprocess'), which is not built "
            "here; --resize plain stretches them instead, and then embeddings differ from boxmot's"
        )
    said = in_words(size, {}, f"prepared by {shown}, which is not done here")
    return Stated(size, said=said, unread=unread, source=SOURCE, beside=read)


def _size(value: object) -> tuple[int, int] | None:
    """Height and width, None if it is something else."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    height, width = value
    if type(height) is not int or type(width) is not int:
        return None
    return (height, width) if height in SIDES and width in SIDES else None
