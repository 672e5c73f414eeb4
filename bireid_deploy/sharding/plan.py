"""What a folder of shards is of: the list of images, the network, and how the list is cut."""

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from bireid_runtime.errors import ArgumentError
from bireid_runtime.files import atomic_file, read_text

from bireid_deploy.errors import EmbeddingsError

RECORD = "shards.json"
_MAX_DIGITS = 9


@dataclass(frozen=True)
class Plan:
    """A list of images cut into shards; every process of a job makes the same one.

    Attributes:
        fingerprint: The network that embeds.
        camera: Whose crops the images are, or None.
        backend: The back end that was asked for: others give other last bits.
        skip_broken: Whether images that cannot be read are passed over.
        images: How many there are.
        shard_size: Images of each shard but the last.
        listed: SHA-256 of their paths and sizes, in their order.
    """

    fingerprint: str
    camera: str | None
    backend: str
    skip_broken: bool
    images: int
    shard_size: int
    listed: str

    @property
    def shards(self) -> int:
        """How many shards there are."""
        return -(-self.images // self.shard_size)

    def files_of(self, shard: int, files: Sequence[Path]) -> Sequence[Path]:
        """The images of a shard."""
        return files[shard * self.shard_size : (shard + 1) * self.shard_size]

    def keep(self, folder: Path) -> None:
        """Write the record of a folder, or hold what it has against this plan.

        Raises:
            EmbeddingsError: The folder is of other images, another network or other shards.
            OSError: It cannot be written.
        """
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / RECORD
        wanted = asdict(self)
        if not path.exists():
            # Two that begin at once write the same bytes, or one of them reads the other's below.
            with atomic_file(path) as file:
                file.write(f"{json.dumps(wanted, indent=1)}\n".encode())
        try:
            found = json.loads(read_text(path))
        except (ValueError, RecursionError) as error:
            raise EmbeddingsError(f"{path}: damaged ({error}); begin in another folder") from error
        if found != wanted:
            known = found if isinstance(found, dict) else {}
            other = ", ".join(key for key in wanted if known.get(key) != wanted[key])
            raise EmbeddingsError(
                f"{folder}: holds shards of another job ({other or 'keys'} differ); choose another "
                "folder, or give the inputs, the bundle and the options of then"
            )


def list_digest(files: Sequence[Path]) -> str:
    """SHA-256 of paths and sizes."""
    digest = hashlib.sha256()
    for path in files:
        digest.update(os.fsencode(path) + b"\0" + str(path.stat().st_size).encode() + b"\n")
    return digest.hexdigest()


def read_part(text: str) -> tuple[int, int]:
    """The i and n of `i/n`, i from 0.

    Raises:
        ArgumentError: It is none, or i is not below n.
    """
    part, slash, parts = text.partition("/")
    if not (slash and _is_number(part) and _is_number(parts) and int(part) < int(parts)):
        raise ArgumentError(f"{text!r}: a part is I/N, I from 0 to N - 1, such as 0/8")
    return int(part), int(parts)


def _is_number(text: str) -> bool:
    return text.isdecimal() and len(text) <= _MAX_DIGITS
