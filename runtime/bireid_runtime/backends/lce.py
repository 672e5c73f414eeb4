"""The Larq Compute Engine interpreter, without TensorFlow: a reference on a workstation.

The published wheels are for x86-64, where its kernels are not tuned: use it to check numbers, not
speed.
"""

import importlib.util
import struct
import sys
import types
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

import numpy as np

from bireid_runtime.backends import TFLITE_FORMATS
from bireid_runtime.backends.binding import bind_single, require_manifest
from bireid_runtime.bundle import Bundle
from bireid_runtime.errors import UnsupportedModelError

_PACKAGE = "larq_compute_engine"


class LceSession:
    """The TFLite file of a bundle, 1-bit or real-valued, run item by item.

    Args:
        bundle: A bundle with a file of format `lce` or `float`.
        threads: Threads of the interpreter, at least 1.
        use_indirect_bgemm: Choose the indirect kernels; several times faster on x86-64 than the
            default ones, with equal results.
        camera: Whose numbers go into the file; None runs it as it is.

    Raises:
        UnsupportedModelError: The interpreter refuses the file, or its tensors differ from the
            manifest.
        ImportError: The package is not installed.
    """

    def __init__(
        self,
        bundle: Bundle,
        threads: int,
        use_indirect_bgemm: bool = True,
        camera: str | None = None,
    ) -> None:
        format = bundle.first_format(TFLITE_FORMATS)
        self._path = path = bundle.file(format)
        flatbuffer = bundle.read(format, camera)
        try:
            with _package_without_init():
                from larq_compute_engine.mlir.python import tflite_schema
                from larq_compute_engine.tflite.python.interpreter import Interpreter

                # The interpreter checks no bounds and would crash on a damaged file.
                model = tflite_schema.ModelT.InitFromPackedBuf(bytearray(flatbuffer), 0)
                self._inputs, self._outputs = self._names(bundle, model)
                self._interpreter = Interpreter(
                    flatbuffer, num_threads=threads, use_indirect_bgemm=use_indirect_bgemm
                )
        except (RuntimeError, ValueError, TypeError, IndexError, struct.error) as error:
            reason = " ".join(str(error).split())
            raise UnsupportedModelError(f"{path}: the interpreter refuses it: {reason}") from error
        self._kernels = "indirect BGEMM" if use_indirect_bgemm else "default BGEMM"
        require_manifest(
            path,
            bundle,
            _shapes(self._inputs, self._interpreter.input_shapes),
            _shapes(self._outputs, self._interpreter.output_shapes),
        )

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """See `EngineSession.run`; the items run one after the other."""
        ordered = [inputs[name] for name in self._inputs]
        results = self._interpreter.predict(ordered if len(ordered) > 1 else ordered[0])
        results = results if isinstance(results, list) else [results]
        return dict(zip(self._outputs, results, strict=True))

    def _names(self, bundle: Bundle, model: Any) -> tuple[list[str], list[str]]:
        """Names of inputs and outputs, in the order of the file."""
        graph = model.subgraphs[0]
        signature = _signature(model)
        if signature is None:
            names = bind_single(self._path, bundle, len(graph.inputs), len(graph.outputs))
            return [names[0]], [names[1]]
        return (
            _ordered(signature.inputs, graph.inputs),
            _ordered(signature.outputs, graph.outputs),
        )

    def describe(self) -> str:
        """Name the engine, its version and its kernels."""
        return f"larq-compute-engine {version('larq-compute-engine')} ({self._kernels})"


def _signature(model: Any) -> Any:
    """The signature `serving_default`, or the only one, or None."""
    signatures = model.signatureDefs or []
    for each in signatures:
        if each.signatureKey == b"serving_default":
            return each
    return signatures[0] if len(signatures) == 1 else None


def _ordered(entries: Sequence[Any], tensors: Sequence[int]) -> list[str]:
    """The names that a signature gives to tensors of the graph.

    Raises:
        ValueError: A tensor has no name.
    """
    names = {entry.tensorIndex: entry.name.decode() for entry in entries}
    if missing := [int(tensor) for tensor in tensors if tensor not in names]:
        raise ValueError(f"the signature does not name tensor {missing[0]}")
    return [names[tensor] for tensor in tensors]


def _shapes(names: Sequence[str], shapes: Sequence[Sequence[int]]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(map(int, shape))[1:] for name, shape in zip(names, shapes, strict=True)}


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
