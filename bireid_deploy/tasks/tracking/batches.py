"""Batches of pairs, the exemplars four to an image."""

import numpy as np
from bireid_runtime.preprocess import Preprocess, normalize
from PIL import Image

from bireid_deploy.data.color import ColorJitter, jitter_colors
from bireid_deploy.data.degradation import Degradation, degrade
from bireid_deploy.tasks.tracking.pairs import TrackingData, rim_of
from bireid_deploy.tasks.tracking.section import TrackingSection
from bireid_deploy.training.batches import Batches, Sampler

TILES = 4
"""Exemplars in one image; each is half as wide as a search crop."""


def images_of(pairs: int) -> int:
    """Images of a batch: one per search, and one for every four exemplars."""
    return pairs + -(-pairs // TILES)


class PairBatches(Batches):
    """Searches, and behind them their exemplars, four to an image.

    The middle cells of an exemplar see nothing beyond it, so that four of them may lie side by side
    in an image of the searches' size. The last image repeats exemplars where there are too few. The
    target of a batch is the number of its pairs, int32 ().

    Args:
        data: The training split.
        sampler: Chooses rows; row r is of sequence r modulo their number.
        options: Which frames make a pair, and how crops are changed.
        preprocess: Size of a search crop, normalisation.
        color: How far colours move.
        degradation: How often detail is lost.
        flip: Probability of mirroring a pair.
        seed: Seed of everything left to chance.
    """

    def __init__(
        self,
        data: TrackingData,
        sampler: Sampler,
        options: TrackingSection,
        preprocess: Preprocess,
        color: ColorJitter,
        degradation: Degradation,
        flip: float,
        seed: int,
    ) -> None:
        super().__init__(sampler, seed)
        self._data = data
        self._options = options
        self._preprocess = preprocess
        self._color = color
        self._degradation = degradation
        self._flip = flip

    def prepare(
        self, chosen: np.ndarray, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        """Images float32 (N + ceil(N / 4), S, S, 3), normalised, and N."""
        side = self._preprocess.height
        searches, exemplars = [], []
        for row in chosen:
            first, second = self._pair(int(row) % self._data.sequences, rng)
            pair = [self._cut(first, side // 2, rng), self._cut(second, side, rng)]
            if rng.random() < self._flip:
                pair = [each[:, ::-1] for each in pair]
            exemplars.append(pair[0])
            searches.append(pair[1])
        images = np.concatenate([np.stack(searches), tiled(np.stack(exemplars))])
        images = jitter_colors(images, self._color, rng)
        images = degrade(images, self._degradation, rng)
        return normalize(images, self._preprocess), np.array(len(chosen), np.int32)

    def _pair(self, sequence: int, rng: np.random.Generator) -> tuple[int, int]:
        """Two crops of a sequence, the earlier first, not too far apart."""
        start, stop = self._data.starts[sequence : sequence + 2].tolist()
        numbers = self._data.numbers[start:stop]
        one = int(rng.integers(stop - start))
        near = np.flatnonzero(np.abs(numbers - numbers[one]) <= self._options.max_gap)
        near = near[near != one] if len(near) > 1 else near
        other = int(near[rng.integers(len(near))])
        return start + min(one, other), start + max(one, other)

    def _cut(self, index: int, side: int, rng: np.random.Generator) -> np.ndarray:
        """The middle of a crop, stretched and shifted by chance: uint8 (side, side, 3)."""
        options, crop = self._options, self._data.crops[index]
        whole = crop.shape[0]
        stretch = 1 + options.stretch * (2 * rng.random() - 1)
        shift = np.rint(options.shift * (2 * rng.random(2) - 1))
        assert whole == self._preprocess.height + 2 * rim_of(self._preprocess.height, options)
        start = whole / 2 - (side / 2 - shift) * stretch
        moved = Image.fromarray(crop).transform(
            (side, side),
            Image.Transform.AFFINE,
            (stretch, 0, start[0], 0, stretch, start[1]),
            Image.Resampling.BILINEAR,
        )
        return np.asarray(moved)


def tiled(exemplars: np.ndarray) -> np.ndarray:
    """Four exemplars to an image: uint8 (ceil(N / 4), 2 s, 2 s, 3) of (N, s, s, 3)."""
    side, channels = exemplars.shape[1], exemplars.shape[-1]
    count = -(-len(exemplars) // TILES)
    filled = exemplars[np.arange(count * TILES) % len(exemplars)]
    tiles = filled.reshape(count, 2, 2, side, side, channels)
    return tiles.transpose(0, 1, 3, 2, 4, 5).reshape(count, 2 * side, 2 * side, channels)
