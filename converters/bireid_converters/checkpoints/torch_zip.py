"""PyTorch's files since 1.6, and TorchScript: a zip of a pickle and one member per storage."""

import io
import os
import struct
import zipfile
from functools import partial
from typing import Any, BinaryIO

from bireid_converters.checkpoints.pickle_program import MAX_BYTES, BoundedStream, read_pickle
from bireid_converters.checkpoints.torch_pickle import TorchObjects
from bireid_converters.errors import CheckpointError

MAGIC = b"PK\x03\x04"
_END = b"PK\x05\x06"
_END_BYTES = 22
_MAX_COMMENT = 2**16
# 80 bytes per member; the largest networks have thousands.
_MAX_DIRECTORY = 16 * 2**20
_MAX_ORDER = 16
_FAILURES = (zipfile.BadZipFile, ValueError, KeyError, EOFError, NotImplementedError, RuntimeError)


def read_torch_zip(file: BinaryIO) -> Any:
    """The object in a file; its tensors read from the open file when they are asked for.

    Raises:
        CheckpointError: Damaged, hostile, or no file of PyTorch.
    """
    size = file.seek(0, os.SEEK_END)
    _check_directory(file, size)
    try:
        archive = zipfile.ZipFile(file)
    except _FAILURES as error:
        raise CheckpointError(f"not a readable zip file ({error}); copy it again") from error
    members = _members(archive, size)
    root = _root(members)
    byte_order = members.get(f"{root}byteorder")
    if byte_order is not None and _content(archive, byte_order, _MAX_ORDER).strip() != b"little":
        raise CheckpointError("the file was written on a big-endian machine, which is not read")
    program = members[f"{root}data.pkl"]
    objects = TorchObjects()
    stream = BoundedStream(io.BytesIO(_content(archive, program, MAX_BYTES)))
    result = read_pickle(stream, objects.persistent, objects.rebuilds)
    for key, storage in objects.storages.items():
        member = members.get(f"{root}data/{key}")
        if member is None or member.file_size != storage.size:
            found = "is missing" if member is None else f"has {member.file_size} bytes"
            raise CheckpointError(
                f"storage {key!r} of {storage.size} bytes {found}; the file is damaged or hostile"
            )
        storage.load = partial(_content, archive, member, storage.size)
    return result


def _check_directory(file: BinaryIO, size: int) -> None:
    """Refuse a list of members that would take much more memory than the file is large."""
    start = max(0, size - _MAX_COMMENT - _END_BYTES)
    file.seek(start)
    tail = file.read(size - start)
    place = tail.rfind(_END)
    if place < 0 or len(tail) - place < _END_BYTES:
        raise CheckpointError("the zip file is cut off; copy it again")
    (directory,) = struct.unpack_from("<I", tail, place + 12)
    # 0xFFFFFFFF points to a longer record, which such a small directory has no need of.
    if directory > _MAX_DIRECTORY:
        raise CheckpointError("the zip file has too many members; it is hostile")


def _members(archive: zipfile.ZipFile, size: int) -> dict[str, zipfile.ZipInfo]:
    members = archive.infolist()
    by_name = {member.filename: member for member in members}
    if len(by_name) != len(members):
        raise CheckpointError("a member of the zip file occurs twice; it is damaged or hostile")
    if sum(member.file_size for member in members if _is_stored(member)) > size:
        raise CheckpointError("members of the zip file overlap; it is hostile")
    return by_name


def _root(members: dict[str, zipfile.ZipInfo]) -> str:
    """The folder that all members of PyTorch's are in, with its slash."""
    roots = [name.removesuffix("data.pkl") for name in members if name.endswith("/data.pkl")]
    roots = [root for root in roots if root.count("/") == 1]
    if len(roots) != 1:
        raise CheckpointError("the zip file holds no data.pkl; it is no checkpoint of PyTorch")
    return roots[0]


def _is_stored(member: zipfile.ZipInfo) -> bool:
    return member.compress_type == zipfile.ZIP_STORED


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo, limit: int) -> bytes:
    """All of a member; nothing of it is read if it has more bytes than the limit."""
    # What is stored cannot unfold into more than the file holds; PyTorch compresses code alone.
    if not _is_stored(member):
        raise CheckpointError(
            f"{member.filename} is compressed, which PyTorch never does; unpack the file, and give "
            "the checkpoint inside"
        )
    if member.file_size > limit:
        raise CheckpointError(f"{member.filename} is too long; the file is damaged or hostile")
    # `zipfile` reads as much as this says before it looks at the other number.
    if member.compress_size != member.file_size:
        raise CheckpointError(f"{member.filename} has two sizes; the file is damaged or hostile")
    try:
        return archive.read(member)
    except (*_FAILURES, OSError) as error:
        raise CheckpointError(f"the zip file is damaged ({error}); copy it again") from error
