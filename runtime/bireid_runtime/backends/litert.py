"""LiteRT with the delegate of this package, which runs the 1-bit operators that LiteRT lacks."""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import version
from pathlib import Path
from queue import SimpleQueue

import numpy as np
from ai_edge_litert.interpreter import Interpreter, load_delegate

from bireid_runtime import native_library
from bireid_runtime.bundle import Bundle
from bireid_runtime.errors import ArgumentError, UnsupportedModelError


class LitertSession:
    """The `lce` file of a bundle, run by LiteRT and the native delegate.

    One image uses `threads` threads; of several, each has one thread and they run side by side.
    The embeddings are the same. One call at a time.

    Args:
        bundle: A bundle with a file of format `lce`.
        threads: Threads that one call may use, 1 to 256.
        fuse: `"backbone"`: the delegate runs the convolutional part; `"none"`: it runs the LCE
            operators alone, LiteRT the others.
        isa: Instruction set of the delegate: `"auto"` or one that `native_library.isa` knows.
        profile: File for the time of every step of the delegate, written as JSON when the session
            goes: a list of `{"name", "runs", "nanoseconds", "fastest_nanoseconds"}`. Images then
            run one by one.
        stem: `"float32"`, or `"uint8"`: the first convolution goes back to the 8-bit pixels and
            runs in integers, with weights of 16 bits. Embeddings then differ by that rounding,
            which turns a sign now and then. Needs `fuse="backbone"`.

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
    ) -> None:
        self._isa = native_library.isa(isa)
        self._path = bundle.file("lce")
        self._flatbuffer = self._path.read_bytes()
        self._image_shape = (bundle.preprocess.height, bundle.preprocess.width, 3)
        self._embedding_dim = bundle.embedding_dim
        self._stem = stem
        self._options = {"fuse": fuse, "isa": isa, "stem": stem}
        if stem == "uint8":
            self._options["pixel_mean"] = _numbers(bundle.preprocess.mean)
            self._options["pixel_std"] = _numbers(bundle.preprocess.std)
        self._threads = threads
        self._side_by_side = threads > 1 and profile is None
        self._network = self._open_network(
            threads, {} if profile is None else {"profile": os.fspath(profile)}
        )
        self._executor: ThreadPoolExecutor | None = None
        self._idle: SimpleQueue[_Network] = SimpleQueue()

    def run(self, images: np.ndarray) -> np.ndarray:
        """Map float32 images `(N, H, W, 3)` to embeddings `(N, D)`."""
        if images.shape[1:] != self._image_shape:
            raise UnsupportedModelError(
                f"{self._path}: LiteRT cannot run it on {images.shape}, only on "
                f"(N, {', '.join(map(str, self._image_shape))})"
            )
        if len(images) == 1 or not self._side_by_side:
            return np.concatenate([self._network.run(image) for image in images])
        if self._executor is None:
            for _ in range(self._threads):
                self._idle.put(self._open_network(1, {}))
            self._executor = ThreadPoolExecutor(self._threads)
        return np.concatenate(list(self._executor.map(self._run_on_idle, images)))

    def describe(self) -> str:
        """Name LiteRT, the native library, its instruction set and a stem that is not float32."""
        litert = f"ai-edge-litert {version('ai-edge-litert')}"
        stem = "" if self._stem == "float32" else f", {self._stem} stem"
        return f"{litert} + bireid {native_library.version()} ({self._isa}{stem})"

    def _run_on_idle(self, image: np.ndarray) -> np.ndarray:
        network = self._idle.get()
        try:
            return network.run(image)
        finally:
            self._idle.put(network)

    def _open_network(self, threads: int, options: dict[str, str]) -> "_Network":
        network = _Network(self._path, self._flatbuffer, threads, {**self._options, **options})
        if (network.input_shape, network.output_shape) != (
            (1, *self._image_shape),
            (1, self._embedding_dim),
        ):
            raise UnsupportedModelError(
                f"{self._path}: input {network.input_shape} and output {network.output_shape} "
                "are not those of the manifest"
            )
        return network


def open_uint8_stem(bundle: Bundle, threads: int) -> LitertSession:
    """Open `LitertSession` with `stem="uint8"`, as a back end of its own."""
    return LitertSession(bundle, threads, stem="uint8")


class _Network:
    """One interpreter with its delegate, for one image at a time."""

    def __init__(
        self, path: Path, flatbuffer: bytes, threads: int, options: dict[str, str]
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
            inputs = self._interpreter.get_input_details()
            outputs = self._interpreter.get_output_details()
        except (ValueError, RuntimeError) as error:
            raise UnsupportedModelError(f"{path}: LiteRT refuses it: {_line(error)}") from error
        if [tensor["dtype"] for tensor in (*inputs, *outputs)] != [np.float32, np.float32]:
            raise UnsupportedModelError(f"{path}: not a model from one float32 tensor to another")
        self._input, self._output = inputs[0]["index"], outputs[0]["index"]
        self.input_shape = tuple(map(int, inputs[0]["shape"]))
        self.output_shape = tuple(map(int, outputs[0]["shape"]))

    def run(self, image: np.ndarray) -> np.ndarray:
        """Map one image `(H, W, 3)` to its embedding `(1, D)`."""
        try:
            self._interpreter.set_tensor(self._input, image[np.newaxis])
            self._interpreter.invoke()
            return self._interpreter.get_tensor(self._output)
        except (ValueError, RuntimeError) as error:
            raise UnsupportedModelError(
                f"{self._path}: LiteRT cannot run it: {_line(error)}"
            ) from error


def _numbers(values: Sequence[float]) -> str:
    """The float32 numbers that `normalize` computes with, as text that reads back equal."""
    return ",".join(repr(float(np.float32(value))) for value in values)


def _line(error: Exception) -> str:
    return " ".join(str(error).split())
