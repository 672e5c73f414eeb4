"""A record of work in JSON, replaced whole and never believed unread."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bireid_runtime.files import atomic_file, read_text

from bireid_deploy.errors import TrainingError

Kinds = Mapping[str, type | tuple[type, ...]]


def write_record_file(path: Path, version: int, record: Mapping[str, Any]) -> None:
    """Replace a record atomically, with its version in it."""
    text = json.dumps({"schema_version": version, **record}, indent=1)
    with atomic_file(path) as file:
        file.write(f"{text}\n".encode())


def read_record_file(
    path: Path, version: int, kinds: Kinds, missing: Callable[[], str]
) -> dict[str, Any]:
    """The content of a record.

    Args:
        path: The file, untrusted.
        version: The version that is read.
        kinds: The keys that it must have, with the types of their values.
        missing: What to say where there is none.

    Raises:
        TrainingError: There is none, or it is damaged or of another version.
    """
    try:
        record: dict[str, Any] = json.loads(read_text(path))
    except (FileNotFoundError, NotADirectoryError):
        raise TrainingError(missing()) from None
    except (OSError, ValueError, RecursionError) as error:
        raise TrainingError(f"{path}: damaged record: {error}") from error
    if not isinstance(record, dict) or record.get("schema_version") != version:
        raise TrainingError(f"{path}: not a record of schema {version}")
    for key, kind in kinds.items():
        if key not in record or not isinstance(record[key], kind):
            raise TrainingError(f"{path}: damaged record: no valid {key!r}")
    return record
