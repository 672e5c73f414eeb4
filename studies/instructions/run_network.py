"""Run a network on one thread between two marks, for count.py.

Arguments: MODEL [FUSE]; with FUSE, LiteRT has the delegate of bireid-runtime with that option.
Where MODEL is a bundle, the engine of bireid-runtime runs it, without LiteRT. It imports nothing
that the emulated machine lacks.
"""

import os
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np


def open_bundle(path: str) -> Callable[[], object]:
    """Make a function that runs a bundle on the engine."""
    from bireid_runtime import Bundle
    from bireid_runtime.backends.native import NativeSession

    bundle = Bundle.open(path)
    session = NativeSession(bundle, threads=1)
    shape = (1, bundle.preprocess.height, bundle.preprocess.width, 3)
    image = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    return lambda: session.run({bundle.image_input.name: image})


def open_model(path: str, fuse: list[str]) -> Callable[[], object]:
    """Make a function that runs a .tflite file in LiteRT."""
    from ai_edge_litert.interpreter import Interpreter, load_delegate

    delegates = []
    if fuse:
        from bireid_runtime import delegate_path

        delegates.append(load_delegate(delegate_path(), {"fuse": fuse[0], "threads": "1"}))
    interpreter = Interpreter(path, experimental_delegates=delegates, num_threads=1)
    interpreter.allocate_tensors()
    inputs = interpreter.get_input_details()[0]
    image = np.random.default_rng(0).normal(size=inputs["shape"]).astype(np.float32)
    interpreter.set_tensor(inputs["index"], image)
    return interpreter.invoke


def main() -> None:
    """Run it."""
    path, *fuse = sys.argv[1:]
    run = open_bundle(path) if Path(path).is_dir() else open_model(path, fuse)
    run()  # the first time, engines and the linker still prepare
    os.getsid(0)
    run()
    os.getsid(0)


if __name__ == "__main__":
    main()
