"""Parameter groups, methods, rates and schedules."""

import numpy as np
import pytest
from bireid_models.config import NetworkConfig
from bireid_models.framework import keras, tf
from bireid_models.network import build_network

from bireid_deploy.training.optimizers import Optimizers, ParameterGroups, schedule_factor
from bireid_deploy.training.recipe_sections import OptimizerSection


def _groups(**network):
    built = build_network(
        NetworkConfig("resnet10", width=0.125, input_height=32, input_width=32, **network)
    )
    classifier = keras.layers.Dense(3, use_bias=False, name="classifier")
    classifier.build((None, built.model.output_shape[-1]))
    return built, classifier, ParameterGroups.split(built, classifier.trainable_variables)


def _names(variables):
    return {variable.name for variable in variables}


def test_every_trainable_variable_is_in_one_group():
    network, classifier, groups = _groups(embedding_dim=8)
    grouped = groups.kernels + groups.alphas + groups.others + groups.head
    everything = network.model.trainable_variables + classifier.trainable_variables
    assert len(grouped) == len(everything)
    assert {id(each) for each in grouped} == {id(each) for each in everything}
    assert "stage1_unit1_conv/kernel:0" in _names(groups.kernels)
    assert "stage1_unit1_conv/alpha:0" in _names(groups.alphas)
    assert "stem_conv/kernel:0" in _names(groups.others)
    assert _names(groups.head) == {"projection/kernel:0", "neck_bn/gamma:0", "kernel:0"}


def test_a_scale_that_follows_from_the_kernel_is_in_no_group():
    _, _, groups = _groups(binarization="bireal")
    assert groups.alphas == []
    assert groups.kernels


def _single(options, gradient=1.0):
    """One variable of 1 per group, after a step with this gradient."""
    names = ("kernels", "alphas", "others", "head")
    variables = {name: tf.Variable([1.0], name=f"{name}/kernel") for name in names}
    discriminator = tf.Variable([1.0], name="discriminator/kernel")
    groups = ParameterGroups(**{name: [variable] for name, variable in variables.items()})
    optimizers = Optimizers(options, groups, [], [discriminator])
    optimizers.set_factor(0.5)
    for name in (*names, "discriminators"):
        optimizers.apply(name, [tf.constant([gradient])])
    return {name: float(each[0]) for name, each in variables.items()}, float(discriminator[0])


def test_sgd_takes_nesterov_steps_and_the_discriminators_keep_adam():
    options = OptimizerSection(
        method="sgd", kernel_rate=0.1, alpha_rate=0.2, other_rate=0.3, discriminator_rate=0.4,
        weight_decay=0.0, backbone_factor=0.1,
    )  # fmt: skip
    moved, discriminator = _single(options, gradient=2.0)
    # The first Nesterov step is rate x gradient x 1.9, at half the rates.
    expected = {"kernels": 0.01, "alphas": 0.02, "others": 0.03, "head": 0.3}
    for name, rate in expected.items():
        assert moved[name] == pytest.approx(1 - 0.5 * rate * 2.0 * 1.9, rel=1e-5)
    assert discriminator == pytest.approx(1 - 0.5 * 0.4, rel=1e-3)


@pytest.mark.parametrize("method", ["adam", "sgd"])
def test_weight_decay_touches_other_parameters_alone(method):
    options = OptimizerSection(method=method, other_rate=0.1, weight_decay=0.5)
    moved, discriminator = _single(options, gradient=0.0)
    assert moved["others"] == moved["head"] == pytest.approx(1 - 0.05 * 0.5)
    assert moved["kernels"] == moved["alphas"] == discriminator == 1.0


def test_weight_decay_spares_normalisation_prelu_and_shifts():
    _, _, groups = _groups(binarization="reactnet")
    before = {each.name: each.numpy() for each in groups.others}
    options = OptimizerSection(other_rate=0.1, weight_decay=0.5)
    optimizers = Optimizers(options, groups, [], [])
    optimizers.set_factor(1.0)
    optimizers.apply("others", [tf.zeros_like(each) for each in groups.others])
    moved = {each.name for each in groups.others if not np.array_equal(each, before[each.name])}
    assert moved
    assert all(name.endswith("conv/kernel:0") for name in moved), moved


def test_schedules():
    assert schedule_factor(0, 10, 2, "linear") == pytest.approx(0.01)
    assert schedule_factor(2, 10, 2, "linear") == 1.0
    assert schedule_factor(6, 10, 2, "linear") == pytest.approx(0.5)
    assert schedule_factor(5, 10, 0, "cosine") == pytest.approx(0.5)
    assert schedule_factor(9, 10, 0, "constant") == 1.0


@pytest.mark.parametrize(
    ("epoch", "factor"), [(0, 0.01), (39.9, 1.0), (40, 0.1), (69.9, 0.1), (70, 0.01), (119, 0.01)]
)
def test_step_schedule_of_bag_of_tricks(epoch, factor):
    assert schedule_factor(epoch, 120, 10, "step", (40, 70)) == pytest.approx(factor)
