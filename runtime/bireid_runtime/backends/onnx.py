"""ONNX Runtime, on the CPU."""

from collections.abc import Mapping

import numpy as np
import onnxruntime

from bireid_runtime.backends import ONNX_FORMATS
from bireid_runtime.bundle import Bundle
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.onnx_operators import require_known_operators

_ERRORS_ONLY = 3


class OnnxSession:
    """An ONNX file of a bundle, run by ONNX Runtime.

    Args:
        bundle: A bundle with a file of that format.
        threads: Threads within one operator, at least 1.
        camera: Whose numbers go into the file; None runs it as it is.
        format: Which file: `onnx`, or `float-onnx`, the real-valued counterpart. None takes the
            first that is there.

    Raises:
        UnsupportedModelError: ONNX Runtime refuses the file, it holds operators that may run for
            ever or take any memory, or it lacks an input or output that the manifest names.
    """

    def __init__(
        self, bundle: Bundle, threads: int, camera: str | None = None, format: str | None = None
    ) -> None:
        format = format or bundle.first_format(ONNX_FORMATS)
        self._path = path = bundle.file(format)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = _ERRORS_ONLY
        data = bundle.read(format, camera)
        require_known_operators(data, str(path))
        try:
            self._session = onnxruntime.InferenceSession(
                data, options, providers=["CPUExecutionProvider"]
            )
        # Its exceptions share no base class below Exception.
        except Exception as error:
            raise UnsupportedModelError(f"{path}: ONNX Runtime refuses it: {error}") from error
        self._outputs = [spec.name for spec in bundle.outputs]
        expected = [spec.name for spec in bundle.inputs]
        inputs = [tensor.name for tensor in self._session.get_inputs()]
        outputs = [tensor.name for tensor in self._session.get_outputs()]
        if sorted(inputs) != sorted(expected) or not set(self._outputs) <= set(outputs):
            raise UnsupportedModelError(
                f"{path}: inputs {inputs} and outputs {outputs} are not those of the manifest, "
                f"{expected} and {self._outputs}"
            )

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """See `EngineSession.run`."""
        try:
            results = self._session.run(self._outputs, dict(inputs))
        except Exception as error:
            shapes = {name: value.shape for name, value in inputs.items()}
            raise UnsupportedModelError(
                f"{self._path}: ONNX Runtime cannot run it on {shapes}: {error}"
            ) from error
        return dict(zip(self._outputs, results, strict=True))

    def describe(self) -> str:
        """Name the engine and its version."""
        return f"onnxruntime {onnxruntime.__version__}"
