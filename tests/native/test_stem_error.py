"""What the uint8 stem rounds, against double precision."""

import sys
from pathlib import Path

import pytest
from bireid_runtime import Bundle
from zoo import REID_BUNDLE

STUDIES = Path(__file__).parents[2] / "studies"


def test_the_uint8_stem_rounds_its_weights_to_two_digits_and_nothing_else(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(STUDIES), *sys.path])
    from stem_error import errors

    measured = {name: rest for name, *rest in errors(Bundle.open(REID_BUNDLE))}
    assert measured["uint8"] == pytest.approx(measured["2 digits, NumPy"], rel=0.02)
    assert measured["uint8"][0] < 3e-4
    assert measured["float32"][0] < 1e-5
    assert measured["3 digits, NumPy"][0] < measured["float32"][0]
