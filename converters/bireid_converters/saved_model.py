"""A Keras model as a SavedModel that holds its forward pass alone."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bireid_models.framework import tf


@contextmanager
def saved_model(model: Any, batch_size: int | None) -> Iterator[str]:
    """Write a temporary SavedModel, named inputs to named outputs, in inference mode.

    Keras' own `save` traces every layer by itself as well, which takes several times as long and
    gives the same file after conversion.

    Args:
        model: Keras functional model.
        batch_size: Rows per call; None for any number.

    Yields:
        The folder, which exists until the context ends.
    """
    signature = [
        tf.TensorSpec((batch_size, *tensor.shape[1:]), tensor.dtype, name)
        for tensor, name in zip(model.inputs, model.input_names, strict=True)
    ]

    @tf.function(input_signature=signature)
    def serve(*images: Any) -> dict[str, Any]:
        outputs = tf.nest.flatten(model(list(images), training=False))
        return dict(zip(model.output_names, outputs, strict=True))

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
