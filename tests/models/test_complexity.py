import pytest
from bireid_models import NetworkConfig
from bireid_models.complexity import LayerCost, layer_costs, theoretical_gain, weight_bytes
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


def kinds(costs):
    return {
        kind: (
            sum(cost.weights for cost in costs if cost.kind == kind),
            sum(cost.macs for cost in costs if cost.kind == kind),
        )
        for kind in ("binary", "real")
    }


def test_bireal_net_on_imagenet_costs_what_was_published():
    """11.06x of Bi-Real Net, and 1.63e8 operations by the count of ReActNet (here 1.64e8)."""
    config = NetworkConfig(binarization="bireal", input_height=224, input_width=224)
    costs = layer_costs(build_network(config).model, identities=1000)

    assert theoretical_gain(costs).speedup == pytest.approx(11.06, abs=5e-3)
    found = kinds(costs)
    assert found["real"][1] + found["binary"][1] / 64 == pytest.approx(1.640e8, abs=5e4)


def test_reactnet_a_on_imagenet_costs_what_was_published():
    """4.82e9 binary and 0.12e8 real operations, 0.87e8 together."""
    config = NetworkConfig(
        backbone="mobilenet", binarization="reactnet", input_height=224, input_width=224
    )
    found = kinds(layer_costs(build_network(config).model, identities=1000))

    assert found["binary"][1] == 4_816_896_000
    assert found["real"][1] == 11_862_016
    assert found["real"][1] + found["binary"][1] / 64 == pytest.approx(0.87e8, abs=5e5)


@pytest.mark.parametrize(
    ("backbone", "binary", "real", "speedup", "saving"),
    [
        ("resnet18", (10_985_472, 1_094_713_344), (565_952, 90_037_760), 11.058, 12.704),
        ("resnet34", (21_086_208, 2_302_672_896), (565_952, 90_037_760), 18.987, 17.677),
        ("resnet50", (20_676_608, 2_357_198_848), (4_316_352, 313_489_408), 7.624, 5.036),
        ("mobilenet", (28_253_184, 3_145_728_000), (769_888, 7_846_912), 55.327, 17.560),
    ],
)
def test_ratios_at_256x128_with_751_identities(backbone, binary, real, speedup, saving):
    costs = layer_costs(build_network(NetworkConfig(backbone=backbone)).model, identities=751)

    assert kinds(costs) == {"binary": binary, "real": real}
    gain = theoretical_gain(costs)
    assert gain.speedup == pytest.approx(speedup, abs=5e-4)
    assert gain.saving == pytest.approx(saving, abs=5e-4)


def test_resnet50_has_the_kernels_of_the_original():
    """25,557,032 parameters of torchvision's, less 2,049,000 of fc and 53,120 of normalisation."""
    model = build_network(NetworkConfig(backbone="resnet50", precision="real")).model
    costs = layer_costs(model)
    assert sum(cost.weights for cost in costs) == 25_557_032 - 2_049_000 - 53_120


def test_real_kernels_on_binary_activations_cost_as_real_ones(resnet18):
    config = NetworkConfig(input_height=256, input_width=128, precision="binary_activations")
    costs = layer_costs(build_network(config).model)
    assert {cost.kind for cost in costs} == {"real"}
    assert sum(cost.macs for cost in costs) == sum(c.macs for c in layer_costs(resnet18))


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


def test_a_1_bit_weight_is_a_bit_in_a_file_and_another_one_four_bytes():
    assert weight_bytes([LayerCost("one", "binary", 65, 1), LayerCost("two", "real", 10, 1)]) == 49
