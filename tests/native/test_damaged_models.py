"""Damaged models, which the delegate refuses or runs: a crash must be LiteRT's own."""

from collections import Counter

import pytest
from bireid_runtime.backends import BACKENDS

LITERT = next(backend for backend in BACKENDS if backend.name == "litert")

if LITERT.unavailable_reason() is not None:
    pytest.skip(str(LITERT.unavailable_reason()), allow_module_level=True)

from damaged_models import MODEL, RAN, REFUSED, Damager, crashes, run_copies  # noqa: E402


def test_no_copy_crashes():
    outcomes = list(run_copies(range(300)))
    assert sorted(outcome.seed for outcome in outcomes) == list(range(300))
    assert crashes(outcomes) == []
    results = Counter(outcome.result for outcome in outcomes)
    assert results[RAN] > 30, results
    assert results[REFUSED] > 100, results


def test_a_copy_depends_on_its_seed_alone():
    flatbuffer = MODEL.read_bytes()
    damager = Damager(flatbuffer)
    copies = [damager.copy(seed) for seed in range(50)]
    other = Damager(flatbuffer)
    assert [other.copy(seed) for seed in reversed(range(50))] == copies[::-1]
    assert len(set(copies)) == 50
