"""A network with fewer filters and branches than its backbone has goes through the gate."""

import numpy as np
import pytest
from bireid_converters.convert import convert
from bireid_models import NetworkConfig
from bireid_models.deploying import deployable
from bireid_models.framework import keras
from bireid_models.layers import binary_layers
from bireid_models.map_layers import ChannelMask
from bireid_models.network import build_network


@pytest.fixture(scope="module")
def pruned(toys):
    """RBCN in which a third of the filters is left, and not every branch."""
    keras.utils.set_random_seed(3)
    network = build_network(
        NetworkConfig(
            backbone="resnet10",
            binarization="rbcn_block",
            masks=True,
            width=0.5,
            input_height=64,
            input_width=32,
        )
    )
    # Away from zero, where signs would hang on rounding.
    toys.randomize(network.model)
    generator = np.random.default_rng(0)
    for layer in network.model.layers:
        if isinstance(layer, ChannelMask):
            values = generator.uniform(0.5, 1.5, layer.mask.shape)
            values *= generator.uniform(size=layer.mask.shape) < 0.35
            layer.mask.assign(values.astype(np.float32))
    network.model.get_layer("stage2_unit2_mask").mask.assign([1.0])
    network.model.get_layer("stage4_unit2_mask").mask.assign([1.0])
    network.model.get_layer("stage3_unit2_mask").mask.assign([0.0])
    for layer in binary_layers(network.model):
        layer.matrix.assign(np.full(layer.matrix.shape, 0.05, np.float32))
    return deployable(network)


@pytest.mark.slow
def test_a_pruned_network_passes_the_gate(toys, pruned, tmp_path):
    left = dict(pruned.config.pruned)
    assert left["stage3_unit2"] == 0
    assert 8 <= left["stage2_unit1"] < 64
    assert left["stage2_unit1"] % 32
    bundle = convert(pruned, tmp_path / "bundle", ["onnx", "lce"], **toys.about(pruned))
    assert bundle.manifest["parity"]["verified"]
    assert dict(bundle.manifest["network"]["pruned"]) == left
    shapes = {each.name: tuple(each.kernel.shape) for each in binary_layers(pruned.model)}
    assert shapes["stage2_unit1_conv"][-1] == shapes["stage2_unit2_conv"][2] == left["stage2_unit1"]
    assert not [name for name in shapes if name.startswith("stage3")]
