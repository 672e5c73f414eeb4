"""A head of one's own is a function and one line in HEADS; it may have several outputs."""

import numpy as np
import pytest
from bireid_models.config import NetworkConfig
from bireid_models.framework import keras, tf
from bireid_models.heads import HEADS, Head, HeadOutputs
from bireid_models.network import build_network

SMALL = {"input_height": 64, "input_width": 32, "width": 0.125}


def two_outputs(features, config):
    """Reads two maps, and names its outputs against the alphabet."""
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(features["stage4"])
    low = keras.layers.GlobalAveragePooling2D(name="low_pool")(features["stage2"])
    return HeadOutputs(
        features={"pooled": pooled},
        outputs={
            "scores": keras.layers.Dense(3, name="scores")(pooled),
            "quality": keras.layers.Dense(1, name="quality")(low),
        },
    )


def wrong_layer(features, config):
    return HeadOutputs({}, {"logits": keras.layers.Flatten(name="flat")(features["stage4"])})


def no_output(features, config):
    return HeadOutputs({}, {})


def taken_feature(features, config):
    logits = keras.layers.Flatten(name="logits")(features["stage4"])
    return HeadOutputs({"stage1": logits}, {"logits": logits})


def built(monkeypatch, head):
    monkeypatch.setitem(HEADS, "own", Head(f"{__name__}:{head.__name__}"))
    return build_network(NetworkConfig(head="own", **SMALL))


@pytest.fixture
def images():
    return np.random.default_rng(0).normal(size=(2, 64, 32, 3)).astype(np.float32)


def test_several_outputs_are_a_dict_by_name(monkeypatch, images):
    network = built(monkeypatch, two_outputs)
    found = network.model(images)
    assert set(network.outputs) == set(found) == {"scores", "quality"}
    assert found["scores"].shape == (2, 3)
    assert found["quality"].shape == (2, 1)
    assert list(network.features.output) == [f"stage{stage}" for stage in (1, 2, 3, 4)] + ["pooled"]


def test_flat_outputs_stand_in_the_order_of_their_names(monkeypatch, images):
    """Whoever flattens the outputs, as an exporter does, may zip them with the names."""
    network = built(monkeypatch, two_outputs)
    flat = dict(zip(network.outputs, tf.nest.flatten(network.model(images)), strict=True))
    for name, values in network.model(images).items():
        np.testing.assert_array_equal(flat[name], values)


def test_it_learns(monkeypatch, images):
    network = built(monkeypatch, two_outputs)
    variables = network.model.trainable_variables
    before = [variable.numpy() for variable in variables]
    with tf.GradientTape() as tape:
        found = network.model(images, training=True)
        loss = tf.reduce_sum(found["scores"] ** 2) + tf.reduce_sum(found["quality"] ** 2)
    gradients = tape.gradient(loss, variables)
    keras.optimizers.SGD(0.01).apply_gradients(zip(gradients, variables, strict=True))
    changed = {
        variable.name
        for variable, old in zip(variables, before, strict=True)
        if np.abs(variable.numpy() - old).max() > 0
    }
    assert changed >= {"scores/kernel:0", "quality/kernel:0", "stage1_unit1_conv/kernel:0"}


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (wrong_layer, "output 'logits' comes from the layer 'flat'; name that layer 'logits'"),
        (no_output, "has no output"),
        (taken_feature, "has a feature 'stage1', as the backbone"),
    ],
)
def test_a_head_that_breaks_its_promise_is_named(monkeypatch, head, message):
    with pytest.raises(ValueError, match=f"head 'own'.*{message}"):
        built(monkeypatch, head)
