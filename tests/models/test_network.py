import numpy as np
import pytest
from bireid_models.config import NetworkConfig
from bireid_models.framework import keras
from bireid_models.layers import BinaryConv2D, binary_layers
from bireid_models.network import build_network

SMALL = {"input_height": 64, "input_width": 32, "width": 0.125}


@pytest.mark.parametrize("order", ["fused", "paper"])
@pytest.mark.parametrize("downsample", ["real", "binary"])
@pytest.mark.parametrize("last_stride", [1, 2])
def test_resnet18_shapes_and_unit_rows(order, downsample, last_stride):
    config = NetworkConfig(
        **SMALL, unit_order=order, downsample=downsample, last_stride=last_stride
    )
    network = build_network(config)
    images = np.random.default_rng(0).normal(size=(3, 64, 32, 3)).astype(np.float32)
    features = network.features(images)
    assert features["stage1"].shape == (3, 16, 8, 8)
    assert features["stage3"].shape == (3, 4, 2, 32)
    assert features["stage4"].shape == (3, 4 // last_stride, 2 // last_stride, 64)
    assert features["pooled"].shape == features["neck"].shape == (3, 64)
    embeddings = network.model(images).numpy()
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1.0, rtol=1e-5)
    assert len(binary_layers(network.model)) == (19 if downsample == "binary" else 16)


def test_full_width_gives_512_dimensions_and_the_parameters_of_resnet18():
    network = build_network(NetworkConfig())
    assert network.model.output_shape == (None, 512)
    convolutions = [each for each in network.model.layers if hasattr(each, "kernel")]
    assert sum(int(np.prod(each.kernel.shape)) for each in convolutions) == (
        9_408 + 10_985_472 + 172_032
    )


def test_real_counterpart_has_the_same_topology():
    binary, real = (
        build_network(NetworkConfig(**SMALL, precision=precision))
        for precision in ("binary", "real")
    )

    def topology(network):
        return [(each.name, each.output_shape) for each in network.model.layers]

    assert topology(binary) == topology(real)
    assert not binary_layers(real.model)
    convolutions = [each for each in real.model.layers if isinstance(each, keras.layers.Conv2D)]
    assert not any(isinstance(each, BinaryConv2D) for each in convolutions)


def test_embedding_dim_adds_a_projection():
    network = build_network(NetworkConfig(**SMALL, embedding_dim=128))
    assert network.model.output_shape == (None, 128)
    assert network.model.get_layer("projection").kernel.shape == (64, 128)


def test_paper_order_normalises_before_the_sign():
    network = build_network(NetworkConfig(**SMALL, unit_order="paper"))
    convolution = network.model.get_layer("stage2_unit2_conv")
    (node,) = convolution.inbound_nodes
    assert node.inbound_layers.name == "stage2_unit2_input_bn"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("precision", "half"),
        ("last_stride", 3),
        ("input_height", 16),
        ("width", 9.0),
        ("backbone", "resnet19"),
        ("embedding_dim", 2),
    ],
)
def test_impossible_configurations_are_named(field, value):
    with pytest.raises(ValueError, match=field):
        NetworkConfig(**{field: value})
