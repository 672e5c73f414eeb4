"""Engines for those files of a bundle that the runtime has no back end for.

They hold real-valued or 8-bit networks: what a 1-bit one is compared with.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from bireid_runtime import Bundle
from bireid_runtime.backends import EngineSession
from bireid_runtime.errors import UnsupportedModelError


def _open_onnx(bundle: Bundle, format: str, threads: int) -> EngineSession:
    from bireid_runtime.backends.onnx import OnnxSession

    return OnnxSession(bundle, threads, format=format)


class TfliteFile:
    """A TensorFlow Lite file of built-in operators, run by LiteRT, item by item.

    Args:
        bundle: The bundle.
        format: Which of its files.
        threads: Threads of one call.

    Raises:
        UnsupportedModelError: LiteRT refuses the file, or it has another signature.
    """

    def __init__(self, bundle: Bundle, format: str, threads: int) -> None:
        from ai_edge_litert.interpreter import Interpreter

        path, data = bundle.file(format), bundle.read(format)
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


_Opener = Callable[[Bundle, str, int], EngineSession]

# By suffix: what tables call the engine, and the engine.
FILE_ENGINES: dict[str, tuple[str, _Opener]] = {
    ".onnx": ("ONNX Runtime", _open_onnx),
    ".tflite": ("LiteRT", TfliteFile),
}
