"""Tensors of a checkpoint as the weights that networks are built from."""

from collections.abc import Mapping

from bireid_models.imported import Weights

from bireid_converters.checkpoints.tensors import Tensor


def weights_of(tensors: Mapping[str, Tensor]) -> Weights:
    """Name and shape of every tensor; its numbers are read when they are asked for.

    Args:
        tensors: Those of an open checkpoint, which must stay open.
    """
    return Weights(
        {key: tensor.shape for key, tensor in tensors.items()}, lambda key: tensors[key].numpy()
    )
