"""PointNet: shapes, counts of the specification, and the shift that is folded away."""

import numpy as np
import pytest
from bireid_models.backbones.pointnet import expected_maximum
from bireid_models.complexity import layer_costs
from bireid_models.config import NetworkConfig
from bireid_models.folding import fold_max_shift
from bireid_models.framework import keras
from bireid_models.layers import binary_layers
from bireid_models.network import build_network

POINTS = {"backbone": "pointnet", "head": "point_neck", "input_width": 1}
SMALL = {**POINTS, "width": 0.125, "input_height": 32}


def network(seed=0, **options):
    """With batch normalisations as after a training."""
    built = build_network(NetworkConfig(**{**SMALL, **options}))
    rng = np.random.default_rng(seed)
    for layer in built.model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.moving_mean.assign(rng.normal(size=layer.moving_mean.shape))
            layer.moving_variance.assign(rng.uniform(0.5, 2, layer.moving_variance.shape))
            layer.beta.assign(rng.normal(size=layer.beta.shape))
    return built


def clouds(count=64):
    return np.random.default_rng(1).normal(size=(count, 32, 1, 3)).astype(np.float32)


def test_the_counts_of_the_specification():
    built = build_network(NetworkConfig(**POINTS, input_height=1024))
    costs = list(layer_costs(built.model))
    real, binary = (
        sum(cost.macs for cost in costs if cost.kind == kind) for kind in ("real", "binary")
    )
    assert (round(real / 1e6, 1), binary // 10**6) == (0.2, 143)
    assert [layer.name for layer in binary_layers(built.model)] == [
        "stage2_conv",
        "stage3_conv",
        "stage4_unit1_conv",
        "stage4_unit2_conv",
    ]
    shapes = built.features.output_shape
    assert shapes["stage1"] == (None, 1024, 1, 64)
    assert shapes["stage2"] == (None, 1024, 1, 128)
    assert shapes["stage3"] == (None, 1024, 1, 1024)
    assert shapes["stage4"] == (None, 1, 1, 256)
    assert shapes["neck"] == shapes["classifier_input"] == (None, 256)


def test_delta_of_the_specification():
    found = [round(expected_maximum(count), 4) for count in (1024, 2048, 64)]
    assert found == [3.2044, 3.3988, 2.2983]


@pytest.mark.parametrize("shift", ["bn_after_max", "ema"])
def test_the_shift_of_the_maximum_folds_without_a_difference(shift):
    trained = network(max_shift=shift)
    folded = fold_max_shift(trained)
    assert "max_shift" in {layer.name for layer in trained.model.layers}
    assert "max_shift" not in {layer.name for layer in folded.model.layers}
    expected, found = (each.features(clouds())["neck"].numpy() for each in (trained, folded))
    np.testing.assert_array_equal(found, expected)
    assert np.abs(expected).max() > 0.1
    # It matters: without the shift nearly every sign is +1.
    bare = build_network(NetworkConfig(**SMALL, max_shift="none"))
    values = {each.name: each for each in trained.features.variables}
    for variable in bare.features.variables:
        variable.assign(values[variable.name])
    assert np.abs(bare.features(clouds())["neck"].numpy() - expected).max() > 0.1


@pytest.mark.parametrize("options", [{"max_shift": "none"}, {"precision": "real"}])
def test_nothing_is_folded_where_nothing_shifts(options):
    built = network(**options)
    assert fold_max_shift(built) is built


def test_the_order_of_points_does_not_count():
    built = network()
    shuffled = clouds()[:, np.random.default_rng(2).permutation(32)]
    for each in (built, network(precision="real")):
        first, second = (each.features(x)["neck"].numpy() for x in (clouds(), shuffled))
        np.testing.assert_allclose(first, second, atol=1e-5)


def test_the_real_counterpart_has_the_same_kernels_and_relu():
    binary, real = (
        {
            each.name: tuple(each.kernel.shape)
            for each in built.model.layers
            if isinstance(each, keras.layers.Conv2D)
        }
        for built in (network(), network(precision="real"))
    )
    assert binary == real
    kinds = [type(layer).__name__ for layer in network(precision="real").model.layers]
    assert kinds.count("ReLU") == 5


def test_sizes_are_bounded():
    with pytest.raises(ValueError, match="input_height is 7; it must be at least 8"):
        NetworkConfig(**{**SMALL, "input_height": 7})
    with pytest.raises(ValueError, match="input_width is 1; it must be at least 32"):
        NetworkConfig(input_width=1)
    with pytest.raises(ValueError, match="max_shift is 'mean'"):
        NetworkConfig(**SMALL, max_shift="mean")
    with pytest.raises(ValueError, match="take backbone 'pointnet'"):
        build_network(NetworkConfig(head="point_neck", input_height=64, input_width=32))
