"""The checkpoints in imported/, written again where PyTorch is installed: `pytest -m torch`."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest
from skips import skip_unavoidably

HERE = Path(__file__).parent / "imported"
FAMILIES = sorted(path.stem for path in HERE.glob("*.npz"))

pytestmark = pytest.mark.torch


@pytest.fixture(scope="module")
def make_files():
    if importlib.util.find_spec("torch") is None:
        skip_unavoidably("PyTorch, extra `torch`, 2.5 GB")
    sys.path.insert(0, str(HERE))
    try:
        import make_files
    finally:
        sys.path.remove(str(HERE))
    return make_files


def test_every_family_has_a_checkpoint(make_files):
    assert sorted(make_files.NETWORKS) == FAMILIES


@pytest.mark.parametrize("family", FAMILIES)
def test_the_checkpoint_comes_out_the_same(make_files, family, tmp_path):
    import torch

    make_files.main([family], tmp_path)
    made, kept = (
        torch.load(folder / f"{family}.pth", weights_only=True) for folder in (tmp_path, HERE)
    )
    assert list(made) == list(kept)
    for key in kept:
        assert torch.equal(made[key], kept[key]), key
    with np.load(tmp_path / f"{family}.npz") as found, np.load(HERE / f"{family}.npz") as expected:
        np.testing.assert_array_equal(found["images"], expected["images"])
        np.testing.assert_allclose(found["features"], expected["features"], rtol=1e-4, atol=1e-5)
