"""KR-GAL and FR-GAL on every backbone."""

import numpy as np
import pytest
from bireid_models.backbones import BACKBONES
from bireid_models.config import NetworkConfig
from bireid_models.framework import tf
from bireid_models.layers import binary_layers
from bireid_models.network import build_network

from bireid_deploy.training.methods.adversarial import discriminators_loss
from bireid_deploy.training.methods.feature_refining.game import FeatureRefining
from bireid_deploy.training.methods.feature_refining.section import FeatureRefiningSection
from bireid_deploy.training.methods.kernel_refining.game import KernelRefining
from bireid_deploy.training.methods.kernel_refining.section import KernelRefiningSection

# FR-GAL's pairs reach to stage 4, which a part of ResNet-18 lacks, WideResNet and CDNet.
WHOLE = [name for name in BACKBONES if not name.startswith(("resnet18_", "wide_", "cdnet"))]


@pytest.mark.slow
@pytest.mark.parametrize("backbone", WHOLE)
def test_both_games_reach_every_binary_layer_and_every_stage(backbone):
    config = NetworkConfig(backbone=backbone, width=0.125, input_height=32, input_width=32)
    network = build_network(config)
    layers = binary_layers(network.model)
    kernel = KernelRefining.build(layers, KernelRefiningSection())
    feature = FeatureRefining.build(network.features, FeatureRefiningSection())
    images = np.random.default_rng(0).normal(size=(2, 32, 32, 3)).astype(np.float32)
    with tf.GradientTape(persistent=True) as tape:
        maps = network.features(images, training=True)
        targets = feature.targets(maps)
        samples = feature.samples(maps, targets, tf.constant([0, 0]))
        kernel_loss = kernel.mse_loss() + kernel.adversarial_loss(kernel.samples(0))
        feature_loss = feature.mse_loss(maps, targets) + feature.adversarial_loss(samples)
        ascent = discriminators_loss(feature.discriminators, samples)
    latent = [layer.kernel for layer in layers]
    assert all(each is not None for each in tape.gradient(kernel_loss, latent))
    lower = [layer.kernel for layer in layers if layer.name.startswith(("stage1", "stage2"))]
    assert lower
    assert all(float(tf.norm(each)) > 0 for each in tape.gradient(feature_loss, lower))
    learning = tape.gradient(ascent, feature.adversaries)
    assert all(each is not None for each in learning)
