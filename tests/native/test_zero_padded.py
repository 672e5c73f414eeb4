"""A network padded with zeros as a whole: the twin that studies/path_speed.py times."""

import sys
from pathlib import Path

import kernels_library
import numpy as np
import pytest
from bireid_runtime import Bundle
from bireid_runtime.backends.native import NativeSession
from bireid_runtime.preprocess import preprocess
from lce_models import run_lce
from zoo import REID_BUNDLE

STUDIES = Path(__file__).parents[2] / "studies"


@pytest.fixture(scope="module")
def twin(tmp_path_factory):
    sys.path.insert(0, str(STUDIES))
    try:
        from zero_padded import write_twin
    finally:
        sys.path.remove(str(STUDIES))
    bundle, changed = write_twin(Bundle.open(REID_BUNDLE), tmp_path_factory.mktemp("twin") / "twin")
    assert changed == 16
    return bundle


@pytest.fixture(scope="module")
def expected(twin):
    """Image and embedding; the last map is as narrow as optimised kernels of LCE do not bear."""
    image = preprocess(twin.golden().inputs["image"][0], twin.preprocess)[np.newaxis]
    return image, run_lce(twin.file("lce").read_bytes(), image, "reference")


@pytest.mark.parametrize("isa", kernels_library.available_isas())
def test_the_twin_is_what_lce_computes_of_it(twin, expected, isa):
    image, embedding = expected
    result = NativeSession(twin, 1, isa=isa).run({"image": image})["embedding"]
    assert np.abs(result - embedding).max() < 1e-6
    other = NativeSession(Bundle.open(REID_BUNDLE), 1, isa=isa).run({"image": image})["embedding"]
    assert np.abs(result - other).max() > 1e-3
