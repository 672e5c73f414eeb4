"""Boxes in C++ against Python's: its golden vectors are those of the Python of today.

runtime/native/tests/boxes_test.cc holds the C++ to these vectors, and tests/runtime/test_boxes.py
holds the Python to the definitions.
"""

from pathlib import Path

import numpy as np
from boxes_vectors import BOX_CASES, boxes_of, header

VECTORS = Path(__file__).parents[2] / "runtime/native/tests/boxes_vectors_generated.h"


def test_the_vectors_are_what_python_computes():
    assert VECTORS.read_text() == header(), "write them again: see boxes_vectors.py"


def test_the_vectors_hold_ties_and_full_lists():
    found = {case: boxes_of(case) for case in BOX_CASES}
    assert all(len(boxes.scores) for boxes in found.values())
    assert any(len(boxes.scores) == case.max_boxes for case, boxes in found.items())
    ties = [boxes for case, boxes in found.items() if case.whole]
    assert all((np.diff(boxes.scores) == 0).any() for boxes in ties)
