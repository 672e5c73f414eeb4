"""Networks of other projects, built from their checkpoints, against what PyTorch computes."""

from pathlib import Path

import numpy as np
import pytest
from bireid_converters.checkpoints import read_checkpoint
from bireid_converters.checkpoints.families import find_family

FILES = Path(__file__).parent / "imported"
NAMES = sorted(path.stem for path in FILES.glob("*.pth"))


def _build(path, family=None):
    from bireid_models.imported import Weights
    from bireid_models.imported.network import ImportedConfig, build_imported

    with read_checkpoint(path) as checkpoint:
        tensors = checkpoint.tensors
        found = find_family(tensors, family)
        weights = Weights(
            {key: tensor.shape for key, tensor in tensors.items()},
            lambda key: tensors[key].numpy(),
        )
        options = found.options(tensors)
        config = ImportedConfig(found.name, found.architecture, options, 64, 32)
        network = build_imported(config, weights)
        weights.drop(found.dropped)
        weights.require_all_used()
    return network, weights


@pytest.mark.parametrize("name", NAMES)
def test_a_network_computes_what_pytorch_does(name):
    network, weights = _build(FILES / f"{name}.pth")
    with np.load(FILES / f"{name}.npz") as arrays:
        expected = arrays["features"]
        found = np.asarray(network.model(arrays["images"], training=False))
    expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    assert (found * expected).sum(axis=1).min() > 1 - 1e-6
    np.testing.assert_allclose(found, expected, atol=2e-6)
    assert weights.dropped
