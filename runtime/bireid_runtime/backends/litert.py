"""LiteRT with the delegate of this package, which runs the 1-bit operators that LiteRT lacks."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter, load_delegate

from bireid_runtime import native_library
from bireid_runtime.backends import TFLITE_FORMATS
from bireid_runtime.backends.binding import bind_single, require_manifest
from bireid_runtime.bundle import Bundle
from bireid_runtime.errors import ArgumentError, UnsupportedModelError

_SIGNATURE = "serving_default"


class LitertSession:
    """The TFLite file of a bundle, 1-bit or real-valued, run by LiteRT and the native delegate.

    One item uses `threads` threads; of several, each has one thread and they run side by side.
    The outputs are the same. One call at a time.

    Args:
        bundle: A bundle with a file of format `lce` or `float`.
        threads: Threads that one call may use, 1 to 64.
        fuse: `"backbone"`: the delegate runs the convolutional part; `"none"`: it runs the LCE
            operators alone, LiteRT the others.
        isa: Instruction set of the delegate: `"auto"` or one that `native_library.isa` knows.
        profile: File for the time of every step of the delegate, written as JSON when the session
            goes: a list of `{"name", "runs", "nanoseconds", "fastest_nanoseconds"}`. Items then
            run one by one.
        stem: `"float32"`, or `"uint8"`: the first convolution goes back to the 8-bit pixels and
            runs in integers, with weights of 16 bits. Outputs then differ by that rounding,
            which turns a sign now and then. Needs `fuse="backbone"`.
        camera: Whose numbers go into the file; None runs it as it is.

    Raises:
        ArgumentError: A bad option.
        BackendUnavailableError: The native library is missing or cannot be loaded.
        UnsupportedModelError: LiteRT or the delegate refuses the file, or its tensors differ from
            the manifest. `run` raises it too, with `stem="uint8"` for an image that was not
            normalised from 8 bits as the bundle says.
    """

    def __init__(
        self,
        bundle: Bundle,
        threads: int,
        fuse: str = "backbone",
        isa: str = "auto",
        profile: str | os.PathLike[str] | None = None,
        stem: str = "float32",
        camera: str | None = None,
    ) -> None:
        self._isa = native_library.isa(isa)
        self._bundle = bundle
        format = bundle.first_format(TFLITE_FORMATS)
        self._path = bundle.file(format)
        self._flatbuffer = bundle.read(format, camera)
        self._stem = stem
        self._options = {"fuse": fuse, "isa": isa, "stem": stem}
        if stem == "uint8":
            spec = bundle.preprocess
            self._options["pixel_mean"] = _numbers(spec.mean)
            self._options["pixel_std"] = _numbers(spec.std)
        self._threads = threads
        self._side_by_side = threads > 1 and profile is None
        self._network = self._open_network(
            threads, {} if profile is None else {"profile": os.fspath(profile)}
        )
        self._executor: ThreadPoolExecutor | None = None
        self._idle: SimpleQueue[_Network] = SimpleQueue()

    def run(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """See `EngineSession.run`."""
        count = len(next(iter(inputs.values())))
        items = [{name: rows[index] for name, rows in inputs.items()} for index in range(count)]
        if count == 1 or not self._side_by_side:
            results = [self._network.run(item) for item in items]
        else:
            results = list(self._pool().map(self._run_on_idle, items))
        return {
            spec.name: np.concatenate([result[spec.name] for result in results])
            for spec in self._bundle.outputs
        }

    def describe(self) -> str:
        """Name LiteRT, the native library, its instruction set and a stem that is not float32."""
        litert = f"ai-edge-litert {version('ai-edge-litert')}"
        stem = "" if self._stem == "float32" else f", {self._stem} stem"
        return f"{litert} + bireid {native_library.version()} ({self._isa}{stem})"

    def _pool(self) -> ThreadPoolExecutor:
        if self._executor is None:
            for _ in range(self._threads):
                self._idle.put(self._open_network(1, {}))
            self._executor = ThreadPoolExecutor(self._threads)
        return self._executor

    def _run_on_idle(self, item: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        network = self._idle.get()
        try:
            return network.run(item)
        finally:
            self._idle.put(network)

    def _open_network(self, threads: int, options: dict[str, str]) -> "_Network":
        return _Network(
            self._bundle, self._path, self._flatbuffer, threads, {**self._options, **options}
        )


def open_uint8_stem(bundle: Bundle, threads: int, camera: str | None = None) -> LitertSession:
    """Open `LitertSession` with `stem="uint8"`, as a back end of its own."""
    return LitertSession(bundle, threads, stem="uint8", camera=camera)


class _Network:
    """One interpreter with its delegate, for one item at a time."""

    def __init__(
        self,
        bundle: Bundle,
        path: Path,
        flatbuffer: bytes,
        threads: int,
        options: dict[str, str],
    ) -> None:
        self._path = path
        try:
            delegate = load_delegate(
                native_library.delegate_path(), {**options, "threads": str(threads)}
            )
        except ValueError as error:
            raise ArgumentError(str(error).splitlines()[-1]) from error
        try:
            # Of a model in memory LiteRT checks every offset, of one in a file it checks none.
            self._interpreter = Interpreter(
                model_content=flatbuffer, experimental_delegates=[delegate], num_threads=threads
            )
            self._interpreter.allocate_tensors()
            inputs, outputs = self._details(bundle)
        except (ValueError, RuntimeError) as error:
            raise UnsupportedModelError(f"{path}: LiteRT refuses it: {_line(error)}") from error
        if any(each["dtype"] != np.float32 for each in (*inputs.values(), *outputs.values())):
            raise UnsupportedModelError(f"{path}: not a model of float32 inputs and outputs")
        require_manifest(path, bundle, _shapes(inputs), _shapes(outputs))
        self._inputs = {name: each["index"] for name, each in inputs.items()}
        self._outputs = {name: each["index"] for name, each in outputs.items()}

    def run(self, item: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Map one item, float32 by input without a batch, to float32 `(1, ...)` by output."""
        try:
            for name, index in self._inputs.items():
                self._interpreter.set_tensor(index, item[name][np.newaxis])
            self._interpreter.invoke()
            return {
                name: self._interpreter.get_tensor(index) for name, index in self._outputs.items()
            }
        except (ValueError, RuntimeError) as error:
            raise UnsupportedModelError(
                f"{self._path}: LiteRT cannot run it: {_line(error)}"
            ) from error

    def _details(self, bundle: Bundle) -> tuple[dict[str, Any], dict[str, Any]]:
        """What LiteRT tells of inputs and outputs, by the names of the signature."""
        signatures = list(self._interpreter.get_signature_list())
        if _SIGNATURE in signatures or len(signatures) == 1:
            key = _SIGNATURE if _SIGNATURE in signatures else signatures[0]
            runner = self._interpreter.get_signature_runner(key)
            return runner.get_input_details(), runner.get_output_details()
        inputs = self._interpreter.get_input_details()
        outputs = self._interpreter.get_output_details()
        input_name, output_name = bind_single(self._path, bundle, len(inputs), len(outputs))
        return {input_name: inputs[0]}, {output_name: outputs[0]}


def _shapes(details: Mapping[str, Any]) -> dict[str, tuple[int, ...]]:
    return {name: tuple(map(int, each["shape"]))[1:] for name, each in details.items()}


def _numbers(values: Sequence[float]) -> str:
    """The float32 numbers that `normalize` computes with, as text that reads back equal."""
    return ",".join(repr(float(np.float32(value))) for value in values)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
