"""Files of embeddings without labels: what `embed` writes."""

import io
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bireid_runtime.files import atomic_file
from bireid_runtime.images import IMAGE_SUFFIXES

from bireid_deploy.errors import EmbeddingsError

OUTPUT_SUFFIXES = (".npz", ".jsonl")


@dataclass(frozen=True)
class NamedEmbeddings:
    """Embeddings of images.

    Attributes:
        vectors: float32 (N, D), rows of unit length.
        names: Path of each image as it was given.
        fingerprint: Identifies the embedding space; never mix two.
        backend: What computed them; not kept in the file.
    """

    vectors: np.ndarray
    names: tuple[str, ...]
    fingerprint: str
    backend: str = ""

    def save(self, path: Path) -> None:
        """Write `.npz` (arrays vectors, names, fingerprint) or `.jsonl` (one image per line).

        Raises:
            EmbeddingsError: Another suffix.
        """
        with atomic_file(path) as file:
            file.write(self._encoded(path))

    def _encoded(self, path: Path) -> bytes:
        if path.suffix == ".npz":
            buffer = io.BytesIO()
            names, fingerprint = np.array(self.names, np.str_), np.array(self.fingerprint)
            np.savez(buffer, vectors=self.vectors, names=names, fingerprint=fingerprint)
            return buffer.getvalue()
        if path.suffix == ".jsonl":
            lines = (
                json.dumps({"name": name, "fingerprint": self.fingerprint, "embedding": row})
                for name, row in zip(self.names, self.vectors.tolist(), strict=True)
            )
            return "".join(f"{line}\n" for line in lines).encode()
        raise EmbeddingsError(f"{path}: write to a file ending in {' or '.join(OUTPUT_SUFFIXES)}")


def find_images(inputs: Sequence[Path | str]) -> list[Path]:
    """Expand folders to the images below them, sorted; files stay as given.

    Raises:
        EmbeddingsError: An input does not exist, or a folder holds no image.
    """
    found: list[Path] = []
    for path in map(Path, inputs):
        if path.is_dir():
            images = sorted(_images_below(path))
            if not images:
                suffixes = ", ".join(IMAGE_SUFFIXES)
                raise EmbeddingsError(f"{path}: no images below it (looked for {suffixes})")
            found.extend(images)
        elif path.exists():
            found.append(path)
        else:
            raise EmbeddingsError(f"{path}: no such file or folder")
    return found


def _images_below(folder: Path) -> Iterator[Path]:
    return (
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in IMAGE_SUFFIXES and not path.name.startswith(".")
    )
