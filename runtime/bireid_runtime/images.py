"""Image files to uint8 RGB arrays, with Pillow."""

import io
import os
from typing import TYPE_CHECKING

import numpy as np

from bireid_runtime.errors import BackendUnavailableError, ImageError
from bireid_runtime.files import open_regular

if TYPE_CHECKING:
    from PIL import Image

MAX_PIXELS = 100_000_000
MAX_FILE_BYTES = 2**30

# How the files of images are called that folders are searched for.
IMAGE_SUFFIXES = (".jpg", ".jpeg", ".png", ".bmp", ".webp")

# Raster formats that crops come in. Pillow knows more, some of which start other programs.
_FORMATS = ("JPEG", "PNG", "BMP", "GIF", "WEBP", "TIFF", "PPM")


def load_image(
    path: str | os.PathLike[str],
    max_pixels: int = MAX_PIXELS,
    *,
    max_bytes: int = MAX_FILE_BYTES,
    offset: int = 0,
    size: int | None = None,
    name: str | None = None,
) -> np.ndarray:
    """Read an image file as the camera meant it to be seen.

    The EXIF orientation is applied. Grey, palette, CMYK and 16-bit grey images are converted
    (16-bit ones keep their upper 8 bits); an alpha channel is dropped; of an animation the first
    frame is taken.

    Args:
        path: A JPEG, PNG, BMP, GIF, WebP, TIFF or PPM file, untrusted; or an archive that holds
            one uncompressed.
        max_pixels: Images that declare more pixels are refused before they are decoded.
        max_bytes: Files with more bytes are refused.
        offset: Where the image begins in the file, bytes.
        size: Length of the image in the file, bytes; None for all that follows.
        name: What errors call it; None for the path.

    Returns:
        uint8 RGB `(H, W, 3)`.

    Raises:
        ImageError: The file is missing, truncated, not an image, too large or of an unsupported
            pixel type.
        BackendUnavailableError: Pillow is not installed.
    """
    called = os.fspath(path) if name is None else name
    limit = max_bytes + 1
    try:
        with open_regular(path) as file:
            file.seek(offset)
            content = file.read(limit if size is None else min(size, limit))
    except OSError as error:
        raise ImageError(f"{called}: cannot be read as an image: {error.strerror}") from error
    if len(content) > max_bytes:
        raise ImageError(f"{called}: exceeds the limit of {max_bytes} bytes")
    return decode_image(content, called, max_pixels)


def decode_image(content: bytes, name: str, max_pixels: int = MAX_PIXELS) -> np.ndarray:
    """As `load_image`, of a file that is in memory already.

    Args:
        content: The file's bytes, untrusted.
        name: What errors call it.
        max_pixels: See `load_image`.

    Returns:
        uint8 RGB `(H, W, 3)`.

    Raises:
        ImageError: See `load_image`.
        BackendUnavailableError: Pillow is not installed.
    """
    try:
        from PIL import Image, ImageOps
    except ImportError as error:
        raise BackendUnavailableError(
            "reading image files needs Pillow: pip install pillow"
        ) from error

    # Pillow's warnings are left alone: to silence them is to change the filters of the whole
    # process, for every thread of it.
    try:
        with Image.open(io.BytesIO(content), formats=_FORMATS) as image:
            width, height = image.size
            if width * height > max_pixels:
                raise ImageError(
                    f"{name}: {width}x{height} pixels exceed the limit of {max_pixels}"
                )
            return _to_rgb(ImageOps.exif_transpose(image), name)
    except ImageError:
        raise
    except Image.UnidentifiedImageError as error:
        raise ImageError(f"{name}: not an image of a supported format") from error
    # The warning is an exception where warnings are errors.
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise ImageError(f"{name}: more pixels than the limit of {max_pixels}") from error
    # Pillow's decoders raise nearly every built-in exception on a damaged file.
    except Exception as error:
        raise ImageError(f"{name}: cannot be read as an image: {error}") from error


def _to_rgb(image: "Image.Image", name: str) -> np.ndarray:
    if image.mode == "F":
        raise ImageError(f"{name}: floating-point pixels have no agreed range; save it as 8 bit")
    if image.mode == "I" or image.mode.startswith("I;16"):
        grey = np.asarray(image)
        if grey.min() < 0 or grey.max() > 0xFFFF:
            raise ImageError(f"{name}: 32-bit pixels are not supported; save it as 8 or 16 bit")
        return np.repeat((grey >> 8).astype(np.uint8)[..., None], 3, axis=2)
    # Alpha is dropped in any case; for transparency by palette entry, Pillow would warn of that.
    image.info.pop("transparency", None)
    return np.array(image.convert("RGB"))
