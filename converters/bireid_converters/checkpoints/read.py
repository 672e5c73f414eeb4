"""Opening a checkpoint of any layout that is known, by its first bytes."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.files import open_regular

from bireid_converters.checkpoints import torch_zip
from bireid_converters.checkpoints.safetensors_file import read_safetensors_file
from bireid_converters.checkpoints.state import named_tensors
from bireid_converters.checkpoints.tensors import Tensor
from bireid_converters.checkpoints.torch_legacy import read_torch_legacy
from bireid_converters.checkpoints.torch_zip import read_torch_zip
from bireid_converters.errors import CheckpointError

_PICKLE_START = b"\x80"
_TAR_NAME = slice(257, 262)
_TAR = b"ustar"
_HDF5 = b"\x89HDF"


@dataclass(frozen=True)
class Checkpoint:
    """An open checkpoint.

    Attributes:
        tensors: By name, in the order of the file, without the names of wrappers; their numbers
            are read when asked for, as long as the file is open.
        skipped: What else the file holds: its kind by its name.
        beside: The same as it is, untrusted, as far as it stands beside a dictionary of the
            tensors.
    """

    tensors: dict[str, Tensor]
    skipped: dict[str, str]
    beside: dict[str, Any] = field(default_factory=dict)


@contextmanager
def read_checkpoint(path: str | os.PathLike[str]) -> Iterator[Checkpoint]:
    """Open a checkpoint: PyTorch's zip or older layout, a pickled module, TorchScript, safetensors.

    Nothing of the file is run, and PyTorch is not needed.

    Args:
        path: The file, untrusted.

    Yields:
        Its tensors, until the block ends. Errors of these two kinds in the block get the name of
        the file.

    Raises:
        OSError: There is no such file, or it is none.
        CheckpointError: Damaged, hostile, or of an unknown layout.
        UnsupportedModelError: What the block raised.
    """
    with open_regular(path) as file:
        try:
            yield Checkpoint(*named_tensors(_contents(file, Path(path).suffix)))
        except (CheckpointError, UnsupportedModelError) as error:
            raise type(error)(f"{os.fspath(path)}: {error}") from error


def _contents(file: BinaryIO, suffix: str) -> Any:
    start = file.read(512)
    if start.startswith(torch_zip.MAGIC):
        return read_torch_zip(file)
    if start.startswith(_PICKLE_START):
        return read_torch_legacy(file)
    if start[8:9] == b"{":
        return read_safetensors_file(file)
    if start[_TAR_NAME] == _TAR or start.startswith(_HDF5):
        kind = "a tar file of PyTorch before 0.2" if start[_TAR_NAME] == _TAR else "HDF5"
        raise CheckpointError(f"{kind} is not read; save the model's state_dict() with torch.save")
    if suffix == ".onnx":
        raise CheckpointError(
            "an ONNX file is no checkpoint; `bireid-deploy import` makes a bundle of it, which can "
            "run and teach"
        )
    raise CheckpointError(
        "neither a file of PyTorch nor safetensors; save the model with "
        "torch.save(model.state_dict(), FILE)"
    )
