"""RBCN: its equations, who moves what, and runs that go on where they were interrupted."""

import os
import re
import signal

import numpy as np
import pytest
from bireid_models.binarizations import BINARIZATIONS
from bireid_models.framework import tf
from bireid_models.layers import BinaryConv2D, binary_layers
from zoo import REID_BUNDLE

from bireid_deploy.data.synthetic import write_synthetic
from bireid_deploy.errors import RecipeError, TrainingError, TrainingInterruptedError
from bireid_deploy.trained_run import open_run
from bireid_deploy.training.methods.pruning.fista import (
    MaskMoves,
    proximal_l1,
    proximal_trimmed,
)
from bireid_deploy.training.methods.pruning.game import data_loss, output_discriminator_loss
from bireid_deploy.training.methods.rbcn.rectification import kernel_loss
from bireid_deploy.training.methods.rbcn_features.game import least_squares
from bireid_deploy.training.step import TrainingStep
from bireid_deploy.training.teacher_cache import TeacherCache

FILTERS = np.array([[0.2, -0.4, 0.1, -0.3], [0.05, 0.5, -0.6, 0.0]], np.float32)
RBCN = {"rbcn": {"others_share": 0.5, "statistics_batches": 2}}


def _layer(kernel, matrix):
    kernel = np.asarray(kernel, np.float32)
    layer = BinaryConv2D(kernel.shape[0], 1, binarization=BINARIZATIONS["rbcn"])
    layer.build((None, 1, 1, kernel.shape[1]))
    layer.kernel.assign(kernel.T.reshape(1, 1, *kernel.T.shape))
    layer.matrix.assign(np.asarray(matrix, np.float32).reshape(1, 1, -1, 1))
    return layer


def _gradients(layer, gradient="total", weight=2.0):
    with tf.GradientTape() as tape:
        loss = kernel_loss(layer, weight, gradient)
    of_kernel, of_matrix = tape.gradient(loss, [layer.kernel, layer.matrix])
    return float(loss), of_kernel.numpy()[0, 0].T, of_matrix.numpy().ravel()


def test_the_kernel_loss_and_the_gradient_of_its_matrix():
    """Eq. 3.64 and 3.75, with a number of C for every weight of a filter."""
    matrix = np.array([0.1, 0.3, 0.2, 0.4], np.float32)
    signs = np.where(FILTERS >= 0, 1.0, -1.0)
    off = FILTERS - matrix * signs
    for gradient in ("total", "direct", "literal"):
        loss, _, of_matrix = _gradients(_layer(FILTERS, matrix), gradient)
        assert loss == pytest.approx((off**2).sum(), rel=1e-6)
        np.testing.assert_allclose(of_matrix, -2.0 * (off * signs).sum(axis=0), rtol=1e-5)


def test_the_gradients_of_the_kernel():
    """Eq. 3.71 through eq. 3.68, what is missing there, and their sum."""
    matrix = np.array([0.1, 0.3, 0.2, 0.4], np.float32)
    signs = np.where(FILTERS >= 0, 1.0, -1.0)
    off = FILTERS - matrix * signs
    literal = -2.0 * off * matrix * (2 - 2 * np.abs(FILTERS))
    names = ("total", "direct", "literal")
    found = {name: _gradients(_layer(FILTERS, matrix), name)[1] for name in names}
    np.testing.assert_allclose(found["literal"], literal, rtol=1e-5)
    np.testing.assert_allclose(found["direct"], 2.0 * off, rtol=1e-5, atol=1e-7)
    np.testing.assert_allclose(found["total"], literal + 2.0 * off, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("gradient", "reached"), [("literal", 0.08336), ("direct", 0.02), ("total", 0.02)]
)
def test_the_literal_step_drives_a_kernel_away_from_its_matrix(gradient, reached):
    layer = _layer([[0.05]], [0.02])

    @tf.function(autograph=False)
    def step():
        with tf.GradientTape() as tape:
            loss = kernel_loss(layer, 1.0, gradient)
        layer.kernel.assign_sub(0.05 * tape.gradient(loss, layer.kernel))

    for _ in range(400):
        step()
    assert layer.kernel.numpy().item() == pytest.approx(reached, abs=1e-4)


