"""Galleries as files of others: a table of what can be written, and of what can be read back."""

import csv
import io
import json
import struct
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from bireid_runtime.errors import ArgumentError, ArrayFileError
from bireid_runtime.files import atomic_file, open_regular
from bireid_runtime.gallery.errors import GalleryError
from bireid_runtime.gallery.protocol import GalleryStore
from bireid_runtime.gallery.records import Records
from bireid_runtime.npz import open_npz

MAX_LINE_BYTES = 2**22

_TEXTS = ("people", "cameras", "names")
_OF_EMBED = {"vectors", "names", "fingerprint"}


def write(gallery: GalleryStore, path: Path | str) -> int:
    """Write all entries in the layout of a suffix, whole or not at all.

    - `.npz`: arrays `vectors` float32 (N, D), `people`, `cameras` and `names` as text (N,), empty
      for none, `at` float64 (N,), `fingerprint` (); uncompressed, without pickle;
    - `.jsonl`: one entry per line: `person`, `camera`, `at`, `source`, `fingerprint`, `embedding`;
    - `.csv`: the same without embeddings;
    - `.faiss`: an `IndexFlatIP` of faiss, the entries in their order;
    - `.copy`: text for PostgreSQL's COPY into (person text, camera text, at timestamptz, source
      text, embedding vector), with pgvector.

    Returns:
        How many entries were written.

    Raises:
        ArgumentError: Another suffix.
        GalleryError: An entry is damaged.
        OSError: The file cannot be written.
    """
    path = Path(path)
    if path.suffix not in WRITERS:
        raise ArgumentError(f"{path}: write to a file ending in {', '.join(WRITERS)}")
    with atomic_file(path) as file:
        return WRITERS[path.suffix](gallery, file)


def read(path: Path | str) -> Iterator[Records]:
    """Read a `.npz` or `.jsonl` that `write` wrote, or `bireid-deploy embed`; untrusted.

    Yields:
        Entries, some thousand at a time.

    Raises:
        ArgumentError: Another suffix.
        GalleryError: It is missing or malformed.
    """
    path = Path(path)
    if path.suffix not in READERS:
        raise ArgumentError(f"{path}: read a file ending in {' or '.join(READERS)}")
    try:
        yield from READERS[path.suffix](path)
    except OSError as error:
        raise GalleryError(f"{path}: cannot be read ({error.strerror})") from error
    except ArrayFileError as error:
        raise GalleryError(f"{path}: {error}") from error


def _write_npz(gallery: GalleryStore, file: BinaryIO) -> int:
    texts: dict[str, list[str]] = {name: [] for name in _TEXTS}
    at: list[float] = []
    count = gallery.stats().entries
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        # Vectors go through in parts: of a million they are 2 GB.
        with archive.open("vectors.npy", "w", force_zip64=True) as member:
            header = {"descr": "<f4", "fortran_order": False, "shape": (count, gallery.dim)}
            np.lib.format.write_array_header_1_0(member, header)
            for part in gallery.records():
                member.write(part.vectors.astype("<f4", copy=False).tobytes())
                texts["people"] += [each or "" for each in part.people]
                texts["cameras"] += [each or "" for each in part.cameras]
                texts["names"] += [each or "" for each in part.sources]
                at += part.at
        if len(at) != count:
            raise GalleryError(f"{gallery.path}: changed while it was written; try again")
        arrays: dict[str, Any] = {name: np.array(each, np.str_) for name, each in texts.items()}
        arrays |= {"at": np.array(at), "fingerprint": np.array(gallery.fingerprint, np.str_)}
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, array, allow_pickle=False)
    return count


def _write_jsonl(gallery: GalleryStore, file: BinaryIO) -> int:
    count = 0
    for part in gallery.records():
        for row, fields in enumerate(_fields(part)):
            line = {**fields, "fingerprint": part.fingerprint}
            line["embedding"] = part.vectors[row].tolist()
            file.write(f"{json.dumps(line)}\n".encode())
        count += len(part)
    return count


def _write_csv(gallery: GalleryStore, file: BinaryIO) -> int:
    count = 0
    text = io.TextIOWrapper(file, "utf-8", newline="")
    rows = csv.DictWriter(text, ("person", "camera", "at", "source"))
    rows.writeheader()
    for part in gallery.records():
        rows.writerows(_fields(part))
        count += len(part)
    text.flush()
    text.detach()
    return count


def _write_faiss(gallery: GalleryStore, file: BinaryIO) -> int:
    """As `faiss.write_index` writes an IndexFlatIP: header, then the vectors."""
    inner_product, unused = 0, 1 << 20
    count = gallery.stats().entries
    file.write(b"IxFI")
    file.write(struct.pack("<iqqq?i", gallery.dim, count, unused, unused, True, inner_product))
    file.write(struct.pack("<Q", count * gallery.dim))
    written = 0
    for part in gallery.records():
        file.write(part.vectors.astype("<f4", copy=False).tobytes())
        written += len(part)
    if written != count:
        raise GalleryError(f"{gallery.path}: changed while it was written; try again")
    return count


def _write_copy(gallery: GalleryStore, file: BinaryIO) -> int:
    count = 0
    for part in gallery.records():
        for row, fields in enumerate(_fields(part)):
            moment = np.datetime64(round(fields["at"] * 1e6), "us")
            values = [fields["person"], fields["camera"], f"{moment}+00", fields["source"]]
            vector = ",".join(repr(float(number)) for number in part.vectors[row])
            cells = [r"\N" if value is None else _escaped(value) for value in values]
            file.write(("\t".join([*cells, f"[{vector}]"]) + "\n").encode())
        count += len(part)
    return count


