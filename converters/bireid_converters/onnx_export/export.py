"""The walk over a Keras model that writes its ONNX graph."""

from collections.abc import Mapping
from typing import Any

from bireid_models.framework import keras
from bireid_models.map_layers import ChannelShift

from bireid_converters.keras_graph import readers, sources
from bireid_converters.named_model import NamedModel, named_model
from bireid_converters.onnx_export.affine import Affine
from bireid_converters.onnx_export.emission import Emission, unsupported
from bireid_converters.onnx_export.graph import OnnxGraph
from bireid_converters.onnx_export.layers import ABSORBING, HANDLERS, Handler


def export_onnx(network: NamedModel | Any, *, metadata: Mapping[str, str] | None = None) -> bytes:
    """Convert a binary or real-valued network to ONNX, opset 18, standard operators only.

    Inputs and outputs are float32 (batch, ...) of any batch size and have the names of the network.
    Maps are NHWC there and NCHW inside. The result of Keras layer NAME is the tensor `NAME/output`;
    batch normalisation and a shift behind a convolution or a Dense layer are absorbed by it, and
    the result has the name of the last absorbed layer. For binary layers see
    `bireid_converters.onnx_export.binary`.

    Args:
        network: What `named_model` takes, of layers that `layers.HANDLERS` knows.
        metadata: Keys and values for the file's `metadata_props`.

    Returns:
        The bytes of an `.onnx` file.

    Raises:
        UnsupportedModelError: A layer has no ONNX form here; the message names it.
    """
    proto = write_graph(named_model(network), OnnxGraph(), HANDLERS, metadata or {})
    serialized: bytes = proto.SerializeToString(deterministic=True)
    return serialized


def write_graph(
    network: NamedModel,
    graph: OnnxGraph,
    handlers: Mapping[type, Handler],
    metadata: Mapping[str, str],
) -> Any:
    """Write every layer of a network by its handler.

    Args:
        network: The network.
        graph: An empty graph.
        handlers: By kind of layer.
        metadata: Keys and values for the file's `metadata_props`.

    Returns:
        An `onnx.ModelProto`.

    Raises:
        UnsupportedModelError: A layer has no handler, or its handler refuses it.
    """
    _Walk(network, graph, handlers).run()
    return graph.build(network.model.name, network.input_shapes, network.output_shapes, metadata)


class _Walk:
    """Visits the layers from input to output and remembers the tensor that each one wrote."""

    def __init__(
        self, network: NamedModel, graph: OnnxGraph, handlers: Mapping[type, Handler]
    ) -> None:
        self._model = network.model
        self._graph = graph
        self._handlers = handlers
        self._readers = readers(network.model)
        self._results = network.output_layers
        self._input_names = {
            tensor.node.layer.name: name
            for name, tensor in zip(network.inputs, network.model.inputs, strict=True)
        }
        self._tensors: dict[str, str] = {}

    def run(self) -> None:
        for layer in self._model.layers:
            if layer.name not in self._tensors:
                self._write(layer)
        for name, layer in self._results.items():
            self._write_result(name, self._model.get_layer(layer))

    def _write(self, layer: Any) -> None:
        _check_known(layer, self._handlers)
        absorbed = self._affine_layers_behind(layer) if isinstance(layer, ABSORBING) else []
        affine = None
        for each in absorbed:
            following = Affine.of_layer(each)
            affine = following if affine is None else affine.then(following)
        names = [layer.name, *(each.name for each in absorbed)]
        emission = Emission(self._graph, layer, self._inputs(layer), f"{names[-1]}/output", affine)
        self._tensors.update(dict.fromkeys(names, self._handlers[type(layer)](emission)))

    def _inputs(self, layer: Any) -> list[str]:
        if isinstance(layer, keras.layers.InputLayer):
            return [self._input_names[layer.name]]
        return [self._tensors[source.name] for source in sources(layer)]

    def _affine_layers_behind(self, layer: Any) -> list[Any]:
        found: list[Any] = []
        while layer.name not in self._results.values() and len(self._readers[layer.name]) == 1:
            (layer,) = self._readers[layer.name]
            if type(layer) not in (keras.layers.BatchNormalization, ChannelShift):
                break
            found.append(layer)
        return found

    def _write_result(self, name: str, layer: Any) -> None:
        tensor = self._tensors[layer.name]
        if len(layer.output_shape) == 4:
            self._graph.node("Transpose", [tensor], name, perm=[0, 2, 3, 1])
        else:
            self._graph.node("Identity", [tensor], name)


def _check_known(layer: Any, handlers: Mapping[type, Handler]) -> None:
    activation = getattr(layer, "activation", None)
    if type(layer) not in handlers:
        raise unsupported(layer, f"layers of the kind {type(layer).__name__}")
    if len(layer.inbound_nodes) != 1:
        raise unsupported(layer, "a layer that is called more than once")
    if isinstance(layer, ABSORBING) and activation is not keras.activations.linear:
        raise unsupported(
            layer, f"the activation {getattr(activation, '__name__', activation)!r} inside a layer"
        )
    if isinstance(layer, keras.layers.InputLayer) and (
        len(layer.output_shape[0]) not in (2, 4) or None in layer.output_shape[0][1:]
    ):
        raise unsupported(layer, f"an input of shape {layer.output_shape[0]}")
