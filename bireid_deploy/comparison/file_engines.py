"""Engines for those files of a bundle that the runtime has no back end for.

They hold real-valued or 8-bit networks: what a 1-bit one is compared with.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from bireid_runtime import Bundle
from bireid_runtime.backends import EngineSession
from bireid_runtime.errors import UnsupportedModelError


class OnnxFile:
    """An ONNX file of a bundle, run by ONNX Runtime.

    Args:
        bundle: The bundle.
        path: Its file.
        data: The file's bytes, as the bundle hashed them.
        threads: Threads within one operator.

    Raises:
        UnsupportedModelError: ONNX Runtime refuses the file.
    """

    def __init__(self, bundle: Bundle, path: Path, data: bytes, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        options.log_severity_level = 3
        self._path = path
        self._outputs = [spec.name for spec in bundle.outputs]
        # Exceptions of ONNX Runtime share no base class below Exception.
        try:
            self._session = onnxruntime.InferenceSession(
                data, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise UnsupportedModelError(f"{path}: ONNX Runtime refuses it: {error}") from error

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """See `EngineSession.run`."""
        try:
            found = self._session.run(self._outputs, dict(inputs))
        except Exception as error:
            raise UnsupportedModelError(
                f"{self._path}: ONNX Runtime cannot run it: {error}"
            ) from error
        return dict(zip(self._outputs, found, strict=True))

    def describe(self) -> str:
        """ONNX Runtime and its version."""
        import onnxruntime

        return f"onnxruntime {onnxruntime.__version__}"


class TfliteFile:
    """A TensorFlow Lite file of built-in operators, run by LiteRT, item by item.

    Args:
        bundle: The bundle.
        path: Its file.
        data: The file's bytes, as the bundle hashed them.
        threads: Threads of one call.

    Raises:
        UnsupportedModelError: LiteRT refuses the file, or it has another signature.
    """

    def __init__(self, bundle: Bundle, path: Path, data: bytes, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        try:
            self._interpreter = Interpreter(model_content=data, num_threads=threads)
            self._interpreter.allocate_tensors()
            self._runner: Any = self._interpreter.get_signature_runner("serving_default")
        except (ValueError, RuntimeError) as error:
            raise UnsupportedModelError(f"{path}: LiteRT refuses it: {error}") from error
        expected = {spec.name for spec in bundle.outputs}
        if set(self._runner.get_output_details()) != expected:
            raise UnsupportedModelError(
                f"{path}: its outputs are not those of the manifest, {', '.join(sorted(expected))}"
            )

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """See `EngineSession.run`."""
        count = len(next(iter(inputs.values())))
        rows = [
            self._runner(**{name: value[row : row + 1] for name, value in inputs.items()})
            for row in range(count)
        ]
        return {name: np.concatenate([row[name] for row in rows]) for name in rows[0]}

    def describe(self) -> str:
        """LiteRT and its version."""
        from importlib.metadata import version

        return f"ai-edge-litert {version('ai-edge-litert')}"


_Opener = Callable[[Bundle, Path, bytes, int], EngineSession]

# By suffix: what tables call the engine, and the engine.
FILE_ENGINES: dict[str, tuple[str, _Opener]] = {
    ".onnx": ("ONNX Runtime", OnnxFile),
    ".tflite": ("LiteRT", TfliteFile),
}
