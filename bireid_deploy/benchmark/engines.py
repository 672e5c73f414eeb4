"""The engines that `bench` can time, each opened in a process of its own."""

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from bireid_runtime import Bundle
from bireid_runtime.errors import BackendUnavailableError, UnsupportedModelError

Run = Callable[[np.ndarray], Any]


@dataclass(frozen=True)
class Engine:
    """One row of a benchmark.

    Attributes:
        label: What the table calls it.
        kind: `onnx`, `lce`, `lce-default`, `onnxruntime` or `litert`.
        path: A bundle for the first three kinds, a model file for the others.
        bytes: Size of the model file.
        threads: Threads of one call.
        shape: Input (1, H, W, 3).
    """

    label: str
    kind: str
    path: str
    bytes: int
    threads: int
    shape: tuple[int, int, int, int]

    def to_json(self) -> dict[str, Any]:
        """For the worker's command line."""
        return asdict(self)

    def open(self) -> Run:
        """Load the model; returns a function of one float32 image (1, H, W, 3)."""
        return _OPENERS[self.kind](self)


def engines_of(bundle: Bundle, against: tuple[Path, ...], threads: int) -> list[Engine]:
    """The engines for a bundle's own files, and for further files to compare with.

    Args:
        bundle: Bundle.
        against: `.onnx` or `.tflite` files of float or int8 networks with the same input size.
        threads: Threads of one call.

    Raises:
        UnsupportedModelError: A file to compare with is of another kind.
    """
    shape = (1, bundle.preprocess.height, bundle.preprocess.width, 3)
    found = []
    for label, kind, format_name in (
        ("1-bit, ONNX Runtime", "onnx", "onnx"),
        ("1-bit, LCE (indirect)", "lce", "lce"),
        ("1-bit, LCE (default)", "lce-default", "lce"),
    ):
        if format_name in bundle.formats:
            size = bundle.file(format_name).stat().st_size
            found.append(Engine(label, kind, str(bundle.path), size, threads, shape))
    files = [
        (f"{name}, ", bundle.file(name))
        for name in ("float-onnx", "int8")
        if name in bundle.formats
    ]
    for prefix, path in [*files, *((f"{each.name}, ", each) for each in against)]:
        file_kind = {".onnx": "onnxruntime", ".tflite": "litert"}.get(path.suffix)
        if file_kind is None or not path.is_file():
            raise UnsupportedModelError(f"{path}: compare with an existing .onnx or .tflite file")
        label = prefix + {"onnxruntime": "ONNX Runtime", "litert": "LiteRT"}[file_kind]
        found.append(Engine(label, file_kind, str(path), path.stat().st_size, threads, shape))
    return found


def _open_onnx(engine: Engine) -> Run:
    from bireid_runtime.backends.onnx import OnnxSession

    return OnnxSession(Bundle.open(engine.path), engine.threads).run


def _open_lce(engine: Engine) -> Run:
    from bireid_runtime.backends.lce import LceSession

    indirect = engine.kind == "lce"
    bundle = Bundle.open(engine.path)
    return LceSession(bundle, engine.threads, use_indirect_bgemm=indirect).run


def _open_onnxruntime(engine: Engine) -> Run:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = engine.threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(engine.path, options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda image: session.run(None, {name: image})


def _open_litert(engine: Engine) -> Run:
    try:
        from ai_edge_litert.interpreter import Interpreter
    except ImportError as error:
        raise BackendUnavailableError(
            f"LiteRT is not installed ({error}): pip install ai-edge-litert"
        ) from error
    interpreter = Interpreter(engine.path, num_threads=engine.threads)
    interpreter.allocate_tensors()
    index = interpreter.get_input_details()[0]["index"]

    def run(image: np.ndarray) -> None:
        interpreter.set_tensor(index, image)
        interpreter.invoke()

    return run


_OPENERS: dict[str, Callable[[Engine], Run]] = {
    "onnx": _open_onnx,
    "lce": _open_lce,
    "lce-default": _open_lce,
    "onnxruntime": _open_onnxruntime,
    "litert": _open_litert,
}
