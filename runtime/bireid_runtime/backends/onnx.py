"""ONNX Runtime, on the CPU."""

import numpy as np
import onnxruntime

from bireid_runtime.bundle import Bundle
from bireid_runtime.errors import UnsupportedModelError

_ERRORS_ONLY = 3


class OnnxSession:
    """The `onnx` file of a bundle, run by ONNX Runtime.

    Args:
        bundle: A bundle with a file of format `onnx`.
        threads: Threads within one operator, at least 1.

    Raises:
        UnsupportedModelError: ONNX Runtime refuses the file, or it lacks the input or output that
            the manifest names.
    """

    def __init__(self, bundle: Bundle, threads: int) -> None:
        self._path = path = bundle.file("onnx")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.log_severity_level = _ERRORS_ONLY
        try:
            self._session = onnxruntime.InferenceSession(
                str(path), options, providers=["CPUExecutionProvider"]
            )
        # Its exceptions share no base class below Exception.
        except Exception as error:
            raise UnsupportedModelError(f"{path}: ONNX Runtime refuses it: {error}") from error
        self._input, self._output = bundle.input_name, bundle.output_name
        inputs = [tensor.name for tensor in self._session.get_inputs()]
        outputs = [tensor.name for tensor in self._session.get_outputs()]
        if inputs != [self._input] or self._output not in outputs:
            raise UnsupportedModelError(
                f"{path}: inputs {inputs} and outputs {outputs} are not those of the manifest "
                f"('{self._input}', '{self._output}')"
            )

    def run(self, images: np.ndarray) -> np.ndarray:
        """Map float32 images `(N, H, W, 3)` to embeddings `(N, D)`."""
        try:
            return self._session.run([self._output], {self._input: images})[0]
        except Exception as error:
            raise UnsupportedModelError(
                f"{self._path}: ONNX Runtime cannot run it on {images.shape}: {error}"
            ) from error

    def describe(self) -> str:
        """Name the engine and its version."""
        return f"onnxruntime {onnxruntime.__version__}"
