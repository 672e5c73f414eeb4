"""The walk over a Keras model that writes its ONNX graph."""

from collections.abc import Mapping
from typing import Any

from bireid_models.framework import keras
from bireid_models.map_layers import ChannelShift
from bireid_models.network import Network

from bireid_converters.keras_graph import keras_model, readers, sources
from bireid_converters.onnx_export.affine import Affine
from bireid_converters.onnx_export.emission import Emission, unsupported
from bireid_converters.onnx_export.graph import OnnxGraph
from bireid_converters.onnx_export.layers import ABSORBING, HANDLERS


def export_onnx(network: Network | Any, *, metadata: Mapping[str, str] | None = None) -> bytes:
    """Convert a binary or real-valued network to ONNX, opset 18, standard operators only.

    Input `image` float32 (batch, H, W, 3), output `embedding` float32 (batch, D), any batch size;
    other Keras models keep the names of their own inputs and outputs. Maps are NCHW inside. The
    result of Keras layer NAME is the tensor `NAME/output`; batch normalisation and a shift behind a
    convolution or a Dense layer are absorbed by it, and the result has the name of the last
    absorbed layer. For binary layers see `bireid_converters.onnx_export.binary`.

    Args:
        network: Network, or any Keras functional model of layers that `layers.HANDLERS` knows.
        metadata: Keys and values for the file's `metadata_props`.

    Returns:
        The bytes of an `.onnx` file.

    Raises:
        UnsupportedModelError: A layer has no ONNX form here; the message names it.
    """
    model = keras_model(network)
    graph = OnnxGraph()
    _Walk(model, graph).run()
    proto = graph.build(
        model.name,
        {layer.name: layer.output_shape[0][1:] for layer in _layers_of(model.inputs)},
        {layer.name: layer.output_shape[1:] for layer in _layers_of(model.outputs)},
        metadata or {},
    )
    serialized: bytes = proto.SerializeToString(deterministic=True)
    return serialized


def _layers_of(tensors: list[Any]) -> list[Any]:
    return [tensor.node.layer for tensor in tensors]


class _Walk:
    """Visits the layers from input to output and remembers the tensor that each one wrote."""

    def __init__(self, model: Any, graph: OnnxGraph) -> None:
        self._model = model
        self._graph = graph
        self._readers = readers(model)
        self._results = {layer.name for layer in _layers_of(model.outputs)}
        self._tensors: dict[str, str] = {}

    def run(self) -> None:
        for layer in self._model.layers:
            if layer.name not in self._tensors:
                self._write(layer)
        for layer in _layers_of(self._model.outputs):
            self._write_result(layer)

    def _write(self, layer: Any) -> None:
        _check_known(layer)
        absorbed = self._affine_layers_behind(layer) if isinstance(layer, ABSORBING) else []
        affine = None
        for each in absorbed:
            following = Affine.of_layer(each)
            affine = following if affine is None else affine.then(following)
        names = [layer.name, *(each.name for each in absorbed)]
        emission = Emission(self._graph, layer, self._inputs(layer), f"{names[-1]}/output", affine)
        self._tensors.update(dict.fromkeys(names, HANDLERS[type(layer)](emission)))

    def _inputs(self, layer: Any) -> list[str]:
        if isinstance(layer, keras.layers.InputLayer):
            return [layer.name]
        return [self._tensors[source.name] for source in sources(layer)]

    def _affine_layers_behind(self, layer: Any) -> list[Any]:
        found: list[Any] = []
        while layer.name not in self._results and len(self._readers[layer.name]) == 1:
            (layer,) = self._readers[layer.name]
            if type(layer) not in (keras.layers.BatchNormalization, ChannelShift):
                break
            found.append(layer)
        return found

    def _write_result(self, layer: Any) -> None:
        tensor = self._tensors[layer.name]
        if len(layer.output_shape) == 4:
            self._graph.node("Transpose", [tensor], layer.name, perm=[0, 2, 3, 1])
        else:
            self._graph.node("Identity", [tensor], layer.name)


def _check_known(layer: Any) -> None:
    activation = getattr(layer, "activation", None)
    if type(layer) not in HANDLERS:
        raise unsupported(layer, f"layers of the kind {type(layer).__name__}")
    if len(layer.inbound_nodes) != 1:
        raise unsupported(layer, "a layer that is called more than once")
    if isinstance(layer, ABSORBING) and activation is not keras.activations.linear:
        raise unsupported(
            layer, f"the activation {getattr(activation, '__name__', activation)!r} inside a layer"
        )
    if isinstance(layer, keras.layers.InputLayer) and (
        len(layer.output_shape[0]) != 4 or None in layer.output_shape[0][1:]
    ):
        raise unsupported(layer, f"an input of shape {layer.output_shape[0]}")
