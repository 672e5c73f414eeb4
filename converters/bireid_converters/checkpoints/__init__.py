"""Reading checkpoints of other frameworks without running or importing anything of theirs."""

from bireid_converters.checkpoints.read import Checkpoint, read_checkpoint
from bireid_converters.checkpoints.tensors import Tensor

__all__ = ["Checkpoint", "Tensor", "read_checkpoint"]
