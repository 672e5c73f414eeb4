"""The loops that studies/instructions finds in code for 64-bit ARM, and what it makes of them."""

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
    assert bits.instructions == 5
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


def _loop(per_cycle, per_instruction):
    return {"mac_per_cycle": per_cycle, "mac_per_instruction": per_instruction}


def test_a_network_takes_what_its_products_take_and_the_rest_at_the_assumed_rate(monkeypatch):
    monkeypatch.setattr(sys, "path", [str(INSTRUCTIONS), *sys.path])
    from predicted_network import NETWORK, STEM, Core, predict_network

    counted = {
        "mac": 10_000,
        "layers": [
            {"layer": "fused 8x4x512", "mac": 3_000, "instructions": 300},
            {"layer": f"float {STEM}", "mac": 800, "instructions": 410},
            {"layer": f"uint8 {STEM}", "mac": 800, "instructions": 999},
            {"layer": "float 1x1 64-128", "mac": 200, "instructions": 110},
            {"layer": f"uint8 {STEM}, cortex-a76", "mac": 800, "instructions": 230},
        ],
        "networks": [{"cpu": "cortex-a76", "engine": NETWORK, "instructions": 1_000}],
    }
    best = {
        "ours": {"1-bit": _loop(90, 36), "float32": _loop(8, 2), "uint8": _loop(16, 4)},
        "XNNPACK": {"float32": _loop(8, 3), "int8": _loop(40, 10)},
    }
    core = Core("Cortex-A76", "neoverse-n1", "cortex-a76", True, 2.5)
    ours, pixels, float32, int8 = predict_network(core, best, counted)
    # 9000 / 36 and 1000 / 2 instructions are in loops, 250 are not.
    assert ours["parts"] == {"1-bit": 100, "stem": 100, "1x1": 25, "rest": 100}
    assert ours["cycles"] == 325
    # Around the stem's loop there are 30 in the place of 10.
    assert pixels["parts"] == {"1-bit": 100, "stem": 50, "1x1": 25, "rest": 108}
    assert (float32["cycles"], int8["cycles"]) == (1250, 250)
