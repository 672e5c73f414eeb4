"""The C++ resize against Pillow's: its golden vectors are those of the Python of today.

runtime/native/tests/{resize,preprocess}_test.cc hold the C++ to these vectors, and
tests/runtime/test_resize.py holds the Python to Pillow.
"""

from pathlib import Path

from preprocess_vectors import header

VECTORS = Path(__file__).parents[2] / "runtime/native/tests/preprocess_vectors_generated.h"


def test_the_vectors_are_what_python_computes():
    assert VECTORS.read_text() == header(), "write them again: see preprocess_vectors.py"
