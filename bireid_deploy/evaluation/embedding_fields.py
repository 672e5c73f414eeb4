"""What a file of embeddings holds, whatever its layout."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Split = Literal["query", "gallery"]


@dataclass(frozen=True, eq=False)
class Labels:
    """What is known of N images.

    Attributes:
        person_ids: Persons, int64 `(N,)`; -1 is junk, 0 a distractor, persons start at 1.
        camera_ids: Cameras, int64 `(N,)`; only ever compared with each other.
        split: Of each image, whether it is searched for or searched.
    """

    person_ids: NDArray[np.int64]
    camera_ids: NDArray[np.int64]
    split: tuple[Split, ...]


@dataclass(frozen=True, eq=False)
class Fields:
    """The content of a file; `NamedEmbeddings` says what its parts are, and checks them."""

    vectors: NDArray[np.float32]
    names: tuple[str, ...]
    fingerprint: str
    labels: Labels | None
