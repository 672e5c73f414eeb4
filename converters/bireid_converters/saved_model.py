"""A Keras model as a SavedModel that holds its forward pass alone."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bireid_models.framework import tf

from bireid_converters.named_model import NamedModel


@contextmanager
def saved_model(network: NamedModel, batch_size: int | None) -> Iterator[str]:
    """Write a temporary SavedModel, named inputs to named outputs, in inference mode.

    Keras' own `save` traces every layer by itself as well, which takes several times as long and
    gives the same file after conversion.

    Args:
        network: The network.
        batch_size: Rows per call; None for any number.

    Yields:
        The folder, which exists until the context ends.
    """
    model = network.model
    signature = [
        tf.TensorSpec((batch_size, *tensor.shape[1:]), tensor.dtype, name)
        for tensor, name in zip(model.inputs, network.inputs, strict=True)
    ]

    @tf.function(input_signature=signature, autograph=False)
    def serve(*inputs: Any) -> dict[str, Any]:
        outputs = tf.nest.flatten(model(list(inputs), training=False))
        return dict(zip(network.outputs, outputs, strict=True))

    module = tf.Module()
    module.variables_of_the_model = model.variables
    with tempfile.TemporaryDirectory() as folder:
        tf.saved_model.save(
            module,
            folder,
            signatures={"serving_default": serve},
            options=tf.saved_model.SaveOptions(experimental_custom_gradients=False),
        )
        yield folder
