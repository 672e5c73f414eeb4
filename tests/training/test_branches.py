"""A head with several branches: every one has a classifier, and the losses are added."""

import types

import numpy as np
import pytest
from bireid_models.framework import keras, tf

from bireid_deploy.tasks.reid.step import ReIdStep
from bireid_deploy.tasks.reid.triplet import batch_hard_triplet_loss
from bireid_deploy.tasks.supervised import LossSection
from bireid_deploy.training.cross_entropy import smoothed_cross_entropy

SIZES = {
    "pooled": 4,
    "neck": 6,
    "classifier_input": 6,
    "local_pooled": 3,
    "local_neck": 5,
    "local_classifier_input": 5,
}


def test_the_losses_of_all_branches_are_added():
    image = keras.Input((8,))
    maps = {name: keras.layers.Dense(size)(image) for name, size in SIZES.items()}
    network = types.SimpleNamespace(features=keras.Model(image, maps))
    options = LossSection(label_smoothing=0.1, identity_weight=0.5, triplet_weight=2.0)
    step = ReIdStep(network, 3, options)
    kernels = {name: tuple(each.shape) for name, each in step.variables.items()}
    assert kernels == {"classifier/kernel:0": (6, 3), "local_classifier/kernel:0": (5, 3)}
    labels = tf.constant([0, 0, 1, 1, 2, 2])
    features = network.features(np.random.default_rng(0).normal(size=(6, 8)))
    predictions = step.predict(features)
    found = step.terms(features, predictions, labels)
    inputs = ("classifier_input", "local_classifier_input")
    expected = [
        smoothed_cross_entropy(features[name] @ kernel, labels, 0.1)
        for name, kernel in zip(inputs, step.variables.values(), strict=True)
    ]
    assert float(found["identity"]) == pytest.approx(0.5 * float(sum(expected)), rel=1e-6)
    triplets = [
        batch_hard_triplet_loss(features[name], labels, 0.3) for name in ("pooled", "local_pooled")
    ]
    assert float(found["triplet"]) == pytest.approx(2 * float(sum(triplets)), rel=1e-6)
    assert min(map(float, (*expected, *triplets))) > 0
