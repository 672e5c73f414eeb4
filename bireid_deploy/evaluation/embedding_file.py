"""The file of embeddings: `embed` and `evaluate --save` write it, `evaluate FILE` reads it.

Its layouts are `.npz` (`embedding_npz`) and `.jsonl` (`embedding_lines`); they hold the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from bireid_runtime.files import atomic_file
from numpy.typing import NDArray

from bireid_deploy.data.folders import LeftOut
from bireid_deploy.data.output_file import require_place
from bireid_deploy.errors import EmbeddingsError
from bireid_deploy.evaluation import embedding_lines, embedding_npz
from bireid_deploy.evaluation.embedding_fields import Fields, Labels, Split
from bireid_deploy.evaluation.embeddings import Embeddings, require_labels, require_vectors

_LAYOUTS = {".npz": embedding_npz, ".jsonl": embedding_lines}

SUFFIXES = tuple(_LAYOUTS)
SPLITS: tuple[Split, ...] = get_args(Split)


@dataclass(frozen=True, eq=False)
class NamedEmbeddings:
    """Embeddings of images in one space, labelled or not.

    Attributes:
        vectors: Finite float32 (N, D).
        names: What each image is called: N strings.
        fingerprint: Identifies the embedding space, so that two are never mixed; "" if unknown.
        labels: Who is on the images, on which camera, and which split they belong to; or None.
        backend: What computed them; not kept in the file.
        left_out: What else lies in folders that were given, with the reason; not kept either.
        skipped: Images that cannot be read, with the reason; not kept either.

    Raises:
        EmbeddingsError: A shape, a dtype or a value is not the one above.
    """

    vectors: NDArray[np.float32]
    names: tuple[str, ...]
    fingerprint: str
    labels: Labels | None = None
    backend: str = ""
    left_out: LeftOut = ()
    skipped: LeftOut = ()

    def __post_init__(self) -> None:
        require_vectors(self.vectors, self.names)
        if self.labels is None:
            return
        count = len(self.vectors)
        require_labels(self.labels.person_ids, self.labels.camera_ids, count)
        if len(self.labels.split) != count:
            raise EmbeddingsError(f"split has {len(self.labels.split)} entries for {count} vectors")
        if unknown := set(self.labels.split) - set(SPLITS):
            raise EmbeddingsError(
                f"split holds {min(unknown)[:40]!r}; every image is of {' or '.join(SPLITS)}"
            )

    @classmethod
    def of_splits(
        cls, query: Embeddings, gallery: Embeddings, fingerprint: str = ""
    ) -> "NamedEmbeddings":
        """Put the query and the gallery of an evaluation behind one another."""
        parts: Mapping[Split, Embeddings] = {"query": query, "gallery": gallery}
        return cls(
            vectors=np.concatenate([part.vectors for part in parts.values()]),
            names=tuple(name for part in parts.values() for name in part.names),
            fingerprint=fingerprint,
            labels=Labels(
                person_ids=np.concatenate([part.person_ids for part in parts.values()]),
                camera_ids=np.concatenate([part.camera_ids for part in parts.values()]),
                split=tuple(name for name, part in parts.items() for _ in range(len(part))),
            ),
        )

    def of_split(self, split: Split) -> Embeddings:
        """The images of one split, in their order.

        Raises:
            EmbeddingsError: There are no labels, or no images of that split.
        """
        if self.labels is None:
            raise EmbeddingsError(
                "has no labels; rank embeddings that `evaluate --save` wrote, or add "
                "person_ids, camera_ids and split"
            )
        rows = [row for row, of in enumerate(self.labels.split) if of == split]
        if not rows:
            raise EmbeddingsError(f"has no embedding of the {split} split")
        return Embeddings(
            vectors=self.vectors[rows],
            person_ids=self.labels.person_ids[rows],
            camera_ids=self.labels.camera_ids[rows],
            names=tuple(self.names[row] for row in rows),
        )

    def save(self, path: Path | str) -> None:
        """Write a `.npz` or a `.jsonl`, replacing `path` in one step.

        Raises:
            EmbeddingsError: Another suffix, or the file cannot be written.
        """
        path = Path(path)
        require_writable(path)
        fields = Fields(self.vectors, self.names, self.fingerprint, self.labels)
        try:
            with atomic_file(path) as file:
                _LAYOUTS[path.suffix].write(file, fields)
        except OSError as error:
            raise EmbeddingsError(f"{path}: cannot be written ({error.strerror})") from error

    @classmethod
    def load(cls, path: Path | str) -> "NamedEmbeddings":
        """Read what `save` wrote, or what a stranger wrote in its layout.

        Raises:
            EmbeddingsError: Another suffix, or the file is missing or malformed.
        """
        path = Path(path)
        if path.suffix not in _LAYOUTS:
            raise EmbeddingsError(f"{path}: give a file ending in {' or '.join(SUFFIXES)}")
        try:
            fields = _LAYOUTS[path.suffix].read(path)
            return cls(fields.vectors, fields.names, fields.fingerprint, fields.labels)
        except FileNotFoundError as error:
            raise EmbeddingsError(f"{path}: no such file") from error
        except OSError as error:
            raise EmbeddingsError(f"{path}: cannot be read ({error.strerror})") from error
        except EmbeddingsError as error:
            raise EmbeddingsError(f"{path}: {error}") from error


def load_query_and_gallery(path: Path) -> tuple[Embeddings, Embeddings]:
    """Read the file of an evaluation.

    Raises:
        EmbeddingsError: As `NamedEmbeddings.load`; or it has no labels, or a split is empty.
    """
    saved = NamedEmbeddings.load(path)
    try:
        return saved.of_split("query"), saved.of_split("gallery")
    except EmbeddingsError as error:
        raise EmbeddingsError(f"{path}: {error}") from error


def require_writable(path: Path) -> None:
    """Look at an output file before the work, so that a typing error does not cost it.

    Raises:
        EmbeddingsError: It has another suffix, or its folder does not exist.
    """
    require_place(path, SUFFIXES, EmbeddingsError)
