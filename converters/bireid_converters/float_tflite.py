"""Export of a real-valued network to TensorFlow Lite in float32."""

from typing import Any

from bireid_models.framework import tf

from bireid_converters.named_model import NamedModel, named_model
from bireid_converters.saved_model import saved_model


def export_float(network: NamedModel | Any) -> bytes:
    """Convert a real-valued network to a flatbuffer of built-in operators.

    The file has one signature, `serving_default`, from the network's named inputs float32 (1, ...)
    to its named outputs float32 (1, ...).

    Args:
        network: What `named_model` takes.

    Returns:
        The bytes of a `.tflite` file.
    """
    with saved_model(named_model(network), batch_size=1) as folder:
        return bytes(tf.lite.TFLiteConverter.from_saved_model(folder).convert())
