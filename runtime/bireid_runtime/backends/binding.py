"""Holding what an engine found in a file to what the manifest promises."""

from collections.abc import Mapping
from pathlib import Path

from bireid_runtime.bundle import Bundle
from bireid_runtime.errors import UnsupportedModelError

Shapes = Mapping[str, tuple[int, ...]]


def require_manifest(path: Path, bundle: Bundle, inputs: Shapes, outputs: Shapes) -> None:
    """Check names and shapes.

    Args:
        path: The model file, for the message.
        bundle: The bundle.
        inputs: Shape of one item by the name of the input, as the file has them.
        outputs: The same of the outputs.

    Raises:
        UnsupportedModelError: They are not those of the manifest.
    """
    expected_inputs = {spec.name: spec.shape for spec in bundle.inputs}
    expected_outputs = {spec.name: spec.shape for spec in bundle.outputs}
    if (inputs, outputs) != (expected_inputs, expected_outputs):
        raise UnsupportedModelError(
            f"{path}: inputs {dict(inputs)} and outputs {dict(outputs)} are not those of the "
            f"manifest, {expected_inputs} and {expected_outputs}; convert the network again"
        )


def bind_single(path: Path, bundle: Bundle, inputs: int, outputs: int) -> tuple[str, str]:
    """Names for the tensors of a file without a signature.

    Returns:
        The name of its one input and of its one output.

    Raises:
        UnsupportedModelError: There are more, and nothing says which is which.
    """
    if (inputs, outputs, len(bundle.inputs), len(bundle.outputs)) != (1, 1, 1, 1):
        raise UnsupportedModelError(
            f"{path}: has no signature, which names {inputs} inputs and {outputs} outputs; "
            "convert the network again"
        )
    return bundle.inputs[0].name, bundle.outputs[0].name
