"""Batch normalisation estimated again, held to what it must hold for every layer."""

import numpy as np
import pytest
from bireid_models.framework import keras
from bireid_runtime.errors import UnsupportedModelError
from bireid_runtime.preprocess import Preprocess, normalize

from bireid_deploy.adaptation.cameras import adapt_network, camera_model
from bireid_deploy.adaptation.embedding import KerasEmbedder
from bireid_deploy.adaptation.normalisation import (
    StatisticsEstimator,
    assign,
    batch_normalisations,
    kept,
    read,
)
from bireid_deploy.adaptation.plan import Plan
from bireid_deploy.adaptation.run_copy import copy_run
from bireid_deploy.errors import TrainingError
from bireid_deploy.trained_run import open_run
from bireid_deploy.training.run_directory import RunDirectory

SPEC = Preprocess(32, 32)


def _moments(model, pixels):
    """Mean and variance of what every batch normalisation sees, in inference mode, by its name."""
    layers = batch_normalisations(model)
    taps = keras.Model(model.inputs, {each.name: each.input for each in layers})
    seen = taps(normalize(pixels, SPEC), training=False)
    values = {name: each.numpy().astype(np.float64) for name, each in seen.items()}
    return {
        name: (
            each.mean(axis=tuple(range(each.ndim - 1))),
            each.var(axis=tuple(range(each.ndim - 1))),
        )
        for name, each in values.items()
    }


def test_every_layer_gets_the_moments_of_what_it_then_sees(trained, crops):
    model = trained.network.model
    weights = {each.name: each.numpy() for each in model.trainable_variables}
    before = read(model)
    found = StatisticsEstimator(model, SPEC)(crops.pixels)
    assert found.passes <= len(batch_normalisations(model)) + 1
    for name, values in read(model).items():
        np.testing.assert_array_equal(values, before[name])
    assign(model, found.statistics)
    moments = _moments(model, crops.pixels)
    assert len(moments) == len(batch_normalisations(model)) > 4
    for layer in batch_normalisations(model):
        mean, variance = moments[layer.name]
        deviation = np.sqrt(variance + layer.epsilon)
        assert np.abs((layer.moving_mean.numpy() - mean) / deviation).max() < 0.05
        floor = variance < 0.011 * before[f"{layer.name}/moving_variance:0"]
        ratio = np.sqrt(layer.moving_variance.numpy() + layer.epsilon) / deviation
        assert np.abs(ratio[~floor] - 1).max(initial=0) < 0.05
    for each in model.trainable_variables:
        np.testing.assert_array_equal(each, weights[each.name])


def test_neither_order_nor_batches_matter(trained, crops):
    model = trained.network.model
    estimate = StatisticsEstimator(model, SPEC)
    one = estimate(crops.pixels).statistics
    two = estimate(crops.pixels[::-1]).statistics
    again = estimate(crops.pixels).statistics
    for name, values in one.items():
        np.testing.assert_allclose(values, two[name], rtol=1e-3, atol=1e-4)
        np.testing.assert_array_equal(values, again[name])


def test_a_channel_that_is_constant_here_keeps_a_share_of_its_variance(trained, crops):
    model = trained.network.model
    flat = np.zeros_like(crops.pixels[:4])
    before, found = read(model), StatisticsEstimator(model, SPEC)(flat).statistics
    for name, values in found.items():
        if name.endswith("variance:0"):
            assert (values >= 0.0099 * before[name]).all()


def test_a_network_without_batch_normalisation_is_refused(crops):
    image = keras.Input((32, 32, 3))
    model = keras.Model(image, keras.layers.GlobalAveragePooling2D()(image))
    with pytest.raises(UnsupportedModelError, match=r"no batch normalisation .*--level camera"):
        StatisticsEstimator(model, SPEC)(crops.pixels)


def test_a_camera_of_its_own_takes_out_what_the_camera_does(trained, crops):
    embed = KerasEmbedder(trained.network.model, SPEC)
    before = read(embed.model)
    adapted = adapt_network(embed, crops, Plan.of(["norm"], "camera", "mean"))
    assert adapted.after.mutual > adapted.before.mutual
    assert adapted.after.mixing > adapted.before.mixing
    for name, values in read(embed.model).items():
        np.testing.assert_array_equal(values, before[name])
    door, yard = adapted.cameras
    assert door.centre.mean is None
    stem = batch_normalisations(embed.model)[0].moving_mean.name
    assert np.abs(door.statistics[stem] - yard.statistics[stem]).max() > 0.01
    # One model serves both, whichever is asked for last.
    models = [camera_model(embed.model, each.statistics) for each in (door, yard)]
    with kept(embed.model):
        for each, give in zip((door, yard, door), (*models, models[0]), strict=True):
            np.testing.assert_array_equal(read(give())[stem], each.statistics[stem])


def test_both_levels_together_centre_what_the_cameras_own_network_gives(trained, crops):
    embed = KerasEmbedder(trained.network.model, SPEC)
    adapted = adapt_network(embed, crops, Plan.of(["norm", "camera"], "camera", "mean"))
    for position, camera in enumerate(adapted.cameras):
        with kept(embed.model):
            assign(embed.model, camera.statistics)
            vectors = embed(crops.of(position))
        np.testing.assert_allclose(camera.centre.mean, vectors.mean(axis=0), atol=1e-5)
        assert camera.centre.deviation is None


def test_for_all_cameras_together_the_run_is_another_run(trained, crops, run, tmp_path):
    embed = KerasEmbedder(trained.network.model, SPEC)
    adapted = adapt_network(embed, crops, Plan.of(["norm"], "all", "mean"))
    assert all(each.statistics is None for each in adapted.cameras)
    copy = RunDirectory(tmp_path / "copy")
    copy_run(RunDirectory(run), copy, read(embed.model), {"levels": ["norm"]})
    opened = open_run(copy.path)
    np.testing.assert_array_equal(
        KerasEmbedder(opened.network.model, SPEC)(crops.pixels), embed(crops.pixels)
    )
    assert opened.record["adaptation"] == [{"levels": ["norm"]}]
    with pytest.raises(TrainingError, match="holds a run already"):
        copy_run(RunDirectory(run), copy, read(embed.model), {})
    with pytest.raises(TrainingError, match="no variable 'network/other:0'"):
        copy_run(RunDirectory(run), RunDirectory(tmp_path / "b"), {"other:0": np.zeros(1)}, {})
    assert not (tmp_path / "b").exists()
