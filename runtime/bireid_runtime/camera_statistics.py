"""What a camera does to all embeddings alike, learned from crops without labels and taken out.

Needs NumPy alone, so that a device can go on learning as crops come.
"""

import os

import numpy as np

from bireid_runtime.bundle import Bundle
from bireid_runtime.centring import MIN_DEVIATION, centre
from bireid_runtime.errors import ArgumentError, ArrayFileError, BundleError
from bireid_runtime.files import atomic_file, open_regular
from bireid_runtime.safetensors import read_safetensors, write_safetensors

MAX_DIM = 1 << 16
MAX_COUNT = 2**31 - 1

_MAX_FILE_BYTES = 2 * 2**20


class CameraStatistics:
    """Running mean and deviation of the embeddings of one camera (Welford 1962), in float64.

    Args:
        dim: D, the length of an embedding, 1 to 65536.

    Raises:
        ArgumentError: `dim` is out of range.
    """

    def __init__(self, dim: int) -> None:
        if not 1 <= dim <= MAX_DIM:
            raise ArgumentError(f"dim is {dim}; it must be 1 to {MAX_DIM}")
        self._count = 0
        self._mean = np.zeros(dim)
        self._squares = np.zeros(dim)

    @classmethod
    def from_bundle(cls, bundle: Bundle, camera: str) -> "CameraStatistics":
        """Start from what a bundle knows of a camera, with its crops as weight.

        Args:
            bundle: A bundle adapted to cameras.
            camera: Name of one of them.

        Raises:
            ArgumentError: The bundle does not know the camera, or has no mean of its embeddings.
            BundleError, IntegrityError: As `Bundle.read_adaptation`.
        """
        bundle.check_camera(camera)
        adaptation = bundle.read_adaptation()
        known = None if adaptation is None else adaptation.statistics(camera)
        if adaptation is None or known is None:
            raise ArgumentError(
                f"{bundle.path}: has no mean of the embeddings of a camera; start from "
                "CameraStatistics(dim)"
            )
        mean, deviation = known
        crops = next(each.crops for each in adaptation.spec.cameras if each.name == camera)
        started = cls(len(mean))
        started._count = crops
        started._mean = mean.astype(np.float64)
        if deviation is not None:
            started._squares = crops * np.square(deviation, dtype=np.float64)
        return started

    @property
    def dim(self) -> int:
        """D, the length of an embedding."""
        return len(self._mean)

    @property
    def count(self) -> int:
        """Embeddings so far."""
        return self._count

    @property
    def mean(self) -> np.ndarray:
        """Mean, float32 `(D,)`; zeros before the first embedding."""
        return self._mean.astype(np.float32)

    @property
    def deviation(self) -> np.ndarray:
        """Standard deviation over all embeddings, float32 `(D,)`, at least 1e-6."""
        variance = self._squares / max(self._count, 1)
        return np.maximum(np.sqrt(variance).astype(np.float32), np.float32(MIN_DEVIATION))

    def add(self, rows: np.ndarray) -> None:
        """Count embeddings in.

        Args:
            rows: float32 `(N, D)` or `(D,)`, as the network gives them: not centred.

        Raises:
            ArgumentError: Another shape or dtype, a number that is not finite, or more than
                2^31 - 1 embeddings in all. Nothing is counted then.
        """
        checked = self._checked(rows)
        if self._count + len(checked) > MAX_COUNT:
            raise ArgumentError(f"more than {MAX_COUNT} embeddings; start again")
        for row in checked.astype(np.float64):
            self._count += 1
            distance = row - self._mean
            self._mean = self._mean + distance / self._count
            self._squares = self._squares + distance * (row - self._mean)

    def apply(self, rows: np.ndarray, deviation: bool = True) -> np.ndarray:
        """Take the mean out of embeddings, and divide by the deviation.

        Args:
            rows: float32 `(N, D)` or `(D,)`.
            deviation: Whether to divide.

        Returns:
            float32 `(N, D)`, rows of unit length; see `centre`. As they are while there are fewer
            than two embeddings to learn from.

        Raises:
            ArgumentError: As `add`.
        """
        checked = self._checked(rows)
        if self._count < 2:
            return checked.copy()
        return centre(checked, self.mean, self.deviation if deviation else None)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write a safetensors file, whole or not at all.

        Raises:
            OSError: It cannot be written.
        """
        with atomic_file(path) as file:
            file.write(self.to_bytes())

    def to_bytes(self) -> bytes:
        """The bytes of what `save` writes.

        float32 holds the count in two parts and sums in two addends each, so that nothing of
        float64 that matters is lost.
        """
        arrays = {"count": np.array([self._count >> 16, self._count & 0xFFFF], np.float32)}
        for name, values in (("mean", self._mean), ("squares", self._squares)):
            high = values.astype(np.float32)
            arrays[f"{name}/high"] = high
            arrays[f"{name}/low"] = (values - high).astype(np.float32)
        return write_safetensors(arrays)

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "CameraStatistics":
        """Read what `save` wrote.

        Raises:
            ArrayFileError: It cannot be read, is damaged, or something else wrote it.
        """
        try:
            with open_regular(path) as file:
                data = file.read(_MAX_FILE_BYTES + 1)
        except OSError as error:
            raise ArrayFileError(f"no statistics of a camera: {error}") from error
        return cls.from_bytes(data, str(path))

    @classmethod
    def from_bytes(cls, data: bytes, source: str) -> "CameraStatistics":
        """Read what `to_bytes` gave; `source` names it in messages.

        Raises:
            ArrayFileError: As `load`.
        """
        try:
            if len(data) > _MAX_FILE_BYTES:
                raise BundleError(f"{source}: more than {_MAX_FILE_BYTES} bytes")
            arrays = read_safetensors(data, source)
        except BundleError as error:
            raise ArrayFileError(f"no statistics of a camera: {error}") from error
        return cls._from_arrays(arrays, source)

    @classmethod
    def _from_arrays(cls, arrays: dict[str, np.ndarray], source: str) -> "CameraStatistics":
        names = [f"{name}/{part}" for name in ("mean", "squares") for part in ("high", "low")]
        shapes = {array.shape for name, array in arrays.items() if name != "count"}
        sound = (
            arrays.keys() == {"count", *names}
            and all(array.dtype == np.float32 for array in arrays.values())
            and all(np.isfinite(array).all() for array in arrays.values())
            and arrays["count"].shape == (2,)
            and len(shapes) == 1
            and len(shape := shapes.pop()) == 1
            and 1 <= shape[0] <= MAX_DIM
        )
        if not sound:
            raise ArrayFileError(f"{source}: not what CameraStatistics.save writes")
        high, low = (float(part) for part in arrays["count"])
        read = cls(len(arrays["mean/high"]))
        mean, squares = (
            arrays[f"{name}/high"].astype(np.float64) + arrays[f"{name}/low"]
            for name in ("mean", "squares")
        )
        whole = high.is_integer() and low.is_integer() and 0 <= high < 2**15 and 0 <= low < 2**16
        if not whole or (squares < 0).any():
            raise ArrayFileError(f"{source}: a count or a sum of squares that cannot be")
        read._count, read._mean, read._squares = int(high) << 16 | int(low), mean, squares
        return read

    def _checked(self, rows: np.ndarray) -> np.ndarray:
        given = np.atleast_2d(np.asarray(rows))
        if given.dtype != np.float32 or given.shape[1:] != (self.dim,):
            raise ArgumentError(
                f"embeddings are float32 (N, {self.dim}); got {given.dtype} {given.shape}"
            )
        if not np.isfinite(given).all():
            raise ArgumentError("an embedding holds a number that is not finite")
        return given
