import pytest
from bireid_models import NetworkConfig
from bireid_models.complexity import LayerCost, layer_costs, theoretical_gain
from bireid_models.network import build_network


def costs_of(model, **options):
    return {cost.name: cost for cost in layer_costs(model, **options)}


def totals(costs, selected):
    chosen = [cost for name, cost in costs.items() if selected(name)]
    return len(chosen), sum(cost.weights for cost in chosen), sum(cost.macs for cost in chosen)


@pytest.fixture(scope="module")
def resnet18():
    return build_network(NetworkConfig(input_height=256, input_width=128)).model


def test_resnet18_costs_what_the_literature_counts(resnet18):
    costs = costs_of(resnet18)

    assert totals(costs, lambda name: name == "stem_conv") == (1, 9_408, 77_070_336)
    assert totals(costs, lambda name: "downsample" in name) == (3, 172_032, 12_582_912)
    assert totals(costs, lambda name: "unit" in name and "downsample" not in name) == (
        16,
        10_985_472,
        1_094_713_344,
    )
    assert sum(cost.macs for cost in costs.values()) == 1_184_366_592


def test_kind_follows_the_layer(resnet18):
    binary = [name for name, cost in costs_of(resnet18).items() if cost.kind == "binary"]
    assert len(binary) == 16
    assert not any("downsample" in name or "stem" in name for name in binary)


@pytest.mark.parametrize(("bias", "saving"), [(512, 11.7524), (751, 11.7498)])
def test_a_setting_that_reproduces_the_published_ratios(bias, saving):
    config = NetworkConfig(input_height=256, input_width=256, downsample="binary")
    costs = layer_costs(build_network(config).model, identities=751)
    costs.append(LayerCost("hidden", "real", 512 * 512 + bias, 512 * 512))

    gain = theoretical_gain(costs)

    assert gain.speedup == pytest.approx(12.5106, abs=5e-5)
    assert gain.saving == pytest.approx(saving, abs=5e-5)


def test_classifier_is_counted_on_request(resnet18):
    assert "classifier" not in costs_of(resnet18)
    classifier = costs_of(resnet18, identities=751)["classifier"]
    assert classifier == LayerCost("classifier", "real", 384_512, 384_512)


def test_all_parameters_add_up_to_those_of_keras():
    config = NetworkConfig(input_height=64, input_width=32, width=0.25, embedding_dim=24)
    model = build_network(config).model

    costs = layer_costs(model, all_parameters=True)

    assert sum(cost.weights for cost in costs) == model.count_params()
    assert sum(cost.macs for cost in costs) == sum(cost.macs for cost in layer_costs(model))
    assert all(cost.kind == "real" for cost in costs if cost.macs == 0)


def test_depthwise_and_dense_layers():
    from bireid_models.framework import keras

    image = keras.Input((6, 4, 8))
    x = keras.layers.DepthwiseConv2D(3, padding="same", strides=2, name="depthwise")(image)
    x = keras.layers.Dense(5, name="dense")(keras.layers.GlobalAveragePooling2D()(x))

    costs = costs_of(keras.Model(image, x))

    assert costs["depthwise"] == LayerCost("depthwise", "real", 72, 72 * 3 * 2)
    assert costs["dense"] == LayerCost("dense", "real", 40, 40)


def test_gain_of_a_purely_binary_layer_is_the_width_of_a_word():
    gain = theoretical_gain([LayerCost("conv", "binary", 320, 6400)])
    assert (gain.speedup, gain.saving) == (64, 32)


def test_nothing_to_compare():
    with pytest.raises(ValueError, match="no layer"):
        theoretical_gain([])
