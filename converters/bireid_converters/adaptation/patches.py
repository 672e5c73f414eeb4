"""The patches that turn the file of a base network into that of each camera."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from bireid_runtime.adaptation import Patch

from bireid_converters.errors import ConversionError
from bireid_converters.float_constants import FloatConstant

# A folded kernel is the trained one times a factor per channel, rounded; so is the patched one.
_SCALE_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Difference:
    """What a constant of a camera's file is, next to the base's.

    Attributes:
        values: Its numbers, if they are not rows of the base's times a factor each; else None.
        factors: Those factors, float32 (rows,), or None.
    """

    values: np.ndarray | None
    factors: np.ndarray | None


class FilePatches:
    """Collects, camera by camera, how files differ from the base's.

    Args:
        name: Name of the file, for messages.
        base: Bytes of the base's file.
        constants: Its float constants.
    """

    def __init__(self, name: str, base: bytes, constants: Sequence[FloatConstant]) -> None:
        self._name = name
        self._base = base
        self._constants = tuple(constants)
        self._differences: list[dict[int, Difference]] = []

    def add(self, data: bytes, constants: Sequence[FloatConstant], camera: str) -> None:
        """Compare the file of the next camera.

        Args:
            data: Its bytes.
            constants: Its float constants.
            camera: Name of the camera, for messages.

        Raises:
            ConversionError: It differs in more than float constants, or one is not finite.
        """
        self._check_structure(data, constants, camera)
        found = {}
        for index, constant in enumerate(self._constants):
            old, new = constant.values(self._base), constant.values(data)
            if not np.isfinite(new).all():
                raise ConversionError(
                    f"{self._name}: camera '{camera}' gives {constant.name} numbers that are not "
                    "finite; give it more crops"
                )
            if not np.array_equal(old.view(np.uint32), new.view(np.uint32)):
                factors = _factors(old, new)
                found[index] = Difference(new.copy() if factors is None else None, factors)
        self._differences.append(found)

    def table(self) -> tuple[Patch, ...]:
        """The patches, ascending."""
        return tuple(
            _patch(self._constants[index], self._is_scaled(index)) for index in self._changed()
        )

    def numbers(self) -> np.ndarray:
        """The numbers of all patches behind one another, per camera: float32 (cameras, total)."""
        return np.stack([self._numbers_of(found) for found in self._differences])

    def _numbers_of(self, found: dict[int, Difference]) -> np.ndarray:
        parts = [np.empty(0, np.float32)]
        for index in self._changed():
            constant = self._constants[index]
            old = constant.values(self._base)
            difference = found.get(index)
            if self._is_scaled(index):
                factors = None if difference is None else difference.factors
                parts.append(np.ones(len(old), np.float32) if factors is None else factors)
            else:
                parts.append(_values(old, difference).reshape(-1))
        return np.concatenate(parts)

    def _changed(self) -> list[int]:
        return sorted({index for found in self._differences for index in found})

    def _is_scaled(self, index: int) -> bool:
        return all(
            found[index].factors is not None for found in self._differences if index in found
        )

    def _check_structure(
        self, data: bytes, constants: Sequence[FloatConstant], camera: str
    ) -> None:
        outside = np.ones(len(self._base), bool)
        for constant in self._constants:
            outside[constant.offset : constant.end] = False
        same = len(data) == len(self._base) and [
            (each.offset, each.shape) for each in constants
        ] == [(each.offset, each.shape) for each in self._constants]
        if same:
            old, new = (np.frombuffer(each, np.uint8)[outside] for each in (self._base, data))
            same = np.array_equal(old, new)
        if not same:
            raise ConversionError(
                f"{self._name}: the network of camera '{camera}' gives a file that differs from "
                "the base's in more than float constants; adapt batch normalisation alone, from "
                "the run of the base, with the versions that converted it"
            )


def _factors(old: np.ndarray, new: np.ndarray) -> np.ndarray | None:
    """float32 (rows,) with `new` = rows of `old` times a factor each; None if there are none."""
    if old.ndim < 2 or old[0].size == 1:
        return None
    before = old.reshape(len(old), -1)
    after = new.reshape(len(new), -1)
    rows = np.arange(len(before))
    largest = np.abs(before).argmax(axis=1)
    divisors = before[rows, largest].astype(np.float64)
    factors = np.divide(
        after[rows, largest], divisors, out=np.ones(len(rows)), where=divisors != 0
    ).astype(np.float32)
    allowed = _SCALE_TOLERANCE * np.abs(after).max(axis=1, keepdims=True)
    if not (np.abs(before * factors[:, None] - after) <= allowed).all():
        return None
    return factors


def _values(old: np.ndarray, difference: Difference | None) -> np.ndarray:
    if difference is None:
        return old
    if difference.values is not None:
        return difference.values
    assert difference.factors is not None
    scaled: np.ndarray = old * difference.factors.reshape(-1, *[1] * (old.ndim - 1))
    return scaled


def _patch(constant: FloatConstant, scaled: bool) -> Patch:
    rows = constant.shape[0] if constant.shape else 1
    total = int(np.prod(constant.shape))
    return Patch(constant.offset, "scale" if scaled else "replace", rows, total // rows)
