"""Writes a rendered data set once: complete or not at all, and recognised when asked for again."""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bireid_runtime.files import read_text

from bireid_deploy.errors import DatasetError

RECORD_NAME = "synthetic.json"
_MAX_RECORD_BYTES = 64 * 1024


def write_once(
    root: Path, what: str, identity: dict[str, Any], write_tree: Callable[[Path], int]
) -> None:
    """Write a data set, or see that the one in its place is the same.

    Args:
        root: Folder to make; its parents are made too.
        what: What is rendered, for messages: `synthetic people`.
        identity: What determines every file, JSON-serialisable.
        write_tree: Called with a folder to write into; returns the number of images.

    Raises:
        DatasetError: `root` holds something else, a data set of another identity or one that was
            changed since; or it cannot be written.
    """
    root = root.absolute()
    if root.exists() and not root.is_dir():
        raise DatasetError(f"cannot write {what} to {root}: it is a file")
    if root.is_dir() and any(root.iterdir()):
        _check_reusable(root, what, identity)
        return
    try:
        _write_at_once(root, identity, write_tree)
    except OSError as error:
        raise DatasetError(f"cannot write {what} to {root}: {error}") from error


def _write_at_once(root: Path, identity: dict[str, Any], write_tree: Callable[[Path], int]) -> None:
    root.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{root.name}.", dir=root.parent))
    try:
        images = write_tree(partial)
        _write_record(partial, {**identity, "images": images})
        partial.chmod(0o755)
        if root.is_dir():
            root.rmdir()
        os.replace(partial, root)
    except BaseException:
        shutil.rmtree(partial)
        raise


def _write_record(root: Path, record: dict[str, Any]) -> None:
    # The hash of all files, checked at reuse, also detects what a power cut truncated.
    record = {**record, "sha256": _hash_files(root)}
    with (root / RECORD_NAME).open("w", encoding="utf-8") as file:
        json.dump(record, file, indent=2)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())


def _check_reusable(root: Path, what: str, identity: dict[str, Any]) -> None:
    record = _read_record(root)
    for key, wanted in identity.items():
        if record.get(key) != wanted:
            raise DatasetError(
                f"{root} holds {what} with {key} {record.get(key)}, not {wanted}; "
                "choose another folder or remove this one"
            )
    for key in record.keys() - identity.keys() - {"images", "sha256"}:
        raise DatasetError(
            f"{root} holds {what} with {key} {record[key]}, which was not asked for; "
            "choose another folder or remove this one"
        )
    if record.get("sha256") != _hash_files(root):
        raise DatasetError(
            f"the images in {root} are not those that {RECORD_NAME} describes; remove the folder "
            "and render again"
        )


def _read_record(root: Path) -> dict[str, Any]:
    path = root / RECORD_NAME
    if not path.is_file():
        raise DatasetError(
            f"{root} is not empty and holds no {RECORD_NAME}; choose a new or empty folder"
        )
    try:
        if path.stat().st_size > _MAX_RECORD_BYTES:
            raise ValueError(f"larger than {_MAX_RECORD_BYTES} bytes")
        record = json.loads(read_text(path))
    except (OSError, ValueError) as error:
        raise DatasetError(f"cannot read {path}: {error}; choose another folder") from error
    if not isinstance(record, dict):
        raise DatasetError(f"{path} is not a JSON object; choose another folder")
    return record


def _hash_files(root: Path) -> str:
    """Returns the SHA-256 over names and contents of all files but the record, sorted."""
    total = hashlib.sha256()
    record = root / RECORD_NAME
    for path in sorted(path for path in root.glob("**/*") if path.is_file() and path != record):
        content = hashlib.sha256(path.read_bytes()).hexdigest()
        total.update(f"{path.relative_to(root).as_posix()} {content}\n".encode())
    return total.hexdigest()
