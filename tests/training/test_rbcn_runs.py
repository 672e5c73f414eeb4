"""Runs of RBCN and of its pruning: who moves what, going on where they stopped, what comes out."""

import os
import re
import signal

import numpy as np
import pytest
from bireid_models.layers import binary_layers
from zoo import REID_BUNDLE

from bireid_deploy.data.synthetic import write_synthetic
from bireid_deploy.errors import TrainingError, TrainingInterruptedError
from bireid_deploy.trained_run import open_run
from bireid_deploy.training.step import TrainingStep
from bireid_deploy.training.teacher_cache import TeacherCache

UPDATES = {"others_share": 0.5, "statistics_batches": 2}


@pytest.fixture(scope="module")
def teacher(trainer, plain_recipe, tmp_path_factory):
    """A real-valued run of the same wiring."""
    path = tmp_path_factory.mktemp("teacher") / "real"
    trainer(plain_recipe(network={"precision": "real", "binarization": "rbcn"}), path).train()
    return path


def _game(plain_recipe, rbcn):
    return plain_recipe(
        network={"binarization": "rbcn"},
        rbcn_features={"adversarial_weight": 0.1},
        optimizer={"epochs": 2},
        rbcn=rbcn,
    )


@pytest.fixture(scope="module")
def whole(trainer, plain_recipe, teacher, tmp_path_factory):
    """A run of RBCN, "R + G + B", that was never interrupted."""
    path = tmp_path_factory.mktemp("rbcn") / "whole"
    training = trainer(_game(plain_recipe, UPDATES), path, teacher=teacher)
    return path, training.train(), training


@pytest.fixture(scope="module")
def pruned(plain_recipe, whole, goes_on, tmp_path_factory):
    """A run that pruned half of the branches, and was interrupted on the way."""
    recipe = plain_recipe(
        network={"binarization": "rbcn", "masks": True},
        pruning={"target": 0.5, "mask_rate": 0.2, "sparsity_weight": 2.0, "data_weight": 0.01},
        optimizer={"epochs": 2},
        rbcn={"statistics_batches": 1},
    )
    path = tmp_path_factory.mktemp("pruned")
    training = goes_on(recipe, path, initial=whole[0], teacher=whole[0])
    return path / "whole", training


def _matching(names, *patterns):
    found = {name for name in names if any(re.fullmatch(each, name) for each in patterns)}
    assert found
    return found


KERNELS = r"network/stage\d_unit1_conv/kernel:0"
MATRICES = r"network/stage\d_unit1_conv/matrix:0"
ADVERSARIES = r"discriminator/.*"
MASKS = r"(network|deployed)/.*_mask/mask:0"


@pytest.mark.slow
def test_each_optimizer_of_rbcn_moves_its_own(whole, moves_of):
    """The teacher belongs to none: R stands still."""
    step = whole[2]._step
    moves = moves_of(step)
    (game,) = (each for each in step.methods if hasattr(each, "teacher"))
    before = [each.numpy() for each in game.teacher.variables]
    fixed = {
        "kernels": _matching(moves.names, KERNELS),
        "alphas": _matching(moves.names, MATRICES),
        "discriminators": _matching(moves.names, ADVERSARIES),
    }
    for group, names in fixed.items():
        assert moves.of({group}) == names, group
    assert moves.of({"others", "head"}) == moves.names - set().union(*fixed.values())
    for value, variable in zip(before, game.teacher.variables, strict=True):
        np.testing.assert_array_equal(variable, value, err_msg=variable.name)


@pytest.mark.slow
def test_between_epochs_neither_kernels_nor_matrices_move(whole, moves_of):
    """The update strategy "B" moves the others, at any rate of the rest."""
    step = whole[2]._step
    moves = moves_of(step)
    still = _matching(moves.names, KERNELS, MATRICES, ADVERSARIES)
    assert moves.of(step.optimizers.rates, step.descend_others) == moves.names - still


