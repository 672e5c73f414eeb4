"""The Larq Compute Engine interpreter, without TensorFlow: a reference on a workstation.

The published wheels are for x86-64, where its kernels are not tuned: use it to check numbers, not
speed.
"""

import importlib.util
import struct
import sys
import types
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version

import numpy as np

from bireid_runtime.bundle import Bundle
from bireid_runtime.errors import UnsupportedModelError

_PACKAGE = "larq_compute_engine"


class LceSession:
    """The `lce` file of a bundle, run image by image.

    Args:
        bundle: A bundle with a file of format `lce`.
        threads: Threads of the interpreter, at least 1.
        use_indirect_bgemm: Choose the indirect kernels; several times faster on x86-64 than the
            default ones, with equal results.

    Raises:
        UnsupportedModelError: The interpreter refuses the file, or its tensors differ from the
            manifest.
        ImportError: The package is not installed.
    """

    def __init__(self, bundle: Bundle, threads: int, use_indirect_bgemm: bool = True) -> None:
        path = bundle.file("lce")
        flatbuffer = path.read_bytes()
        try:
            with _package_without_init():
                from larq_compute_engine.mlir.python import tflite_schema
                from larq_compute_engine.tflite.python.interpreter import Interpreter

                # The interpreter checks no bounds and would crash on a damaged file.
                tflite_schema.ModelT.InitFromPackedBuf(bytearray(flatbuffer), 0)
                self._interpreter = Interpreter(
                    flatbuffer, num_threads=threads, use_indirect_bgemm=use_indirect_bgemm
                )
        except (RuntimeError, ValueError, TypeError, IndexError, struct.error) as error:
            reason = " ".join(str(error).split())
            raise UnsupportedModelError(f"{path}: the interpreter refuses it: {reason}") from error
        self._kernels = "indirect BGEMM" if use_indirect_bgemm else "default BGEMM"
        expected = (bundle.preprocess.height, bundle.preprocess.width, 3)
        inputs = [tuple(shape)[1:] for shape in self._interpreter.input_shapes]
        outputs = [tuple(shape)[1:] for shape in self._interpreter.output_shapes]
        if inputs != [expected] or outputs != [(bundle.embedding_dim,)]:
            raise UnsupportedModelError(
                f"{path}: inputs {inputs} and outputs {outputs} are not those of the manifest"
            )

    def run(self, images: np.ndarray) -> np.ndarray:
        """Map float32 images `(N, H, W, 3)` to embeddings `(N, D)`."""
        return self._interpreter.predict(images)

    def describe(self) -> str:
        """Name the engine, its version and its kernels."""
        return f"larq-compute-engine {version('larq-compute-engine')} ({self._kernels})"


@contextmanager
def _package_without_init() -> Iterator[None]:
    """Make the package's modules importable without its `__init__`, which loads TensorFlow.

    The stand-in is taken away afterwards, so that a later `import larq_compute_engine` gets the
    whole package.
    """
    if _PACKAGE in sys.modules:
        yield
        return
    spec = importlib.util.find_spec(_PACKAGE)
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(f"No module named '{_PACKAGE}'", name=_PACKAGE)
    package = types.ModuleType(_PACKAGE)
    package.__path__ = list(spec.submodule_search_locations)
    sys.modules[_PACKAGE] = package
    try:
        yield
    finally:
        del sys.modules[_PACKAGE]
