"""Responses in C++ against Python's: its golden vectors are those of the Python of today.

runtime/native/tests/responses_test.cc holds the C++ to these vectors, and
tests/runtime/test_responses.py holds the Python to the definitions.
"""

from pathlib import Path

from responses_vectors import RESPONSE_CASES, header, response_of

VECTORS = Path(__file__).parents[2] / "runtime/native/tests/responses_vectors_generated.h"


def test_the_vectors_are_what_python_computes():
    assert VECTORS.read_text() == header(), "write them again: see responses_vectors.py"


def test_the_vectors_hold_ties_and_other_sizes_than_the_present_one():
    found = {case: response_of(case) for case in RESPONSE_CASES}
    ties = [each for case, (each, _) in found.items() if case.whole]
    assert all((each == each.max()).sum() > 1 for each in ties)
    assert any(place.scale != case.scales // 2 for case, (_, place) in found.items())
