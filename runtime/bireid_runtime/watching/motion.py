"""Where a box goes: a Kalman filter of constant velocity.

Middle, width and height move independently, so that each is a filter of two states. The noises are
shares of the height (Wojke et al., arXiv:1703.07402, equations of their implementation). No product
of matrices is left to a library, so that `runtime/native/watching/motion.cc` finds the same bits.
"""

import numpy as np

_PLACE_NOISE, _SPEED_NOISE = 1 / 20, 1 / 160
_LEAST_SIDE = 1.0  # pixel


class Motion:
    """The state of one box.

    Args:
        corners: float64 (4,): left, top, right, bottom, of positive area.
    """

    def __init__(self, corners: np.ndarray) -> None:
        self._place, self._speed = _sides(corners), np.zeros(4)
        height = self._place[3]
        place, speed = 2 * _PLACE_NOISE * height, 10 * _SPEED_NOISE * height
        self._covariance = np.zeros((2, 2, 4))
        self._covariance[0, 0], self._covariance[1, 1] = place * place, speed * speed

    def predict(self, steps: int) -> np.ndarray:
        """Move on by some frames.

        Returns:
            float64 (4,): where the corners are expected.
        """
        height = max(self._place[3], _LEAST_SIDE)
        place, speed = _PLACE_NOISE * height, _SPEED_NOISE * height
        self._place = self._place + self._speed * steps
        # F P F' + Q with F = [[1, steps], [0, 1]]: rows first, then columns.
        (top, cross), (turned, low) = self._covariance
        top, cross = top + turned * steps, cross + low * steps
        top, turned = top + cross * steps, turned + low * steps
        self._covariance = np.array(
            [[top + place * place * steps, cross], [turned, low + speed * speed * steps]]
        )
        return self.corners()

    def correct(self, corners: np.ndarray) -> None:
        """Take in where the box was found, float64 (4,)."""
        spread = _PLACE_NOISE * max(self._place[3], _LEAST_SIDE)
        across = self._covariance[:, 0]
        gain = across / (across[0] + spread * spread)
        missed = _sides(corners) - self._place
        self._place, self._speed = self._place + gain[0] * missed, self._speed + gain[1] * missed
        self._covariance = self._covariance - gain[:, None] * across[None, :]

    def corners(self) -> np.ndarray:
        """Where the box is, float64 (4,): left, top, right, bottom."""
        middle = self._place[:2]
        half = np.maximum(self._place[2:], _LEAST_SIDE) / 2
        return np.concatenate([middle - half, middle + half])


def _sides(corners: np.ndarray) -> np.ndarray:
    low, high = corners[:2], corners[2:]
    return np.concatenate([(low + high) / 2, high - low])
