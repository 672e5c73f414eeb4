"""An ONNX graph under construction."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

import numpy as np
import onnx

OPSET = 18  # the first with BitwiseAnd, which unpacks the 1-bit weights
IR_VERSION = 8  # what opset 18 came with: the oldest runtimes that know the operators can load it


class OnnxGraph:
    """Nodes and initialisers, added in the order of computation.

    Args:
        batch: Items of a call; None leaves the number open.
        domains: Version of every set of operators beside the standard one, by its domain.
    """

    def __init__(self, batch: int | None = None, domains: Mapping[str, int] | None = None) -> None:
        self._batch = "batch" if batch is None else batch
        self._domains = domains or {}
        self._nodes: list[Any] = []
        self._initializers: dict[str, Any] = {}
        self._shapes: list[Any] = []

    def constant(self, name: str, value: np.ndarray | np.generic) -> str:
        """Add an initialiser, unless this name has one already, and return its name."""
        if name not in self._initializers:
            self._initializers[name] = onnx.numpy_helper.from_array(np.asarray(value), name)
        return name

    def node(self, operator: str, inputs: Sequence[str], output: str, **attributes: Any) -> str:
        """Add a node with one output and return the name of that output."""
        self._nodes.append(
            onnx.helper.make_node(operator, inputs, [output], name=output, **attributes)
        )
        return output

    def declare(self, tensor: str, shape: Sequence[int]) -> None:
        """State the shape of a float32 tensor that no standard operator writes."""
        self._shapes.append(
            onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, shape)
        )

    def build(
        self,
        name: str,
        inputs: Mapping[str, Sequence[int]],
        outputs: Mapping[str, Sequence[int]],
        metadata: Mapping[str, str],
    ) -> Any:
        """The finished model.

        Args:
            name: Name of the graph.
            inputs: Name and shape without the batch dimension, float32.
            outputs: The same of the outputs.
            metadata: What goes into `metadata_props`.

        Returns:
            An `onnx.ModelProto`.
        """
        graph = onnx.helper.make_graph(
            self._nodes,
            name,
            [self._tensor(*item) for item in inputs.items()],
            [self._tensor(*item) for item in outputs.items()],
            list(self._initializers.values()),
            value_info=self._shapes,
        )
        model = onnx.helper.make_model(
            graph,
            opset_imports=[
                onnx.helper.make_opsetid(*each) for each in (("", OPSET), *self._domains.items())
            ],
            ir_version=IR_VERSION,
            producer_name="bireid-deploy",
            producer_version=version("bireid-deploy"),
        )
        onnx.helper.set_model_props(model, dict(metadata))
        return model

    def _tensor(self, name: str, shape: Sequence[int]) -> Any:
        sizes = [self._batch, *shape]
        return onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, sizes)
