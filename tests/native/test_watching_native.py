"""Watching in C++ against Python's: its golden vectors are those of the Python of today.

runtime/native/tests/watching_test.cc holds the C++ to these vectors, and
tests/runtime/watching/test_association.py holds the Python to the definitions.
"""

from pathlib import Path

from bireid_runtime.watching.association import AssociationRules, Associator
from watching_vectors import SEQUENCES, boxes_of, header, is_left_out

VECTORS = Path(__file__).parents[2] / "runtime/native/tests/watching_vectors_generated.h"


def test_the_vectors_are_what_python_computes():
    assert VECTORS.read_text() == header(), "write them again: see watching_vectors.py"


def test_the_vectors_hold_tracks_that_end_and_boxes_that_are_refused():
    ended, refused = 0, 0
    for case in SEQUENCES:
        rules = AssociationRules(patience=case.patience, most_tracks=case.most_tracks)
        associator = Associator(rules)
        for frame in range(case.frames):
            if not is_left_out(frame):
                found = associator.update(*boxes_of(case, frame), frame)
                ended += sum(track.number > 0 for track in found.ended)
        refused += associator.refused
    assert ended > 20
    assert refused > 100
