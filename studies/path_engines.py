"""One engine of studies/path_speed.py, in a process of its own.

Started as `python studies/path_engines.py ROW`, a `Row` as JSON; held_engine.py says what it
answers. Of itself it says the version and the level of the CPU that it may use, or `error`.
"""

import json
import os
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
from bireid_runtime.errors import BireidError
from held_engine import answer

NATIVE = "native"


@dataclass(frozen=True)
class Row:
    """What one process times.

    Attributes:
        label: What the table calls it.
        kind: `native`, `onnxruntime`, `litert`, `ncnn`, or a key of `openvino_engine.SETTINGS`.
        path: Bundle, or model file.
        shape: (height, width, channels) of an image.
        batch: Images of a call.
        isa: Path of the native library.
        stem: Its first convolution.
    """

    label: str
    kind: str
    path: str
    shape: tuple[int, ...]
    batch: int = 1
    isa: str = ""
    stem: str = "float32"

    def to_json(self) -> str:
        """For the command line."""
        return json.dumps(asdict(self))


def _open(row: Row) -> tuple[Callable[[], object], str, str]:
    """What a call does, the engine's version, and the CPU's level if not all there is."""
    from bireid_deploy.benchmark.cpu_features import of_native_path
    from bireid_deploy.benchmark.file_engines import load_litert, load_onnxruntime
    from bireid_deploy.benchmark.ncnn_engine import load_ncnn
    from bireid_deploy.benchmark.openvino_engine import load_openvino

    if row.kind == NATIVE:
        from bireid_runtime import Bundle
        from bireid_runtime.backends.native import NativeSession
        from bireid_runtime.preprocess import normalize

        bundle = Bundle.open(row.path)
        (spec,) = bundle.inputs
        assert spec.preprocess is not None
        pixels = np.random.default_rng(0).integers(256, size=(row.batch, *row.shape))
        items = {spec.name: normalize(pixels.astype(np.uint8), spec.preprocess)}
        session = NativeSession(bundle, 1, isa=row.isa, stem=row.stem)
        described = session.describe()
        return lambda: session.run(items), described, of_native_path(described)
    if row.kind == "litert":
        loaded = load_litert(row.path, row.shape, 1)
    elif row.kind == "onnxruntime":
        loaded = load_onnxruntime(row.path, row.shape, 1)
    elif row.kind == "ncnn":
        loaded = load_ncnn(row.path, row.shape, 1)
    else:
        loaded = load_openvino(row.path, row.kind, row.shape, 1, row.batch)
    return lambda: loaded.run(loaded.feeds), loaded.version, loaded.features


def _main(argument: str) -> None:
    # Some engines print; what they print must not stand between the answers.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    fields = json.loads(argument)
    row = Row(**{**fields, "shape": tuple(fields["shape"])})
    from bireid_deploy.benchmark.cpu_features import cpu_flags, strongest

    try:
        call, version, features = _open(row)
    except BireidError as error:
        print(json.dumps({"error": str(error)}), file=answers, flush=True)
        return
    call()
    start = {"version": version, "cpu_features": features or strongest(cpu_flags())}
    answer(call, start, answers)


if __name__ == "__main__":
    _main(sys.argv[1])
