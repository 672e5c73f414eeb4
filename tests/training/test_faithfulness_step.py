"""One step of Algorithm 11 on a real network: who moves, and what reaches whom.

The gradients that a step applied are read from Adam, whose first moment after one step is a tenth
of the gradient.
"""

import numpy as np
import pytest
from bireid_models.framework import keras, tf
from bireid_models.layers import binary_layers
from bireid_models.network import build_network

from bireid_deploy.recipes import parse_recipe
from bireid_deploy.tasks.reid.step import ReIdStep
from bireid_deploy.tasks.supervised import LossSection
from bireid_deploy.training.cross_entropy import smoothed_cross_entropy
from bireid_deploy.training.methods import enabled_methods
from bireid_deploy.training.methods.base import MethodContext
from bireid_deploy.training.optimizers import initialise_alphas
from bireid_deploy.training.repeatability import make_repeatable
from bireid_deploy.training.step import TrainingStep

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.normal(size=(8, 64, 32, 3)).astype(np.float32)
LABELS = np.repeat(np.arange(4), 2).astype(np.int32)

# Strong enough to stand out against the task loss wherever it arrives.
STRONG = {"enabled": True, "mse_weight": 50.0, "adversarial_weight": 50.0}
PAIRS = {"pairs": [{"low": "stage1", "high": "stage2"}]}
STAGE_1 = {**STRONG, **PAIRS}


def _network():
    make_repeatable(0, True)
    network = build_network(_recipe().network.config())
    initialise_alphas(binary_layers(network.model), "mean_abs", 0)
    return network


def _recipe(kernel_refining=None, feature_refining=None, **optimizer):
    return parse_recipe(
        {
            "name": "tiny",
            "network": {
                "backbone": "two_units",
                "width": 0.125,
                "input_height": 64,
                "input_width": 32,
            },
            "kernel_refining": kernel_refining or {"enabled": False},
            "feature_refining": feature_refining or {"enabled": False},
            "optimizer": {"epochs": 1, "weight_decay": 0.0, **optimizer},
        },
        "test",
    )


def _step(**sections):
    network, recipe = _network(), _recipe(**sections)
    task = ReIdStep(network, 4, recipe.section(LossSection))
    context = MethodContext(recipe, network, {})
    methods = [method.build(context) for method in enabled_methods(recipe)]
    return TrainingStep(network, task, methods, recipe)


def _first_gradients(step):
    """Gradients that the first step applied, by variable; the discriminators' are left out."""
    step(IMAGES, LABELS, 0)
    names = {id(variable): name for name, variable in step.variables().items()}
    state, gradients = step.optimizers.state(), {}
    for group, variables in step.optimizers.variables_of.items():
        if group == "discriminators":
            continue
        for index, variable in enumerate(variables):
            first_moment = state[f"optimizer/{group}/{1 + 2 * index}"]
            assert first_moment.name.startswith("m/")
            gradients[names[id(variable)]] = first_moment.numpy() / 0.1
    return gradients


@pytest.fixture(scope="module")
def task_only():
    return _first_gradients(_step())


@pytest.fixture(scope="module")
def refined():
    """With FR-GAL between stages 1 and 2."""
    return _first_gradients(_step(feature_refining=STAGE_1))


def _named(gradients, *starts):
    found = {name: each for name, each in gradients.items() if name.startswith(starts)}
    assert found
    return found


def _relative(gradient, other):
    return np.abs(gradient - other).max() / np.abs(other).max()


@pytest.mark.slow
def test_no_gradient_of_feature_refining_reaches_the_high_level_map(task_only, refined):
    """Eq. 6.22-6.24: the layers up to a_L feel FR-GAL, those from there to a_H do not."""
    deep = _named(task_only, "network/stage2", "classifier")
    for name, gradient in deep.items():
        np.testing.assert_array_equal(refined[name], gradient, err_msg=name)
    low = _named(task_only, "network/stem_conv", "network/stage1_unit1_conv/kernel")
    for name, gradient in low.items():
        assert _relative(refined[name], gradient) > 0.5, name


@pytest.mark.slow
def test_the_projection_learns_from_the_mse_alone(refined):
    silent = _first_gradients(_step(feature_refining={**STAGE_1, "adversarial_weight": 0.0}))
    ((name, gradient),) = _named(refined, "projection/").items()
    assert np.abs(gradient).max() > 0
    np.testing.assert_array_equal(gradient, silent[name])