@pytest.mark.slow
def test_masks_follow_fista_and_no_optimizer(pruned, moves_of):
    """A step of theirs leaves all else, and they stay where they are once they stand still."""
    step = pruned[1]._step
    (game,) = (each for each in step.methods if hasattr(each, "unpruned"))
    before = [each.numpy() for each in game.unpruned.features.variables]
    moves = moves_of(step)
    masks = _matching(moves.names, MASKS)
    assert len(masks) == 4
    adversaries = _matching(moves.names, r"discriminator/pruning_.*")
    kernels, matrices = _matching(moves.names, KERNELS), _matching(moves.names, MATRICES)
    assert moves.of({"discriminators"}) == adversaries
    trained = moves.of({"kernels", "alphas", "others", "head"})
    assert not trained & (masks | adversaries)
    assert trained > kernels | matrices
    assert moves.of({}) == set()
    game.set_progress(0.0)
    alone = moves.of({})
    game.set_progress(1.0)
    assert "pruning/momentum" in alone
    assert alone & masks
    assert alone <= masks | {"pruning/momentum"}
    for value, variable in zip(before, game.unpruned.features.variables, strict=True):
        np.testing.assert_array_equal(variable, value, err_msg=variable.name)


def _pressed(descend):
    """The same step, with Ctrl-C in it."""

    def call(*arguments):
        descend(*arguments)
        os.kill(os.getpid(), signal.SIGINT)

    return call


@pytest.mark.slow
def test_rbconv_alone_goes_on(plain_recipe, goes_on, tmp_path):
    recipe = plain_recipe(network={"binarization": "rbcn"}, optimizer={"epochs": 2}, rbcn={})
    goes_on(recipe, tmp_path)


@pytest.mark.slow
def test_rbconv_with_its_gan_goes_on(plain_recipe, teacher, goes_on, tmp_path):
    goes_on(_game(plain_recipe, {}), tmp_path, teacher=teacher)


@pytest.mark.slow
def test_rbcn_goes_on_where_it_was_interrupted_behind_the_last_batch(
    trainer, plain_recipe, teacher, whole, checkpoint_arrays, tmp_path, monkeypatch
):
    parts, moved = tmp_path / "parts", TrainingStep.descend_others
    monkeypatch.setattr(TrainingStep, "descend_others", _pressed(moved))
    training = trainer(_game(plain_recipe, UPDATES), parts, teacher=teacher)
    with pytest.raises(TrainingInterruptedError, match=r"step 3; .*--resume"):
        training.train()
    monkeypatch.setattr(TrainingStep, "descend_others", moved)
    training.train(resume=True)
    one, two = checkpoint_arrays(whole[0]), checkpoint_arrays(parts)
    assert one.keys() == two.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(array, two[name], err_msg=name)
    for epoch in whole[1]:
        assert epoch["rectification"] > 0
        assert epoch["rbcn_adversarial"] > 0
        assert epoch["rbcn_discriminator"] > 0


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
def test_pruning_removes_structures(pruned, tmp_path, cli):
    assert pruned[1].run.read_record()["history"][-1]["masked_share"] == 0.5
    run = open_run(pruned[0])
    deployed, trained = run.deployment(), run.as_trained()
    assert len(binary_layers(trained.model)) == 2
    assert len(binary_layers(deployed.model)) == 1
    assert [count for _, count in deployed.config.pruned] == [0]

    bundle = tmp_path / "bundle"
    assert cli("convert", pruned[0], "-o", bundle, "--format", "lce").code == 0
    shown = cli("inspect", bundle).out
    assert re.search(r"stage._unit1_conv +3x3x\d+x\d+ +gone", shown)
    assert re.search(r"weights: [\d,]+ before, [\d,]+ after, -\d", shown)
    gone = cli("inspect", bundle, "--json").json["removed"]
    assert gone["after"]["macs"] < gone["before"]["macs"]
    # What is gone was 1-bit.
    weights, stored = (gone["before"][each] - gone["after"][each] for each in ("weights", "bytes"))
    assert stored == weights / 8 > 0
    assert f"bytes of weights: {gone['before']['bytes']:,} before" in shown
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
