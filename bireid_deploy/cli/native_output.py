"""Keeping TensorFlow's and LCE's native start-up and conversion notices off the terminal."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from bireid_runtime.errors import BireidError
from bireid_runtime.terminal import printable


@contextmanager
def quiet_native_output() -> Iterator[Callable[[str], None]]:
    """Collect what native code writes to stderr; show it only when a bug passes.

    Yields a function that says a line on the real stderr all the same.
    """
    sys.stderr.flush()
    saved = os.dup(2)
    with tempfile.TemporaryFile() as collected:
        os.dup2(collected.fileno(), 2)
        try:
            yield lambda line: _write(saved, line)
        except (BireidError, KeyboardInterrupt):
            raise
        except BaseException:
            sys.stderr.flush()
            os.dup2(saved, 2)
            collected.seek(0)
            sys.stderr.write(collected.read().decode(errors="replace"))
            raise
        finally:
            sys.stderr.flush()
            os.dup2(saved, 2)
            os.close(saved)


def _write(descriptor: int, line: str) -> None:
    os.write(descriptor, f"{printable(line)}\n".encode())
