"""What a run shows in TensorBoard, under names for people; importing it loads TensorFlow."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from bireid_models.framework import tf
from bireid_runtime.preprocess import Preprocess

from bireid_deploy.training.validation import PREFIX

_CROPS = 8


class Board:
    """Writes the event file of a run.

    Args:
        folder: Where to.
        headings: What scores of the validation are called.
    """

    def __init__(self, folder: Path, headings: Mapping[str, str]) -> None:
        self._writer = tf.summary.create_file_writer(str(folder))
        self._headings = headings

    def epoch(self, epoch: int, summary: Mapping[str, float], rates: Mapping[str, float]) -> None:
        """Terms, scores, speed and learning rates at the end of an epoch, counted from 1."""
        with self._writer.as_default(step=epoch):
            for name, value in summary.items():
                tf.summary.scalar(self._named(name), value)
            for group, rate in rates.items():
                tf.summary.scalar(f"learning rate/{group}", rate)
        self._writer.flush()

    def crops(self, epoch: int, images: np.ndarray) -> None:
        """The first images of an epoch as the network sees them.

        Args:
            epoch: From 1.
            images: float32 (N, ...), normalised; drawn if they are (N, H, W, 3).
        """
        if images.ndim != 4 or images.shape[-1] != 3:
            return
        spec = Preprocess(images.shape[1], images.shape[2])
        pixels = images[:_CROPS] * np.array(spec.std) + np.array(spec.mean)
        row = np.concatenate(list(np.clip(pixels, 0, 1)), axis=1)
        with self._writer.as_default(step=epoch):
            tf.summary.image("augmented crops", row[np.newaxis].astype(np.float32))

    def _named(self, name: str) -> str:
        if name.startswith(PREFIX):
            score = name.removeprefix(PREFIX)
            return f"validation/{self._headings.get(score, score)}"
        folder = "speed" if name == "images_per_second" else "training"
        return f"{folder}/{name.replace('_', ' ')}"
