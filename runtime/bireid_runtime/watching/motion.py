"""Where a box goes: a Kalman filter of constant velocity.

Middle, width and height move independently, so that each is a filter of two states. The noises are
shares of the height (Wojke et al., arXiv:1703.07402, equations of their implementation).
"""

import numpy as np

_PLACE_NOISE, _SPEED_NOISE = 1 / 20, 1 / 160
_MEASURED = np.array([1.0, 0.0])
_LEAST_SIDE = 1.0  # pixel


class Motion:
    """The state of one box.

    Args:
        corners: float64 (4,): left, top, right, bottom, of positive area.
    """

    def __init__(self, corners: np.ndarray) -> None:
        self._state = np.stack([_sides(corners), np.zeros(4)], axis=1)
        height = self._state[3, 0]
        spread = np.array([2 * _PLACE_NOISE * height, 10 * _SPEED_NOISE * height])
        self._covariance = np.tile(np.diag(spread**2), (4, 1, 1))

    def predict(self, steps: int) -> np.ndarray:
        """Move on by some frames.

        Returns:
            float64 (4,): where the corners are expected.
        """
        move = np.array([[1.0, float(steps)], [0.0, 1.0]])
        height = max(self._state[3, 0], _LEAST_SIDE)
        noise = np.diag([_PLACE_NOISE * height, _SPEED_NOISE * height]) ** 2 * steps
        self._state = self._state @ move.T
        self._covariance = move @ self._covariance @ move.T + noise
        return self.corners()

    def correct(self, corners: np.ndarray) -> None:
        """Take in where the box was found, float64 (4,)."""
        noise = (_PLACE_NOISE * max(self._state[3, 0], _LEAST_SIDE)) ** 2
        across = self._covariance @ _MEASURED
        gain = across / (across[:, :1] + noise)
        self._state = self._state + gain * (_sides(corners) - self._state[:, 0])[:, None]
        self._covariance = self._covariance - gain[:, :, None] * across[:, None, :]

    def corners(self) -> np.ndarray:
        """Where the box is, float64 (4,): left, top, right, bottom."""
        middle = self._state[:2, 0]
        half = np.maximum(self._state[2:, 0], _LEAST_SIDE) / 2
        return np.concatenate([middle - half, middle + half])


def _sides(corners: np.ndarray) -> np.ndarray:
    low, high = corners[:2], corners[2:]
    return np.concatenate([(low + high) / 2, high - low])