def _escaped(text: str) -> str:
    for character, escape in (("\\", r"\\"), ("\t", r"\t"), ("\n", r"\n"), ("\r", r"\r")):
        text = text.replace(character, escape)
    return text


def _fields(part: Records) -> Iterator[dict[str, Any]]:
    for person, camera, at, source in zip(
        part.people, part.cameras, part.at, part.sources, strict=True
    ):
        yield {"person": person, "camera": camera, "at": at, "source": source}


def _read_npz(path: Path) -> Iterator[Records]:
    with open_npz(path) as file:
        names = set(file.names)
        own = _OF_EMBED | {"people", "cameras", "at"}
        labels = {"person_ids", "camera_ids", "split"}
        if names not in (own, _OF_EMBED, _OF_EMBED | labels):
            raise GalleryError(
                f"{path}: holds neither what `gallery export` writes nor what `embed` writes"
            )
        arrays = {name: file.read(name) for name in file.names}
    count = len(arrays["names"]) if arrays["names"].ndim == 1 else -1
    columns: dict[str, list[Any]] = {
        "people": [None] * max(count, 0),
        "cameras": [None] * max(count, 0),
    }
    moment = path.stat().st_mtime
    at: list[Any] = [moment] * max(count, 0)
    if "person_ids" in names:
        columns = {
            "people": arrays["person_ids"].tolist(),
            "cameras": arrays["camera_ids"].tolist(),
        }
        columns = {name: [str(each) for each in column] for name, column in columns.items()}
    elif "at" in names:
        columns = {name: arrays[name].tolist() for name in columns}
        at = arrays["at"].tolist()
    vectors = arrays["vectors"]
    sound = (
        (vectors.dtype, vectors.ndim, len(vectors)) == (np.float32, 2, count)
        and arrays["fingerprint"].dtype.kind == arrays["names"].dtype.kind == "U"
        and arrays["fingerprint"].ndim == 0
        and len(at) == count
        and all(isinstance(each, float) for each in at)
        and all(len(column) == count for column in columns.values())
        and all(isinstance(each, str | None) for column in columns.values() for each in column)
    )
    if not sound:
        raise GalleryError(f"{path}: its arrays have other types or lengths than `export` writes")
    yield _records(
        np.ascontiguousarray(vectors),
        str(arrays["fingerprint"]),
        columns["people"],
        columns["cameras"],
        at,
        arrays["names"].tolist(),
    )


def _read_jsonl(path: Path) -> Iterator[Records]:
    moment = path.stat().st_mtime
    with open_regular(path) as file:
        number, part, size = 0, [], 4096
        while text := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(text) > MAX_LINE_BYTES:
                raise GalleryError(f"{path}: line {number} is longer than {MAX_LINE_BYTES} bytes")
            part.append(_parse_line(text, moment, f"{path}: line {number}"))
            if len(part) == size:
                yield _records_of(part, str(path))
                part = []
        if part:
            yield _records_of(part, str(path))


def _parse_line(text: bytes, moment: float, source: str) -> tuple[Any, ...]:
    """Person, camera, time, source, fingerprint and embedding of a line of `export` or `embed`."""
    try:
        line = json.loads(text)
        embedding = np.array(line["embedding"], np.float32)
        fields = (
            line.get("person", line.get("person_id")),
            line.get("camera", line.get("camera_id")),
            line.get("at", moment),
            line.get("source", line.get("name")),
            line["fingerprint"],
        )
        person, camera, at, name, fingerprint = fields
        texts = (person, camera, name)
        if not isinstance(fingerprint, str) or embedding.ndim != 1 or isinstance(at, bool):
            raise TypeError("fingerprint, embedding or at")
        if not all(isinstance(each, str | int | None) for each in texts):
            raise TypeError("person, camera or source")
        return (
            *(each if each is None else str(each) for each in texts),
            float(at),
            fingerprint,
            embedding,
        )
    except (
        ValueError,
        TypeError,
        KeyError,
        AttributeError,
        RecursionError,
        OverflowError,
    ) as error:
        raise GalleryError(f"{source}: not a line of `gallery export`: {error}") from error


def _records_of(part: list[tuple[Any, ...]], source: str) -> Records:
    people, cameras, names, at, fingerprints, embeddings = zip(*part, strict=True)
    if len(set(fingerprints)) > 1 or len({len(each) for each in embeddings}) > 1:
        raise GalleryError(f"{source}: lines of two networks, or of two lengths")
    return _records(np.stack(embeddings), fingerprints[0], people, cameras, at, names)


def _records(
    vectors: np.ndarray, fingerprint: str, people: Any, cameras: Any, at: Any, names: Any
) -> Records:
    return Records(
        vectors,
        fingerprint,
        tuple(each or None for each in people),
        tuple(each or None for each in cameras),
        tuple(at),
        tuple(each or None for each in names),
    )


WRITERS: dict[str, Callable[[GalleryStore, BinaryIO], int]] = {
    ".npz": _write_npz,
    ".jsonl": _write_jsonl,
    ".csv": _write_csv,
    ".faiss": _write_faiss,
    ".copy": _write_copy,
}
READERS: dict[str, Callable[[Path], Iterator[Records]]] = {
    ".npz": _read_npz,
    ".jsonl": _read_jsonl,
}
