"""1-bit kernels on real-valued activations: trained, opened again, deployed."""

import numpy as np
from bireid_models.layers import latent_layers

from bireid_deploy.trained_run import open_run


def test_training_moves_latent_kernels_and_deploys_two_values_per_channel(
    trainer, plain_recipe, tmp_path
):
    trained = trainer(plain_recipe(network={"precision": "binary_weights"}), tmp_path / "run")
    layers = latent_layers(trained.network.model)
    before = [layer.kernel.numpy() for layer in layers]
    alphas = [layer.alpha.numpy() for layer in layers]
    # Not 1, but the mean of the kernel.
    assert all(0 < alpha.max() < 0.9 for alpha in alphas)
    trained.train()
    for layer, kernel, alpha in zip(layers, before, alphas, strict=True):
        moved = layer.kernel.numpy()
        assert np.abs(moved - kernel).max() > 1e-4
        assert np.abs(moved).max() <= 1
        assert np.abs(layer.alpha.numpy() - alpha).max() > 1e-6

    opened = open_run(tmp_path / "run")
    deployment = opened.deployment()
    assert deployment.config.precision == "real"
    images = np.random.default_rng(0).normal(size=(2, 64, 32, 3)).astype(np.float32)
    expected = np.asarray(opened.network.model(images))
    np.testing.assert_allclose(deployment.model(images), expected, atol=1e-5)
    for layer in latent_layers(opened.network.model):
        kernel = deployment.model.get_layer(layer.name).kernel.numpy()
        sizes = np.abs(kernel).reshape(-1, kernel.shape[-1])
        assert np.all(sizes == sizes[0])
        assert np.array_equal(np.sign(kernel[..., 0]), np.sign(layer.deployed_kernel()[..., 0]))
