"""The one view of a network that exporters and the parity gate have: a Keras model with names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from bireid_models.framework import keras

from bireid_converters.errors import ConversionError

_BATCH = 16

Arrays = Mapping[str, np.ndarray]


class NetworkConfig(Protocol):
    """What a network was built from; a dataclass."""

    @property
    def precision(self) -> str:
        """`binary` or `real`."""


class Network(Protocol):
    """A built network of `bireid_models`."""

    @property
    def config(self) -> NetworkConfig:
        """What it was built from."""

    @property
    def model(self) -> Any:
        """Keras functional model with one output or a mapping of named outputs."""


@dataclass(frozen=True)
class NamedModel:
    """A Keras functional model whose inputs and outputs have public names.

    Attributes:
        model: The model.
        inputs: Names of `model.inputs`, in their order.
        outputs: Names of `model.outputs`, in their order.
    """

    model: Any
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    @property
    def input_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of one item by the name of the input."""
        return _shapes(self.inputs, self.model.inputs)

    @property
    def output_shapes(self) -> dict[str, tuple[int, ...]]:
        """Shape of one item by the name of the output."""
        return _shapes(self.outputs, self.model.outputs)

    @property
    def output_layers(self) -> dict[str, str]:
        """Name of the layer that computes an output, by the name of the output."""
        return {
            name: tensor.node.layer.name
            for name, tensor in zip(self.outputs, self.model.outputs, strict=True)
        }

    def run(self, inputs: Arrays) -> dict[str, np.ndarray]:
        """Compute all outputs in inference mode: float32 `(N, ...)` by name."""
        layers = self.output_layers
        results = self.layer_outputs(list(layers.values()), inputs)
        return {name: results[layer] for name, layer in layers.items()}

    def layer_outputs(self, names: Sequence[str], inputs: Arrays) -> dict[str, np.ndarray]:
        """Outputs of layers in inference mode, each `(N, ...)`, by the layer's name."""
        wanted = dict.fromkeys(names)
        inner = keras.Model(
            self.model.inputs, {name: self.model.get_layer(name).output for name in wanted}
        )
        ordered = [inputs[name] for name in self.inputs]
        batches = [
            inner([each[start : start + _BATCH] for each in ordered], training=False)
            for start in range(0, len(ordered[0]), _BATCH)
        ]
        return {
            name: np.concatenate([np.asarray(batch[name]) for batch in batches]) for name in wanted
        }


def named_model(
    network: NamedModel | Any,
    inputs: Sequence[str] | None = None,
    outputs: Sequence[str] | None = None,
) -> NamedModel:
    """Name the inputs and outputs of a network.

    Args:
        network: A network of `bireid_models`, a Keras functional model, or what this function
            returned.
        inputs: Names that its inputs must have; None keeps those of its input layers. A single
            input takes a single name, whatever its layer is called.
        outputs: Names that its outputs must have, in any order: the keys of the mapping that the
            model returns. A model with one output takes a single name. None keeps its keys, or
            the names of its last layers.

    Raises:
        ConversionError: The names are not those of the model.
    """
    if isinstance(network, NamedModel):
        return network
    model = network if isinstance(network, keras.Model) else network.model
    returned = model.output
    # Keras flattens a mapping in the order of its sorted keys.
    own_outputs = sorted(returned) if isinstance(returned, Mapping) else list(model.output_names)
    return NamedModel(
        model,
        _chosen("inputs", list(model.input_names), inputs),
        _chosen("outputs", own_outputs, outputs),
    )


def _chosen(what: str, own: Sequence[str], wanted: Sequence[str] | None) -> tuple[str, ...]:
    if wanted is None or sorted(wanted) == sorted(own):
        return tuple(own)
    if len(wanted) == len(own) == 1:
        return tuple(wanted)
    raise ConversionError(
        f"the {what} of the network are {', '.join(own)}, those asked for {', '.join(wanted)}; "
        "build the Keras model with a mapping of these names"
    )


def _shapes(names: Sequence[str], tensors: Sequence[Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(tensor.shape[1:]) for name, tensor in zip(names, tensors, strict=True)}