def test_the_gradient_of_a_matrix_against_finite_differences():
    """Of a loss behind the convolution, and the kernel loss."""
    layer = _layer(FILTERS, [0.1, 0.3, 0.2, 0.4])
    images = np.random.default_rng(0).normal(size=(3, 1, 1, 4)).astype(np.float32)

    def loss():
        return tf.reduce_sum(tf.sin(layer(images))) + kernel_loss(layer, 0.7, "total")

    with tf.GradientTape() as tape:
        value = loss()
    gradient, base = tape.gradient(value, layer.matrix).numpy(), layer.matrix.numpy()
    for index in range(4):
        moved = np.zeros_like(base)
        moved[0, 0, index, 0] = 2e-3
        layer.matrix.assign(base + moved)
        above = float(loss())
        layer.matrix.assign(base - moved)
        difference = (above - float(loss())) / 4e-3
        assert gradient[0, 0, index, 0] == pytest.approx(difference, abs=2e-3)


def test_the_losses_against_numpy():
    """Eq. 3.65 and 3.80; D on the output is held back by -log D(T), eq. 3.81."""
    generator = np.random.default_rng(0)
    real, fake = generator.normal(size=(2, 6, 1)).astype(np.float32)
    judged = [1 / (1 + np.exp(-each.astype(np.float64))) for each in (real, fake)]
    assert float(least_squares(fake)) == pytest.approx(np.mean((1 - judged[1]) ** 2), rel=1e-5)
    expected = -np.log(judged[0]).mean() - np.log(1 - judged[1]).mean() - np.log(judged[1]).mean()
    assert float(output_discriminator_loss(real, fake)) == pytest.approx(expected, rel=1e-5)
    one, two = generator.normal(size=(2, 4, 3)).astype(np.float32)
    expected = ((one - two) ** 2).sum() / (2 * 4)
    assert float(data_loss(one, two)) == pytest.approx(expected, rel=1e-5)


def test_masks_follow_fista():
    """Eq. 3.84-3.86 against NumPy, on a quadratic; the network holds y, the moves M."""
    aim = np.array([0.9, 0.05, 0.5, -0.2], np.float32)
    point = tf.Variable(np.ones(4, np.float32))
    moves = MaskMoves([point], rate=0.1, sparsity_weight=0.3, target=None)
    masks = previous = np.ones(4)
    momentum = 1.0
    for _ in range(60):
        ahead = (1 + np.sqrt(1 + 4 * momentum**2)) / 2
        extrapolated = masks + (momentum - 1) / ahead * (masks - previous)
        np.testing.assert_allclose(point, extrapolated, atol=1e-5)
        moves.move([point - aim])
        step = extrapolated - 0.1 * (extrapolated - aim)
        masks, previous, momentum = np.maximum(step - 0.03, 0), masks, ahead
    np.testing.assert_allclose(masks, np.maximum(aim - 0.3, 0), atol=0.02)
    moves.stand_still(True)
    np.testing.assert_allclose(point, masks, atol=1e-5)
    assert float(moves.masked_share()) == pytest.approx((masks == 0).mean())
    moves.move([np.ones(4, np.float32)])
    np.testing.assert_allclose(point, masks, atol=1e-5)


def test_the_trimmed_norm_takes_no_more_than_its_share():
    values = tf.constant([0.02, -0.5, 0.01, 0.4, -0.1, 0.03])
    np.testing.assert_allclose(
        proximal_trimmed(values, 0.05, 3), [0.02, 0, 0, 0.4, 0, 0.03], atol=1e-7
    )
    np.testing.assert_allclose(proximal_trimmed(values, 0.05, 1), [0.02, 0, 0.01, 0.4, 1e-3, 0.03])
    np.testing.assert_allclose(proximal_l1(values, 0.05), [0, 0, 0, 0.35, 0, 0], atol=1e-7)


