"""Point clouds in C++ against Python's: its vectors are those of the Python of today.

runtime/native/tests/clouds_test.cc holds the C++ to these vectors, and tests/runtime/test_clouds.py
holds the Python to the definitions.
"""

from pathlib import Path

from clouds_vectors import header

VECTORS = Path(__file__).parents[2] / "runtime/native/tests/clouds_vectors_generated.h"


def test_the_vectors_are_what_python_computes():
    assert VECTORS.read_text() == header(), "write them again: see clouds_vectors.py"
