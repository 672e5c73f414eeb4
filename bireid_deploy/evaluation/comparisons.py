"""Scores of images against images, and against people, across cameras: what thresholds are made of.

Two images of one camera are never compared: what they share is the camera.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bireid_deploy.errors import EmbeddingsError
from bireid_deploy.evaluation.embeddings import Embeddings

_ROWS = 1024


@dataclass(frozen=True, eq=False)
class Block:
    """Scores of some probes against some others.

    Attributes:
        scores: Cosines, float32 (R, C).
        rows: Identity of each probe, int64 (R,), 0 to P - 1.
        columns: Identity of each other, int64 (C,).
        valid: Which pairs count, bool (R, C).
        cameras: Camera of each probe and of each other, or None for people.
    """

    scores: NDArray[np.float32]
    rows: NDArray[np.int64]
    columns: NDArray[np.int64]
    valid: NDArray[np.bool_]
    cameras: tuple[NDArray[np.int64], NDArray[np.int64]] | None = None


class Comparisons:
    """Embeddings of known people, sorted by person.

    Args:
        embeddings: Junk and distractors are left out.

    Attributes:
        people: P, how many there are.
        images: Images of them.
        cameras: Their cameras, ascending.

    Raises:
        EmbeddingsError: Fewer than two people, or none of them under two cameras.
    """

    def __init__(self, embeddings: Embeddings) -> None:
        known = np.flatnonzero(embeddings.person_ids > 0)
        ids, people = np.unique(embeddings.person_ids[known], return_inverse=True)
        order = np.argsort(people, kind="stable")
        self._people = people[order]
        self._cameras = embeddings.camera_ids[known][order]
        rows = embeddings.vectors[known][order].astype(np.float32)
        self._vectors = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
        self.people = len(ids)
        self.images = len(rows)
        self.cameras = np.unique(self._cameras)
        crossing = len(np.unique(np.stack([self._people, self._cameras]), axis=1).T) > len(ids)
        if self.people < 2 or not crossing:
            raise EmbeddingsError(
                f"{self.people} people, {len(self.cameras)} cameras: thresholds need two people "
                "or more, and people whom several cameras saw"
            )

    def images_with_images(self) -> Iterator[Block]:
        """Every image against every image of another camera, each pair twice."""
        for begin in range(0, self.images, _ROWS):
            part = slice(begin, begin + _ROWS)
            yield Block(
                self._vectors[part] @ self._vectors.T,
                self._people[part],
                self._people,
                self._cameras[part, None] != self._cameras[None],
                (self._cameras[part], self._cameras),
            )

    def images_with_people(self) -> Iterator[Block]:
        """Every image against every person: the mean of that one's images of other cameras."""
        everyone = np.arange(self.people)
        for camera in self.cameras:
            others = self._cameras != camera
            means = np.zeros((self.people, self._vectors.shape[1]), np.float64)
            np.add.at(means, self._people[others], self._vectors[others])
            lengths = np.linalg.norm(means, axis=1)
            templates = (means / np.maximum(lengths, 1e-12)[:, None]).astype(np.float32)
            probes = np.flatnonzero(~others)
            for begin in range(0, len(probes), _ROWS):
                part = probes[begin : begin + _ROWS]
                valid = np.broadcast_to(lengths > 0, (len(part), self.people))
                yield Block(self._vectors[part] @ templates.T, self._people[part], everyone, valid)