@pytest.mark.parametrize(
    ("sections", "message"),
    [
        ({"rbcn": {}, "network": {"binarization": "xnor"}}, "rbcn needs a learned C.*'rbcn'"),
        ({"rbcn": {}, "network": {"precision": "real"}}, "rbcn needs 1-bit kernels"),
        ({"rbcn_features": {}, "network": {"precision": "real"}}, "rbcn_features needs 1-bit"),
        ({"pruning": {}}, "pruning needs a 1-bit network with masks"),
    ],
)
def test_recipes_that_do_not_fit(plain_recipe, sections, message):
    with pytest.raises(RecipeError, match=message):
        plain_recipe(**sections)


@pytest.fixture(scope="module")
def teacher(trainer, plain_recipe, tmp_path_factory):
    """A real-valued run of the same wiring."""
    path = tmp_path_factory.mktemp("teacher") / "real"
    trainer(plain_recipe(network={"precision": "real", "binarization": "rbcn"}), path).train()
    return path


def _game(plain_recipe, epochs=2):
    return plain_recipe(
        network={"binarization": "rbcn"},
        rbcn_features={"adversarial_weight": 0.1},
        optimizer={"epochs": epochs},
        **RBCN,
    )


@pytest.fixture(scope="module")
def whole(trainer, plain_recipe, teacher, tmp_path_factory):
    """A run of RBCN that was never interrupted."""
    path = tmp_path_factory.mktemp("rbcn") / "whole"
    training = trainer(_game(plain_recipe), path, teacher=teacher)
    return path, training.train(), training


def _pressed(descend):
    """The same step, with Ctrl-C in it."""

    def call(*arguments):
        descend(*arguments)
        os.kill(os.getpid(), signal.SIGINT)

    return call


def _require_equal(one, two):
    assert one.keys() == two.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, two[name], err_msg=name)


@pytest.mark.slow
def test_rbcn_goes_on_where_it_was_interrupted_behind_the_last_batch(
    trainer, plain_recipe, teacher, whole, checkpoint_arrays, tmp_path, monkeypatch
):
    parts, moved = tmp_path / "parts", TrainingStep.descend_others
    monkeypatch.setattr(TrainingStep, "descend_others", _pressed(moved))
    with pytest.raises(TrainingInterruptedError, match=r"step 3; .*--resume"):
        trainer(_game(plain_recipe), parts, teacher=teacher).train()
    monkeypatch.setattr(TrainingStep, "descend_others", moved)
    trainer(_game(plain_recipe), parts, teacher=teacher).train(resume=True)
    _require_equal(checkpoint_arrays(whole[0]), checkpoint_arrays(parts))
    for epoch in whole[1]:
        assert epoch["rectification"] > 0
        assert epoch["rbcn_adversarial"] > 0
        assert epoch["rbcn_discriminator"] > 0


@pytest.mark.slow
def test_between_epochs_neither_kernels_nor_matrices_move(whole):
    """The update strategy "B" moves the others; the statistics of C* move nothing."""
    training = whole[2]
    training._step.optimizers.set_factor(1.0)
    step = training._step
    layers = binary_layers(training.network.model)
    fixed = [variable for each in layers for variable in (each.kernel, each.matrix)]
    moved = training.network.model.get_layer("stem_conv").kernel
    before = [each.numpy() for each in (*fixed, *step.adversaries, moved)]
    images = np.random.default_rng(0).normal(size=(6, 64, 32, 3)).astype(np.float32)
    step.descend_others(images, np.repeat(np.arange(3), 2).astype(np.int32))
    after = [each.numpy() for each in (*fixed, *step.adversaries, moved)]
    for one, two in zip(before[:-1], after[:-1], strict=True):
        np.testing.assert_array_equal(one, two)
    assert np.abs(before[-1] - after[-1]).max() > 0
    step(images, np.repeat(np.arange(3), 2).astype(np.int32), 0)
    for variable, value in zip(fixed, before, strict=False):
        assert np.abs(variable.numpy() - value).max() > 0, variable.name


