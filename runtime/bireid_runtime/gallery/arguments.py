"""Arguments of a gallery's methods, checked alike for every kind of store."""

from collections.abc import Sequence

import numpy as np

from bireid_runtime.errors import ArgumentError
from bireid_runtime.gallery.records import Records

_UNIT = 1e-3


def unit_rows(vectors: np.ndarray, dim: int) -> np.ndarray:
    """Embeddings as float32 (N, dim), contiguous.

    Args:
        vectors: float32 (N, dim) or (dim,), rows of unit length.
        dim: Numbers of an embedding.

    Raises:
        ArgumentError: Another shape or dtype, or a row that is not of unit length.
    """
    rows = np.atleast_2d(np.asarray(vectors))
    if rows.dtype != np.float32 or rows.shape[1:] != (dim,):
        raise ArgumentError(f"embeddings are float32 (N, {dim}); got {rows.dtype} {rows.shape}")
    lengths = np.linalg.norm(rows.astype(np.float64), axis=1)
    if not (np.abs(lengths - 1) <= _UNIT).all():
        raise ArgumentError("embeddings must be finite and have unit length")
    return np.ascontiguousarray(rows)


def records_of(
    rows: np.ndarray,
    fingerprint: str,
    person: str | Sequence[str | None] | None,
    camera: str | Sequence[str | None] | None,
    at: float | Sequence[float],
    source: str | Sequence[str | None] | None,
    thumbnails: Sequence[bytes | None] | None,
) -> Records:
    """What `GalleryStore.add` was given, one value per row.

    Args:
        rows: As `unit_rows` gives them.
        fingerprint: The network that they come from.
        person: As for `add`; likewise the others.
        camera: See `person`.
        at: See `person`.
        source: See `person`.
        thumbnails: See `person`; only counted.

    Raises:
        ArgumentError: Another count, or a value that cannot be.
    """
    if thumbnails is not None and len(thumbnails) != len(rows):
        raise ArgumentError(f"{len(thumbnails)} thumbnails for {len(rows)} embeddings")
    return Records(
        vectors=rows,
        fingerprint=fingerprint,
        people=_per_row("person", person, len(rows), str),
        cameras=_per_row("camera", camera, len(rows), str),
        at=_per_row("at", at, len(rows), float),
        sources=_per_row("source", source, len(rows), str),
    )


def choice(
    entries: Sequence[int], person: int | None, camera: str | None, before: float | None
) -> dict[str, int | str | float]:
    """Which columns of an entry `GalleryStore.remove` compares; none where entries are given.

    Raises:
        ArgumentError: Entries and others are given, or neither.
    """
    wanted = {"person": person, "camera": camera, "at": before}
    given = {column: value for column, value in wanted.items() if value is not None}
    if (len(entries) > 0) == bool(given):
        raise ArgumentError("give entries, or one or more of person, camera and before")
    return given


def require_note(note: str) -> None:
    """Raise ArgumentError for an empty reason."""
    if not note.strip():
        raise ArgumentError("note is empty; say why the two may be compared")


def require_top(top: int) -> None:
    """Raise ArgumentError for a number of hits below 1."""
    if top < 1:
        raise ArgumentError(f"top is {top}; it must be 1 or more")


def _per_row(name: str, given: object, count: int, kind: type) -> tuple:
    """One value per row: that of all, or those of a sequence."""
    if given is None or isinstance(given, (str, int, float)):
        values: tuple = (given,) * count
    else:
        values = tuple(given)  # type: ignore[arg-type]
    if len(values) != count:
        raise ArgumentError(f"{len(values)} values of {name} for {count} embeddings")
    if kind is float:
        values = tuple(float(value) for value in values)
        if not np.isfinite(values).all():
            raise ArgumentError(f"a value of {name} is not finite")
    elif not all(value is None or (isinstance(value, kind) and value) for value in values):
        raise ArgumentError(f"a value of {name} is neither a text nor None")
    return values


def require_limit(limit: int) -> None:
    """Refuse to list fewer entries than one.

    Raises:
        ArgumentError: So few are asked for.
    """
    if limit < 1:
        raise ArgumentError(f"limit is {limit}; it must be 1 or more")
