"""Run a .tflite file on one thread between two marks, for count.py.

Arguments: MODEL [FUSE]; with FUSE, the delegate of bireid-runtime is used with that option. It
imports nothing that the emulated machine lacks.
"""

import os
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, load_delegate


def main() -> None:
    """Run it."""
    model, *fuse = sys.argv[1:]
    delegates = []
    if fuse:
        from bireid_runtime import delegate_path

        delegates.append(load_delegate(delegate_path(), {"fuse": fuse[0], "threads": "1"}))
    interpreter = Interpreter(model, experimental_delegates=delegates, num_threads=1)
    interpreter.allocate_tensors()
    inputs = interpreter.get_input_details()[0]
    image = np.random.default_rng(0).normal(size=inputs["shape"]).astype(np.float32)
    interpreter.set_tensor(inputs["index"], image)
    interpreter.invoke()  # the first time, LiteRT and the linker still prepare
    os.getsid(0)
    interpreter.invoke()
    os.getsid(0)


if __name__ == "__main__":
    main()