@pytest.mark.slow
def test_the_deployed_network_has_statistics_of_its_own(whole, checkpoint_arrays, cli, tmp_path):
    arrays = checkpoint_arrays(whole[0])
    run = open_run(whole[0])
    deployed, trained = run.deployment(), run.as_trained()
    assert trained.model is run.network.model
    name = "stage2_unit1_bn/moving_variance:0"
    layer = deployed.model.get_layer("stage2_unit1_bn")
    np.testing.assert_array_equal(layer.moving_variance, arrays[f"deployed/{name}"])
    assert np.abs(arrays[f"deployed/{name}"] - arrays[f"network/{name}"]).max() > 0
    # The mean over the last two batches is near what the trained network has, not its start.
    assert np.abs(arrays[f"deployed/{name}"] - 1).min() > 0

    people = tmp_path / "people"
    write_synthetic(people, identities=6, cameras=2, images_per_camera=2, size=(64, 32))
    found = cli("evaluate", whole[0], "--data", people)
    assert found.code == 0, found.err
    assert "keras, as trained" in found.out
    scores = cli("evaluate", whole[0], "--data", people, "--json").json
    assert scores["as_trained"].keys() >= {"mean_average_precision", "rank_1"}


@pytest.mark.slow
def test_pruning_removes_structures_and_goes_on_where_it_was_interrupted(
    trainer, plain_recipe, whole, checkpoint_arrays, tmp_path, cli
):
    recipe = plain_recipe(
        network={"binarization": "rbcn", "masks": True},
        pruning={"target": 0.5, "mask_rate": 0.2, "sparsity_weight": 2.0, "data_weight": 0.01},
        optimizer={"epochs": 2},
        rbcn={"statistics_batches": 1},
    )
    start = {"initial": whole[0], "teacher": whole[0]}
    history = trainer(recipe, tmp_path / "whole", **start).train()
    assert history[-1]["masked_share"] == 0.5

    press = {"at_step": 2, "action": lambda: os.kill(os.getpid(), signal.SIGINT)}
    with pytest.raises(TrainingInterruptedError):
        trainer(recipe, tmp_path / "parts", **start, **press).train()
    trainer(recipe, tmp_path / "parts", teacher=whole[0]).train(resume=True)
    _require_equal(checkpoint_arrays(tmp_path / "whole"), checkpoint_arrays(tmp_path / "parts"))

    run = open_run(tmp_path / "whole")
    deployed, trained = run.deployment(), run.as_trained()
    assert len(binary_layers(trained.model)) == 2
    assert len(binary_layers(deployed.model)) == 1
    assert [count for _, count in deployed.config.pruned] == [0]

    bundle = tmp_path / "bundle"
    assert cli("convert", tmp_path / "whole", "-o", bundle, "--format", "lce").code == 0
    shown = cli("inspect", bundle).out
    assert re.search(r"stage._unit1_conv +3x3x\d+x\d+ +gone", shown)
    assert re.search(r"weights: [\d,]+ before, [\d,]+ after, -\d", shown)
    gone = cli("inspect", bundle, "--json").json["removed"]
    assert gone["after"]["macs"] < gone["before"]["macs"]
    assert [each["after"] for each in gone["layers"]] == [None]


@pytest.mark.slow
def test_a_teacher_of_another_shape_is_refused(trainer, plain_recipe, teacher, tmp_path):
    recipe = plain_recipe(
        network={"binarization": "rbcn", "width": 0.25}, rbcn={}, rbcn_features={}
    )
    with pytest.raises(TrainingError, match=r"'stage1_unit1_conv' should give .* same backbone"):
        trainer(recipe, tmp_path / "run", teacher=teacher)


@pytest.mark.parametrize("what", ["bundle", "cache"])
def test_a_teacher_without_maps_is_refused(trainer, plain_recipe, tmp_path, what):
    path = REID_BUNDLE if what == "bundle" else tmp_path / "cache.npz"
    if what == "cache":
        rows = np.ones((1, 2, 3), np.float16)
        TeacherCache(rows, ("a.png",), "somebody sha256:0").save(path)
    recipe = plain_recipe(network={"binarization": "rbcn"}, rbcn={}, rbcn_features={})
    with pytest.raises(TrainingError, match=f"a {what}, which holds no maps .* real-valued run"):
        trainer(recipe, tmp_path / "run", teacher=path)
