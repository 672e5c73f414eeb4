"""Distillation: the losses on known numbers, the teacher in a run, what does not fit."""

import dataclasses
import os
import shutil
import signal

import numpy as np
import pytest
from bireid_models.framework import tf
from bireid_models.layers import binary_layers

from bireid_deploy.errors import TrainingError, TrainingInterruptedError
from bireid_deploy.training.methods.distillation.losses import distribution_loss, embedding_loss

LOGITS = np.array([[1.0, 2.0, 0.5], [0.0, -1.0, 3.0]], np.float32)
TEACHER = np.array([[3.0, 0.0, 1.0], [0.5, 0.5, 0.5]], np.float32)


def _softmax(logits):
    exponents = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exponents / exponents.sum(axis=1, keepdims=True)


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_distribution_loss_is_a_divergence(temperature):
    teacher, student = _softmax(TEACHER / temperature), _softmax(LOGITS / temperature)
    divergence = (teacher * np.log(teacher / student)).sum(axis=1).mean()
    loss = distribution_loss(LOGITS, TEACHER, temperature)
    assert float(loss) == pytest.approx(temperature**2 * divergence, rel=1e-5)
    assert float(distribution_loss(TEACHER, TEACHER, temperature)) == pytest.approx(0, abs=1e-6)


def test_its_gradient_is_that_of_reactnet_and_the_teacher_has_none():
    """The cross-entropy between both distributions: (student - teacher) / batch."""
    student, teacher = tf.Variable(LOGITS), tf.Variable(TEACHER)
    with tf.GradientTape() as tape:
        loss = distribution_loss(student, teacher, 1.0)
    moved, unmoved = tape.gradient(loss, [student, teacher])
    np.testing.assert_allclose(moved, (_softmax(LOGITS) - _softmax(TEACHER)) / 2, atol=1e-6)
    assert unmoved is None


def test_embedding_loss_is_one_minus_the_cosine():
    student, teacher = tf.Variable([[3.0, 4.0], [1.0, 0.0]]), tf.Variable([[6.0, 8.0], [0.0, 2.0]])
    with tf.GradientTape() as tape:
        loss = embedding_loss(student, teacher)
    assert float(loss) == pytest.approx(0.5)
    assert tape.gradient(loss, teacher) is None
    assert float(embedding_loss(student, -student)) == pytest.approx(2.0)


@pytest.fixture(scope="module")
def teacher(trainer, plain_recipe, tmp_path_factory):
    """A real-valued network that knows the four patterns."""
    path = tmp_path_factory.mktemp("teacher") / "real"
    recipe = plain_recipe(
        network={"precision": "real"}, optimizer={"epochs": 8, "other_rate": 0.01}
    )
    trainer(recipe, path).train()
    return path


@pytest.mark.slow
@pytest.mark.parametrize("target", ["logits", "embedding"])
def test_a_student_comes_close_to_its_teacher(
    trainer, plain_recipe, teacher, tmp_path, target, checkpoint_arrays
):
    before = checkpoint_arrays(teacher)
    recipe = plain_recipe(
        loss={"identity_weight": 0.0, "triplet_weight": 0.0},
        distillation={"target": target},
        augmentation={"flip": 0.0, "pad": 0, "erasing": 0.0},
        optimizer={"epochs": 12, "kernel_rate": 0.02, "other_rate": 0.01},
    )
    training = trainer(recipe, tmp_path / "student", teacher=teacher)
    history = training.train()
    assert history[-1]["distillation"] < 0.7 * history[0]["distillation"]
    assert "identity" not in history[0]
    assert training.run.read_record()["teacher"]["run"] == "real"
    after = checkpoint_arrays(teacher)
    assert all(np.array_equal(before[name], after[name]) for name in before)


@pytest.mark.slow
def test_a_resumed_student_equals_an_uninterrupted_one(
    trainer, plain_recipe, teacher, tmp_path, checkpoint_arrays
):
    """With dropout, whose masks must go on, and the decaying surrogate of IR-Net."""
    recipe = plain_recipe(
        network={"dropout": 0.5, "binarization": "irnet"},
        distillation={"weight": 0.5},
        optimizer={"epochs": 3, "method": "sgd", "kernel_rate": 0.5, "other_rate": 0.05},
    )
    start = {"initial": teacher, "teacher": teacher}
    trainer(recipe, tmp_path / "whole", **start).train()

    def press():
        os.kill(os.getpid(), signal.SIGINT)

    with pytest.raises(TrainingInterruptedError):
        trainer(recipe, tmp_path / "parts", **start, at_step=4, action=press).train()
    resumed = trainer(recipe, tmp_path / "parts", teacher=teacher)
    resumed.train(resume=True)
    assert resumed.run.read_record()["initial"] == "real"
    # Two thirds of the way from 0.1 to 10, in the logarithm.
    decay = binary_layers(resumed.network.model)[0].input_quantizer
    assert float(decay.sharpness) == pytest.approx(0.1 * 100 ** (2 / 3), rel=1e-4)
    one, two = checkpoint_arrays(tmp_path / "whole"), checkpoint_arrays(tmp_path / "parts")
    assert one.keys() == two.keys()
    assert any("dropout" in name for name in one)
    for name, array in one.items():
        np.testing.assert_array_equal(array, two[name], err_msg=name)
    with pytest.raises(TrainingError, match="another teacher; it was started with 'real'"):
        trainer(recipe, tmp_path / "parts", teacher=tmp_path / "whole").train(resume=True)


@pytest.mark.slow
def test_a_teacher_is_told_apart_by_its_weights_and_not_by_its_name(
    trainer, plain_recipe, teacher, tmp_path
):
    recipe = plain_recipe(distillation={}, optimizer={"epochs": 1})
    trainer(recipe, tmp_path / "run", teacher=teacher).train()
    namesake = tmp_path / "elsewhere" / teacher.name
    trainer(plain_recipe(seed=5, optimizer={"epochs": 1}), namesake).train()
    with pytest.raises(TrainingError, match="another teacher; it was started with"):
        trainer(recipe, tmp_path / "run", teacher=namesake).train(resume=True)
    moved = shutil.copytree(teacher, tmp_path / "moved" / teacher.name)
    trainer(recipe, tmp_path / "run", teacher=moved).train(resume=True)


def test_a_teacher_that_does_not_fit_is_refused(trainer, plain_recipe, teacher, data, tmp_path):
    def refused(message, recipe, **options):
        with pytest.raises(TrainingError, match=message):
            trainer(recipe, tmp_path / "run", **options)

    distils = plain_recipe(distillation={})
    refused("learns from a teacher; name the teacher's run with --teacher", distils)
    refused("does not learn from a teacher", plain_recipe(), teacher=teacher)
    refused("not a training run", distils, teacher=tmp_path)
    small = plain_recipe(distillation={}, network={"input_height": 32})
    refused("takes images of 64x32, the student of 32x32", small, teacher=teacher)
    other = dataclasses.replace(data, description={"name": "others"})
    message = "the classes of 'patterns' and not exactly those of 'others'"
    refused(message, distils, teacher=teacher, data=other)
    short = plain_recipe(distillation={"target": "embedding"}, network={"embedding_dim": 8})
    refused("has 16 values, the student's 8; set network.embedding_dim=16", short, teacher=teacher)


def test_a_teacher_of_other_people_gives_its_embedding(
    trainer, plain_recipe, teacher, data, tmp_path
):
    other = dataclasses.replace(data, description={"name": "others"})
    recipe = plain_recipe(distillation={"target": "embedding"})
    trainer(recipe, tmp_path / "run", teacher=teacher, data=other)
