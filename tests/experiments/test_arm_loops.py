"""The loops that studies/instructions finds in code for 64-bit ARM."""

import sys
from pathlib import Path

import pytest

INSTRUCTIONS = Path(__file__).parents[2] / "studies" / "instructions"

CODE = """
0000000000000010 <Count>:
      10:\tld1\t{v24.16b-v27.16b}, [x6], #64
      14:\tcnt\tv28.16b, v28.16b
      18:\tuadalp\tv0.8h, v28.16b
      1c:\tuadalp\tv1.8h, v29.16b\t// a comment
      20:\tsubs\tx0, x0, #0x1
      24:\tb.ne\t14 <Count+0x4>  // b.any
      28:\tsdot\tv0.4s, v1.16b, v2.4b[0]
      2c:\tsdot\tv3.4s, v1.16b, v2.4b[1]
      30:\tcbz\tx1, 40 <Count+0x30>
      34:\tfmla\tv0.4s, v1.4s, v2.s[0]
      38:\tfmla\tv0.4s, v1.4s, v2.s[1]
      3c:\tb.ne\t28 <Count+0x18>  // b.any
      40:\tsdot\tv0.4s, v1.16b, v2.4b[0]
      44:\tsdot\tv0.4s, v1.16b, v2.4b[0]
      48:\tb.ne\t40 <Count+0x30>  // b.any
"""


@pytest.fixture
def loops(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(INSTRUCTIONS), *sys.path])
    from loops import loops

    return loops


def test_a_loop_is_straight_code_that_jumps_to_its_beginning(loops):
    bits, dots = loops(CODE.splitlines(), least=2)
    assert (bits.kind, bits.products, bits.needs_dot_products) == ("1-bit", 256, False)
    assert bits.code.splitlines() == [
        "begin:",
        "cnt\tv28.16b, v28.16b",
        "uadalp\tv0.8h, v28.16b",
        "uadalp\tv1.8h, v29.16b",
        "subs\tx0, x0, #0x1",
        "b.ne\tbegin",
    ]
    assert (dots.kind, dots.products, dots.needs_dot_products) == ("int8", 32, True)


def test_loops_that_multiply_too_little_are_left_out(loops):
    assert list(loops(CODE.splitlines(), least=3)) == []
