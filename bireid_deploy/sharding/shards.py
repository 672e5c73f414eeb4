"""The files of shards: `00000.npz` and so on, each whole or not there."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from bireid_runtime import Bundle
from bireid_runtime.files import atomic_file, read_bytes

from bireid_deploy.data.broken import skipped_path, write_skipped
from bireid_deploy.data.folders import LeftOut
from bireid_deploy.errors import DatasetError, EmbeddingsError
from bireid_deploy.evaluation.embedding_file import NamedEmbeddings
from bireid_deploy.evaluation.image_embedder import ImageEmbedder
from bireid_deploy.sharding.plan import Plan


@dataclass(frozen=True)
class Job:
    """What a worker needs to do any shard, on any host that sees the same files.

    Attributes:
        bundle: Path of the bundle.
        folder: Folder of the shards.
        files: All images.
        plan: How they are cut.
        threads: Threads of each worker.
    """

    bundle: Path
    folder: Path
    files: tuple[Path, ...]
    plan: Plan
    threads: int

    def path(self, shard: int) -> Path:
        """The file of a shard."""
        return self.folder / f"{shard:05d}.npz"

    def is_done(self, shard: int) -> bool:
        """Whether a shard is there: what has its name is whole."""
        return self.path(shard).exists() or self._empty(shard).exists()

    def missing(self, part: int = 0, parts: int = 1) -> list[int]:
        """Shards that are to be done, of every `parts`-th from `part` on."""
        return [each for each in range(part, self.plan.shards, parts) if not self.is_done(each)]

    def files_of(self, shard: int) -> Sequence[Path]:
        """The images of a shard."""
        return self.plan.files_of(shard, self.files)

    def embed(self, embedder: ImageEmbedder, shard: int, files: Sequence[Path]) -> None:
        """Do a shard. Done twice, or by two at once, it is the same file.

        Args:
            embedder: As `open_embedder` gives it.
            shard: Its number.
            files: Its images.

        Raises:
            ImageError: An image cannot be decoded, and none is to be passed over.
            EmbeddingsError: It cannot be written.
        """
        path = self.path(shard)
        vectors, names, skipped = embedder.embed(files, self.plan.skip_broken, allow_none=True)
        # The list first: once the shard is there, nobody comes back.
        write_skipped(path, skipped)
        if names:
            NamedEmbeddings(vectors, names, embedder.fingerprint).save(path)
        else:
            with atomic_file(self._empty(shard)) as file:
                file.write(b"")

    def open_embedder(self) -> ImageEmbedder:
        """The bundle, opened.

        Raises:
            EmbeddingsError: It is not the one that the job began with.
            BireidError: It cannot be opened.
        """
        embedder = ImageEmbedder(
            Bundle.open(self.bundle), self.plan.backend, self.threads, self.plan.camera
        )
        if embedder.fingerprint != self.plan.fingerprint:
            raise EmbeddingsError(f"{self.bundle}: was exchanged while the job ran")
        return embedder

    def gather(self) -> NamedEmbeddings:
        """All shards behind one another, as one process would have made them.

        Raises:
            EmbeddingsError: A shard is missing, damaged, or of another network.
            DatasetError: No image could be read.
        """
        parts: list[NamedEmbeddings] = []
        skipped: list[tuple[Path, str]] = []
        for shard in range(self.plan.shards):
            skipped += _read_skipped(self.path(shard))
            if self._empty(shard).exists():
                continue
            part = NamedEmbeddings.load(self.path(shard))
            if part.fingerprint != self.plan.fingerprint:
                raise EmbeddingsError(f"{self.path(shard)}: embeddings of another network")
            expected = {str(file) for file in self.files_of(shard)}
            if not expected.issuperset(part.names):
                raise EmbeddingsError(f"{self.path(shard)}: has other images than its shard")
            parts.append(part)
        if not parts:
            raise DatasetError(f"none of {self.plan.images} files can be read: {skipped[0][1]}")
        return NamedEmbeddings(
            np.concatenate([part.vectors for part in parts]),
            tuple(name for part in parts for name in part.names),
            self.plan.fingerprint,
            backend=self.plan.backend,
            skipped=tuple(skipped),
        )

    def _empty(self, shard: int) -> Path:
        return self.folder / f"{shard:05d}.empty"


def _read_skipped(path: Path) -> LeftOut:
    """What `write_skipped` wrote beside a shard."""
    listed = skipped_path(path)
    if not listed.exists():
        return ()
    text = read_bytes(listed).decode("utf-8", errors="surrogateescape")
    rows: Sequence[list[str]] = list(csv.reader(io.StringIO(text, newline="")))[1:]
    if any(len(row) != 2 for row in rows):
        raise EmbeddingsError(f"{listed}: damaged; remove it and {path.name}")
    return tuple((Path(file), reason) for file, reason in rows)
