"""The few crops of a track that show its target best."""

from dataclasses import dataclass

import numpy as np

from bireid_runtime.boxes import iou

# Frames that lie nearer to each other than this show the same thing, at first.
_APART = 4
# Boxes of that height, pixels, and higher ones are equally good.
_TALL = 128.0
# Share of the frame's sides that counts as its edge, and what a box there is worth.
_EDGE, _CUT = 0.01, 0.25


@dataclass(frozen=True, eq=False)
class BestCrop:
    """A crop.

    Attributes:
        pixels: uint8 (H, W, C), a copy.
        frame: Number of its frame.
        at: Its time, seconds.
        corners: Left, top, right, bottom in the frame.
        quality: 0 to 1.
    """

    pixels: np.ndarray
    frame: int
    at: float
    corners: tuple[float, float, float, float]
    quality: float


def qualities(corners: np.ndarray, scores: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """How well boxes show their targets, float64 (N,), 0 to 1.

    The product of the detector's score, the height up to 128 pixels, the share that no other box
    overlaps, and a quarter for a box that reaches the edge of the frame: who is cut off there.

    Args:
        corners: float64 (N, 4), left, top, right, bottom, of positive area.
        scores: (N,), 0 to 1.
        size: (height, width) of the frame.
    """
    height, width = size
    near = np.array([width, height, width, height]) * _EDGE
    reaches = (corners[:, :2] < near[:2]) | (corners[:, 2:] > np.array([width, height]) - near[2:])
    share = np.where(reaches.any(axis=1), _CUT, 1.0)
    tall = np.minimum(1.0, (corners[:, 3] - corners[:, 1]) / _TALL)
    others = iou(corners, corners)
    np.fill_diagonal(others, 0.0)
    alone = 1 - others.max(axis=1, initial=0.0)
    quality: np.ndarray = np.asarray(scores, np.float64) * tall * share * alone
    return quality


class BestCrops:
    """Keeps the best crops of one track, spread over all of its time.

    Crops are some frames apart; the longer the track, the further, so that the first ones leave
    room for later ones.

    Args:
        most: How many.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._apart = _APART
        self.kept: list[BestCrop] = []

    def offer(
        self, picture: np.ndarray, corners: np.ndarray, quality: float, frame: int, at: float
    ) -> None:
        """Keep a crop of a frame, uint8 (H, W, C), if it is one of the best of its time."""
        if self.kept and frame - self.kept[-1].frame < self._apart:
            if self.kept[-1].quality >= quality:
                return
            self.kept.pop()
        height, width = picture.shape[:2]
        left, top = (max(0, int(np.floor(side))) for side in corners[:2])
        right = min(width, int(np.ceil(corners[2])))
        bottom = min(height, int(np.ceil(corners[3])))
        if right <= left or bottom <= top:
            return
        pixels = picture[top:bottom, left:right].copy()
        sides = (float(corners[0]), float(corners[1]), float(corners[2]), float(corners[3]))
        self.kept.append(BestCrop(pixels, frame, at, sides, float(quality)))
        while len(self.kept) > self._most:
            self._thin_out()

    def _thin_out(self) -> None:
        """Double the distance, and drop the worse of those that are nearer to each other."""
        self._apart *= 2
        spread: list[BestCrop] = []
        for each in self.kept:
            if not spread or each.frame - spread[-1].frame >= self._apart:
                spread.append(each)
            elif each.quality > spread[-1].quality:
                spread[-1] = each
        self.kept = spread

    def best(self) -> BestCrop:
        """The best one; there must be one."""
        return max(self.kept, key=lambda each: each.quality)
