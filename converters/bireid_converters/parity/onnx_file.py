"""An ONNX file under the parity gate."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
import onnx
import onnxruntime
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.onnx_operators import require_known_operators
from onnxruntime.capi import onnxruntime_pybind11_state as errors

from bireid_converters.audit.onnx_file import read_onnx
from bireid_converters.named_model import Arrays
from bireid_converters.parity.converted_file import ConvertedLayer
from bireid_converters.parity.reference import BinaryReference

_BATCH = 16
Engine = Callable[[Mapping[str, np.ndarray]], list[np.ndarray]]
# What ONNX Runtime raises; the classes have no common base but Exception.
_REFUSALS = (
    errors.Fail,
    errors.InvalidArgument,
    errors.InvalidGraph,
    errors.InvalidProtobuf,
    errors.NotImplemented,
    errors.RuntimeException,
)


class OnnxFile:
    """See `ConvertedFile`.

    A binary layer LAYER is what lies between the tensors `LAYER/signs` and `LAYER/sum`; the output
    of an inner layer is the tensor `LAYER/output`.
    """

    # Domain and name of operators beside the standard ones.
    own_operators: ClassVar[frozenset[tuple[str, str]]] = frozenset()

    def __init__(self, data: bytes) -> None:
        require_known_operators(data, "the .onnx file", self.own_operators)
        self._model = read_onnx(data)
        graph = self._model.graph
        self._producers = {name: node for node in graph.node for name in node.output}
        self._constants = {tensor.name: tensor for tensor in graph.initializer}
        self._kernels: dict[str, np.ndarray] = {}

    @property
    def binary_operators(self) -> int:
        """How many layers have signs and a sum."""
        layers = (name.removesuffix("/sum") for name in self._producers if name.endswith("/sum"))
        return sum(f"{layer}/signs" in self._producers for layer in layers)

    def find(self, references: Sequence[BinaryReference]) -> Mapping[str, str]:
        """Find the binary layers by their tensors."""
        missing = {}
        kernels = {}
        for name in (reference.name for reference in references):
            signs, total = self._producers.get(f"{name}/signs"), self._producers.get(f"{name}/sum")
            if signs is None or total is None or total.op_type != "Conv":
                missing[name] = f"the file has no Conv between {name}/signs and {name}/sum"
            else:
                kernels[name] = total.input[1]
        if kernels:
            unpacked = self._run_once(self._extract([], [*kernels.values()]), {})
            self._kernels = dict(zip(kernels, unpacked, strict=True))
        return missing

    def layer(self, name: str) -> ConvertedLayer:
        """A binary layer that was found."""
        signs = np.where(self._kernels[name] >= 0, 1, -1).astype(np.int8).transpose(2, 3, 1, 0)
        multiplier, scaled = self._constant_behind(f"{name}/sum", "Mul")
        bias, _ = self._constant_behind(scaled, "Add")
        out_channels = signs.shape[-1]
        return ConvertedLayer(
            signs=signs,
            multiplier=np.ones(out_channels, np.float32) if multiplier is None else multiplier,
            bias=np.zeros(out_channels, np.float32) if bias is None else bias,
        )

    def sums(self, inputs: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """Integer sums of binary layers that were found, each alone."""
        if not inputs:
            return {}
        part = self._extract(
            [f"{name}/signs" for name in inputs], [f"{name}/sum" for name in inputs]
        )
        feeds = {f"{name}/signs": signs.transpose(0, 3, 1, 2) for name, signs in inputs.items()}
        return {
            name: sums.transpose(0, 2, 3, 1)
            for name, sums in zip(inputs, self._run_once(part, feeds), strict=True)
        }

    def run(self, inputs: Arrays) -> Mapping[str, np.ndarray]:
        """Map float32 (N, ...) by input to float32 (N, ...) by output."""
        names = [each.name for each in self._model.graph.output]
        return dict(zip(names, self._run_batches(self._model, inputs), strict=True))

    def layer_outputs(
        self, layers: Mapping[str, tuple[int, ...]], inputs: Arrays
    ) -> Mapping[str, np.ndarray]:
        """Outputs of inner layers."""
        names = [name for name in layers if f"{name}/output" in self._producers]
        model = onnx.ModelProto()
        model.CopyFrom(self._model)
        infos = {info.name: info for info in model.graph.value_info}
        del model.graph.output[:]
        model.graph.output.extend(infos[f"{name}/output"] for name in names)
        outputs = self._run_batches(model, inputs)
        return {
            name: output.transpose(0, 2, 3, 1) if output.ndim == 4 else output
            for name, output in zip(names, outputs, strict=True)
        }

    def _engine(self, model: Any) -> Engine:
        """Load an `onnx.ModelProto`; what comes back takes any number of items."""
        session = _session(model.SerializeToString())
        return lambda inputs: _run(session, inputs)

    def _run_once(self, model: Any, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
        return self._engine(model)(inputs)

    def _extract(self, inputs: list[str], outputs: list[str]) -> Any:
        return onnx.utils.Extractor(self._model).extract_model(inputs, outputs)

    def _constant_behind(self, tensor: str, operator: str) -> tuple[np.ndarray | None, str]:
        """The constant that the only reader adds or multiplies by, and the result's name."""
        readers = [node for node in self._model.graph.node if tensor in node.input]
        if len(readers) == 1 and readers[0].op_type == operator:
            for name in readers[0].input:
                if name in self._constants:
                    value = onnx.numpy_helper.to_array(self._constants[name])
                    return value.reshape(-1), readers[0].output[0]
        return None, tensor

    def _run_batches(self, model: Any, inputs: Arrays) -> list[np.ndarray]:
        engine = self._engine(model)
        count = len(next(iter(inputs.values())))
        batches = [
            engine({name: each[start : start + _BATCH] for name, each in inputs.items()})
            for start in range(0, count, _BATCH)
        ]
        return [np.concatenate(parts) for parts in zip(*batches, strict=True)]


def _session(data: bytes) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    try:
        return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    except _REFUSALS as error:
        raise UnsupportedModelError(
            f"ONNX Runtime cannot load the .onnx file ({_line(error)}); convert the network again"
        ) from error


def _run(session: Any, inputs: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    try:
        outputs: list[np.ndarray] = session.run(None, dict(inputs))
    except _REFUSALS as error:
        raise UnsupportedModelError(
            f"ONNX Runtime cannot run the .onnx file ({_line(error)}); check the input size of the "
            "network that it was converted from"
        ) from error
    return outputs


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
