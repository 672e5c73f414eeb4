"""Golden crops: inputs with known embeddings, by which a device checks itself."""

import io
import math
import os
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bireid_runtime.errors import BireidError, BundleError
from bireid_runtime.files import atomic_file
from bireid_runtime.resize import require_rgb

MAX_GOLDEN_BYTES = 64 * 2**20
MAX_GOLDEN_CROPS = 64


@dataclass(frozen=True, eq=False)
class Golden:
    """Crops, their embeddings by the reference engine, and how far an engine may be off.

    Attributes:
        crops: uint8 RGB arrays `(H, W, 3)`, each of its own size; 1 to 64 of them.
        embeddings: float32 `(N, D)`, one finite row per crop.
        max_abs: Largest difference allowed in any component, positive.
        min_cosine: Smallest cosine similarity allowed in any row, -1 to 1.

    Raises:
        BundleError: A shape, dtype or range differs from the above.
    """

    crops: tuple[np.ndarray, ...]
    embeddings: np.ndarray
    max_abs: float
    min_cosine: float

    def __post_init__(self) -> None:
        if not 1 <= len(self.crops) <= MAX_GOLDEN_CROPS:
            raise BundleError(f"golden crops: expected 1 to {MAX_GOLDEN_CROPS}")
        for index, crop in enumerate(self.crops):
            try:
                require_rgb(crop)
            except BireidError as error:
                raise BundleError(f"golden crop_{index}: {error}") from error
            if crop.ndim != 3:
                raise BundleError(f"golden crop_{index}: expected (H, W, 3), got {crop.shape}")
        rows = self.embeddings
        if rows.dtype != np.float32 or rows.ndim != 2 or len(rows) != len(self.crops):
            raise BundleError(
                f"golden embeddings: expected float32 ({len(self.crops)}, D), "
                f"got {rows.dtype} {rows.shape}"
            )
        if not np.isfinite(rows).all():
            raise BundleError("golden embeddings: not all numbers are finite")
        if not (math.isfinite(self.max_abs) and self.max_abs > 0):
            raise BundleError(f"golden max_abs is {self.max_abs}; it must be positive and finite")
        if not -1.0 <= self.min_cosine <= 1.0:
            raise BundleError(f"golden min_cosine is {self.min_cosine}; it must lie in -1..1")

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write an `.npz` without pickle; atomic, and the same bytes for the same content.

        Args:
            path: The file to create or replace.
        """
        arrays = {f"crop_{index}": crop for index, crop in enumerate(self.crops)}
        with atomic_file(path) as file:
            np.savez(
                file,
                **arrays,
                embeddings=self.embeddings,
                max_abs=np.float64(self.max_abs),
                min_cosine=np.float64(self.min_cosine),
            )

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "Golden":
        """Read what `save` wrote.

        Args:
            path: The `.npz` file, untrusted.

        Returns:
            The golden crops.

        Raises:
            BundleError: The file is missing, damaged, too large, or holds other arrays.
        """
        try:
            arrays = _read_arrays(Path(path))
            crops = len(arrays) - 3
            names = [f"crop_{index}" for index in range(crops)]
            if set(arrays) != {*names, "embeddings", "max_abs", "min_cosine"}:
                raise BundleError(
                    f"expected crop_0.., embeddings, max_abs, min_cosine; found {sorted(arrays)}"
                )
            return cls(
                crops=tuple(arrays[name] for name in names),
                embeddings=arrays["embeddings"],
                max_abs=_scalar(arrays, "max_abs"),
                min_cosine=_scalar(arrays, "min_cosine"),
            )
        except BundleError as error:
            raise BundleError(f"{path}: {error}") from error
        except (
            OSError,
            ValueError,
            RuntimeError,
            EOFError,
            zipfile.BadZipFile,
            zlib.error,
        ) as error:
            raise BundleError(f"{path}: cannot be read as golden crops: {error}") from error


def _scalar(arrays: dict[str, np.ndarray], name: str) -> float:
    value = arrays[name]
    if value.shape != () or value.dtype != np.float64:
        raise BundleError(f"golden {name}: expected one float64, got {value.dtype} {value.shape}")
    return float(value)


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Read an .npz after checking that nothing in it can unpack to more than the limits."""
    if path.stat().st_size > MAX_GOLDEN_BYTES:
        raise BundleError(f"larger than the limit of {MAX_GOLDEN_BYTES} bytes")
    arrays: dict[str, np.ndarray] = {}
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if len(members) > MAX_GOLDEN_CROPS + 3:
            raise BundleError(f"{len(members)} arrays; at most {MAX_GOLDEN_CROPS + 3} are expected")
        if sum(member.file_size for member in members) > MAX_GOLDEN_BYTES:
            raise BundleError(f"unpacks to more than {MAX_GOLDEN_BYTES} bytes")
        for member in members:
            name = member.filename.removesuffix(".npy")
            if name in arrays:
                raise BundleError(f"array {name} occurs twice")
            arrays[name] = _parse_array(archive.read(member), name)
    return arrays


def _parse_array(data: bytes, name: str) -> np.ndarray:
    """Parse one .npy; NumPy would allocate what the header claims before reading a byte."""
    stream = io.BytesIO(data)
    if np.lib.format.read_magic(stream) != (1, 0):
        raise BundleError(f"array {name} has an .npy version other than 1.0")
    shape, _, dtype = np.lib.format.read_array_header_1_0(stream)
    if dtype.hasobject or math.prod(shape) * dtype.itemsize != len(data) - stream.tell():
        raise BundleError(f"array {name} does not have the size that its header claims")
    stream.seek(0)
    return np.lib.format.read_array(stream, allow_pickle=False)
