import numpy as np
import pytest

from bireid_deploy.data.augmentation import Augmentation, augment
from bireid_deploy.data.color import ColorJitter, jitter_colors
from bireid_deploy.data.degradation import Degradation, degrade
from bireid_deploy.errors import RecipeError

LUMA = np.array([0.299, 0.587, 0.114])


@pytest.fixture
def crops():
    """Soft colours away from both ends, so that nothing is clipped."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(80, 140, (40, 8, 4, 3), dtype=np.uint8)
    return coarse.repeat(8, axis=1).repeat(8, axis=2)


def moved(crops, seed=0, **strengths):
    strengths = {"probability": 1.0, **strengths}
    return jitter_colors(crops, ColorJitter(**strengths), np.random.default_rng(seed)).astype(float)


def luma(crops):
    return crops.astype(float) @ LUMA


def test_brightness_multiplies(crops):
    factors = moved(crops, brightness=0.4).reshape(40, -1) / crops.reshape(40, -1)
    assert np.ptp(factors, axis=1).max() < 0.02
    assert factors.min() >= 0.59
    assert factors.max() <= 1.41
    assert np.ptp(factors[:, 0]) > 0.5


def test_contrast_keeps_the_mean_luma(crops):
    result = moved(crops, contrast=0.4)
    means = luma(result).mean((1, 2))
    np.testing.assert_allclose(means, luma(crops).mean((1, 2)), atol=1)
    slopes = luma(result).std((1, 2)) / luma(crops).std((1, 2))
    assert slopes.min() < 0.75
    assert slopes.max() > 1.25


def test_saturation_and_hue_keep_what_they_should(crops):
    np.testing.assert_allclose(luma(moved(crops, saturation=0.6)), luma(crops), atol=1)
    turned = moved(crops, hue=0.5)
    # A turn about the grey axis keeps the sum of the channels.
    np.testing.assert_allclose(turned.sum(-1), crops.sum(-1, dtype=int), atol=3)
    assert np.abs(turned - crops).max() > 15


def test_white_balance_multiplies_each_channel(crops):
    gains = moved(crops, white_balance=0.3) / crops
    assert np.ptp(gains, axis=(1, 2)).max() < 0.03
    assert np.ptp(gains.mean((1, 2)), axis=1).max() > 0.2


def test_gamma_keeps_black_and_white():
    ends = np.array([0, 128, 255], np.uint8)[None, :, None, None].repeat(50, 0).repeat(3, -1)
    result = moved(ends, gamma=0.5)[:, :, 0, 0]
    assert set(result[:, 0]) == {0}
    assert set(result[:, 2]) == {255}
    assert result[:, 1].min() < 110 < 150 < result[:, 1].max()


def test_grey_has_no_colour_and_keeps_luma(crops):
    result = jitter_colors(crops, ColorJitter(grey=1.0), np.random.default_rng(0))
    assert (result == result[..., :1]).all()
    np.testing.assert_allclose(luma(result), luma(crops), atol=1)


def test_each_as_often_as_asked(crops):
    many = np.concatenate([crops] * 10)
    half = moved(many, probability=0.5, brightness=0.5)
    changed = (half != many).any((1, 2, 3))
    assert 160 < changed.sum() < 240
    degraded = degrade(many, Degradation(blur=0.5), np.random.default_rng(0))
    assert 160 < (degraded != many).any((1, 2, 3)).sum() < 240


@pytest.mark.parametrize("kind", ["resolution", "blur", "jpeg"])
def test_detail_is_lost(kind):
    grain = np.random.default_rng(0).integers(0, 256, (8, 64, 32, 3), dtype=np.uint8)
    result = degrade(grain, Degradation(**{kind: 1.0}), np.random.default_rng(1))
    assert result.dtype == np.uint8
    assert result.shape == grain.shape

    def steps(crops):
        return np.abs(np.diff(crops.astype(int), axis=2)).mean((1, 2, 3))

    assert (steps(result) < 0.98 * steps(grain)).all()


def test_the_generator_decides_and_the_input_stays(spec, crops):
    before = crops.copy()
    strong = Augmentation(
        color=ColorJitter(0.8, 0.4, 0.4, 0.4, 0.1, 0.2, 0.2, 0.1),
        degradation=Degradation(0.3, 0.3, 0.3),
    )

    def run(seed):
        return augment(crops, spec, strong, np.random.default_rng(seed))

    np.testing.assert_array_equal(run(3), run(3))
    assert not np.array_equal(run(3), run(4))
    np.testing.assert_array_equal(crops, before)


@pytest.fixture
def spec():
    from bireid_runtime.preprocess import Preprocess

    return Preprocess(height=64, width=32)


@pytest.mark.parametrize("change", [{"hue": 0.6}, {"brightness": 1.5}, {"probability": -0.1}])
def test_colours_out_of_range(change):
    with pytest.raises(RecipeError, match=next(iter(change))):
        ColorJitter(**change)


def test_degradation_out_of_range():
    with pytest.raises(RecipeError, match=r"jpeg is 2"):
        Degradation(jpeg=2)
