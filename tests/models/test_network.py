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


@pytest.mark.parametrize("dim", [64, 128])
def test_embedding_dim_adds_a_projection(dim):
    network = build_network(NetworkConfig(**SMALL, embedding_dim=dim))
    assert network.model.output_shape == (None, dim)
    assert network.model.get_layer("projection").kernel.shape == (64, dim)


def test_without_dropout_the_classifier_reads_the_neck():
    network = build_network(NetworkConfig(**SMALL))
    images = np.random.default_rng(0).normal(size=(2, 64, 32, 3)).astype(np.float32)
    features = network.features(images, training=True)
    np.testing.assert_array_equal(features["classifier_input"], features["neck"])


def masks(network, calls=2):
    images = np.random.default_rng(0).normal(size=(4, 64, 32, 3)).astype(np.float32)
    found = []
    for _ in range(calls):
        features = network.features(images, training=True)
        kept = features["classifier_input"].numpy() != 0
        expected = np.where(kept, features["neck"].numpy() * 2, 0)
        np.testing.assert_allclose(features["classifier_input"], expected, rtol=1e-6)
        found.append(kept)
    return np.array(found)


def test_dropout_continues_from_its_saved_state():
    """Another mask in every call, the same ones from the same seed, and from a saved state."""
    config = NetworkConfig(**SMALL, dropout=0.5)
    keras.utils.set_random_seed(1)
    first = build_network(config)
    state = {variable.name: variable.numpy() for variable in first.features.variables}
    all_of_first = masks(first, calls=4)
    assert 0.3 < all_of_first.mean() < 0.7
    assert np.any(all_of_first[0] != all_of_first[1])

    keras.utils.set_random_seed(1)
    np.testing.assert_array_equal(masks(build_network(config), calls=4), all_of_first)

    keras.utils.set_random_seed(2)
    other = build_network(config)
    assert np.any(masks(other, calls=4) != all_of_first)
    for variable in other.features.variables:
        variable.assign(state[variable.name])
    np.testing.assert_array_equal(masks(other, calls=4), all_of_first)


def test_dropout_is_no_part_of_the_network_that_is_deployed():
    network = build_network(NetworkConfig(**SMALL, dropout=0.5))
    names = [{each.name for each in part.variables} for part in (network.model, network.features)]
    assert names[1] - names[0] == {"dropout/state:0"}
    images = np.random.default_rng(0).normal(size=(2, 64, 32, 3)).astype(np.float32)
    features = network.features(images)
    np.testing.assert_array_equal(features["classifier_input"], features["neck"])


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
        ("binarization", "dorefa"),
        ("stem", "mnist"),
        ("dropout", 1.0),
        ("embedding_dim", 2),
    ],
)
def test_impossible_configurations_are_named(field, value):
    with pytest.raises(ValueError, match=field):
        NetworkConfig(**{field: value})