@pytest.mark.slow
def test_other_parameters_follow_the_task_alone_if_told(task_only, refined):
    """Eq. 6.32; without the flag p gets every term that reaches it."""
    alone = _first_gradients(_step(feature_refining=STAGE_1, task_gradient_only=True))
    last = "network/stage1_unit1"
    other = _named(task_only, "network/stem_conv", f"{last}_bn", f"{last}_prelu")
    for name, gradient in other.items():
        np.testing.assert_array_equal(alone[name], gradient, err_msg=name)
        assert _relative(refined[name], gradient) > 0.5, name
    for name, gradient in _named(refined, f"{last}_conv/").items():
        np.testing.assert_array_equal(alone[name], gradient, err_msg=name)


@pytest.mark.slow
def test_kernel_losses_teach_alpha():
    """Eq. 6.26: alpha follows the kernel MSE of eq. 6.29, for the task is blind to it."""
    weight = 0.1
    section = {"enabled": True, "mse_weight": weight, "adversarial_weight": 0.0}
    # Alphas start away from the minimiser of the MSE, where its gradient would vanish.
    step = _step(kernel_refining=section)
    expected = {}
    for layer in binary_layers(step.network.model):
        layer.alpha.assign(layer.alpha * 1.5)
        kernel, alpha = layer.kernel.numpy(), layer.alpha.numpy()
        signs = np.where(kernel >= 0, 1, -1)
        expected[f"network/{layer.alpha.name}"] = -weight * ((kernel - alpha * signs) * signs).sum(
            (0, 1, 2)
        )
    gradients = _first_gradients(step)
    for name, gradient in expected.items():
        np.testing.assert_allclose(gradients[name], gradient, rtol=0.02, err_msg=name)


def test_batch_normalisation_hides_alpha_from_the_task():
    """dL_S/dalpha ~ 0 in training, because the batch's own statistics divide alpha out again."""
    network = _network()
    classifier = keras.layers.Dense(4, use_bias=False, name="classifier")
    layers = binary_layers(network.model)
    norms = {}
    for training in (False, True):
        with tf.GradientTape() as tape:
            neck = network.features(IMAGES, training=training)["neck"]
            loss = smoothed_cross_entropy(classifier(neck), LABELS, 0.1)
        gradients = tape.gradient(loss, [layer.alpha for layer in layers])
        norms[training] = [float(tf.norm(each)) for each in gradients]
    for layer, hidden, seen in zip(layers, norms[True], norms[False], strict=True):
        assert hidden < 1e-2 * seen, layer.name


@pytest.fixture(scope="module")
def full_step():
    """A step with both refinements, and a way back to where it began."""
    step = _step(kernel_refining={"enabled": True}, feature_refining={"enabled": True, **PAIRS})
    start = {name: each.numpy() for name, each in step.variables().items()}
    rates = dict(step.optimizers.rates)

    def restart(moving):
        for name, variable in step.variables().items():
            variable.assign(start[name])
        step.optimizers.rates.update(
            {group: rate if group in moving else 0.0 for group, rate in rates.items()}
        )
        step.optimizers.set_factor(1.0)
        return step

    return restart, start


def _moved(step, start):
    """Names of the variables that a step changed, without statistics and optimiser slots."""
    return {
        name
        for name, variable in step.variables().items()
        if not name.startswith("optimizer/")
        and "/moving_" not in name
        and not np.array_equal(variable.numpy(), start[name])
    }


@pytest.mark.slow
def test_ascent_moves_the_discriminators_and_nothing_else(full_step):
    restart, start = full_step
    step = restart(moving={"discriminators"})
    first = step(IMAGES, LABELS, 0)
    assert _moved(step, start) == {name for name in start if name.startswith("discriminator/")}
    again = step(IMAGES, LABELS, 0)
    for name in ("kernel_discriminator", "feature_discriminator"):
        assert again[name] < first[name]


@pytest.mark.slow
def test_descent_moves_the_network_and_no_discriminator(full_step):
    restart, start = full_step
    step = restart(moving={"kernels", "alphas", "others", "head"})
    step(IMAGES, LABELS, 0)
    statistics = ("/moving_mean:0", "/moving_variance:0")
    movable = {
        name
        for name in start
        if not name.startswith(("discriminator/", "optimizer/")) and not name.endswith(statistics)
    }
    assert _moved(step, start) == movable
