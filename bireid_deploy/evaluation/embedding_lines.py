"""Embeddings as `.jsonl`: one image per line.

Each line is an object with `name`, `fingerprint` and `embedding` (D numbers); of labelled
embeddings also `person_id`, `camera_id` and `split` ("query" or "gallery").
"""

import json
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

import numpy as np
from bireid_runtime.files import open_regular
from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from bireid_deploy.errors import EmbeddingsError
from bireid_deploy.evaluation.embedding_fields import Fields, Labels, Split

MAX_LINE_BYTES = 2**22
"""Longer lines are refused; a number takes about 20 bytes."""

_Int64 = Annotated[int, Field(ge=-(2**63), le=2**63 - 1)]


class _Line(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid")

    name: str
    fingerprint: str
    embedding: Annotated[list[FiniteFloat], Field(min_length=1)]
    person_id: _Int64 | None = None
    camera_id: _Int64 | None = None
    split: Split | None = None

    @property
    def labels(self) -> tuple[int, int, Split] | None:
        """Person, camera and split; None if the line has none of them."""
        person, camera, split = self.person_id, self.camera_id, self.split
        if person is None or camera is None or split is None:
            if (person, camera, split) == (None, None, None):
                return None
            raise EmbeddingsError("has some of person_id, camera_id and split; give all or none")
        return person, camera, split


def write(file: BinaryIO, fields: Fields) -> None:
    """Write the content of a file; numbers are read back to the last bit."""
    for row, (name, vector) in enumerate(zip(fields.names, fields.vectors, strict=True)):
        line: dict[str, object] = {"name": name, "fingerprint": fields.fingerprint}
        if (labels := fields.labels) is not None:
            line |= {
                "person_id": int(labels.person_ids[row]),
                "camera_id": int(labels.camera_ids[row]),
                "split": labels.split[row],
            }
        line["embedding"] = vector.tolist()
        file.write(f"{json.dumps(line)}\n".encode())


def read(path: Path) -> Fields:
    """Read a file that a stranger may have written; memory stays in proportion to its size.

    Raises:
        EmbeddingsError: A line is malformed, or does not fit the first one.
        OSError: The file cannot be opened.
    """
    values, names, labels = array("f"), [], []
    first: _Line | None = None
    for number, line in enumerate(_lines(path), start=1):
        try:
            first = first or line
            _require_same_kind(line, first)
            labels.append(line.labels)
        except EmbeddingsError as error:
            raise EmbeddingsError(f"line {number} {error}") from error
        values.extend(line.embedding)
        names.append(line.name)
    if first is None:
        raise EmbeddingsError("is empty; give at least one embedding")
    vectors = np.array(values, np.float32).reshape(len(names), len(first.embedding))
    known = [each for each in labels if each is not None]
    if not known:
        return Fields(vectors, tuple(names), first.fingerprint, None)
    people, cameras, splits = zip(*known, strict=True)
    found = Labels(np.array(people, np.int64), np.array(cameras, np.int64), splits)
    return Fields(vectors, tuple(names), first.fingerprint, found)


def _lines(path: Path) -> Iterator[_Line]:
    with open_regular(path) as file:
        number = 0
        while text := file.readline(MAX_LINE_BYTES + 1):
            number += 1
            if len(text) > MAX_LINE_BYTES:
                raise EmbeddingsError(f"line {number} is longer than {MAX_LINE_BYTES} bytes")
            try:
                yield _Line.model_validate_json(text)
            except ValidationError as error:
                details = error.errors()[0]
                where = "".join(f" {str(part)[:40]}:" for part in details["loc"])
                raise EmbeddingsError(
                    f"line {number}:{where} {details['msg'].splitlines()[0]}"
                ) from error


def _require_same_kind(line: _Line, first: _Line) -> None:
    if line.fingerprint != first.fingerprint:
        raise EmbeddingsError(
            f"is of the embedding space {line.fingerprint[:80]!r}, the lines before are of "
            f"{first.fingerprint[:80]!r}; embeddings of two networks cannot be compared"
        )
    if len(line.embedding) != len(first.embedding):
        raise EmbeddingsError(
            f"has {len(line.embedding)} numbers, the lines before have {len(first.embedding)}"
        )
    if (line.labels is None) != (first.labels is None):
        raise EmbeddingsError("has labels and others have none; give all of them labels or none")
