import numpy as np
import pytest
from bireid_runtime.preprocess import Preprocess, normalize
from hypothesis import given, settings
from hypothesis import strategies as st

from bireid_deploy.data.augmentation import Augmentation, augment
from bireid_deploy.errors import RecipeError

HEIGHT, WIDTH = 64, 32
SPEC = Preprocess(height=HEIGHT, width=WIDTH, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225))
NOTHING = Augmentation(flip_probability=0, pad=0, erasing_probability=0)


def batch(count: int, seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return rng.integers(1, 256, (count, HEIGHT, WIDTH, 3), dtype=np.uint8)


def run(pixels: np.ndarray, augmentation: Augmentation, seed: int = 0) -> np.ndarray:
    return augment(pixels, SPEC, augmentation, np.random.default_rng(seed))


def test_switched_off_it_only_normalises():
    pixels = batch(3)
    np.testing.assert_array_equal(run(pixels, NOTHING), normalize(pixels, SPEC))


def test_the_state_of_the_generator_decides_all():
    pixels = batch(16)
    before = pixels.copy()
    first = run(pixels, Augmentation(), seed=5)
    np.testing.assert_array_equal(first, run(pixels, Augmentation(), seed=5))
    assert not np.array_equal(first, run(pixels, Augmentation(), seed=6))
    assert first.dtype == np.float32
    assert first.shape == pixels.shape
    np.testing.assert_array_equal(pixels, before)


def test_flip():
    pixels = batch(400)
    plain = normalize(pixels, SPEC)
    mirrored = normalize(pixels[:, :, ::-1], SPEC)
    always = Augmentation(flip_probability=1, pad=0, erasing_probability=0)
    np.testing.assert_array_equal(run(pixels, always), mirrored)
    half = run(pixels, Augmentation(pad=0, erasing_probability=0))
    flipped = np.array([np.array_equal(a, b) for a, b in zip(half, mirrored, strict=True)])
    kept = np.array([np.array_equal(a, b) for a, b in zip(half, plain, strict=True)])
    assert (flipped ^ kept).all()
    assert 150 < flipped.sum() < 250


def test_shift_is_a_window_of_the_padded_image():
    pad = 3
    pixels = batch(200)
    result = run(pixels, Augmentation(flip_probability=0, pad=pad, erasing_probability=0))
    padded = normalize(np.pad(pixels, ((0, 0), (pad, pad), (pad, pad), (0, 0))), SPEC)
    places = set()
    for image, frame in zip(result, padded, strict=True):
        matches = [
            (top, left)
            for top in range(2 * pad + 1)
            for left in range(2 * pad + 1)
            if np.array_equal(image, frame[top : top + HEIGHT, left : left + WIDTH])
        ]
        assert len(matches) == 1
        places.add(matches[0])
    assert {top for top, _ in places} == {left for _, left in places} == set(range(2 * pad + 1))


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32))
def test_erased_rectangles_have_the_area_and_aspect_asked_for(seed):
    always = Augmentation(flip_probability=0, pad=0, erasing_probability=1)
    pixels = batch(8)
    fill = np.float32(always.erasing_fill)
    for image, plain in zip(run(pixels, always, seed), normalize(pixels, SPEC), strict=True):
        erased = (image == fill).all(-1)
        rows, columns = np.flatnonzero(erased.any(1)), np.flatnonzero(erased.any(0))
        height, width = len(rows), len(columns)
        assert erased.sum() == height * width > 0
        assert (np.diff(rows) == 1).all()
        assert (np.diff(columns) == 1).all()
        np.testing.assert_array_equal(image[~erased], plain[~erased])
        # Sides are rounded to whole pixels.
        area = HEIGHT * WIDTH
        assert (height + 0.5) * (width + 0.5) >= 0.02 * area
        assert (height - 0.5) * (width - 0.5) <= 0.4 * area
        assert (height + 0.5) / (width - 0.5) >= 0.3
        assert (height - 0.5) / (width + 0.5) <= 3.33


def test_erasing_happens_as_often_and_as_much_as_asked():
    pixels = batch(600)
    augmentation = Augmentation(flip_probability=0, pad=0)
    erased = (run(pixels, augmentation) == np.float32(augmentation.erasing_fill)).all(-1)
    share = erased.mean((1, 2))
    assert 240 < np.count_nonzero(share) < 360
    # Uniform in 0.02 to 0.4, less what does not fit: the mean lies near the middle.
    assert 0.12 < share[share > 0].mean() < 0.24


def test_full_size_256x128_erases_real_pixels():
    spec = Preprocess(height=256, width=128, mean=SPEC.mean, std=SPEC.std)
    pixels = np.full((20, 256, 128, 3), 7, np.uint8)
    always = Augmentation(flip_probability=0, pad=0, erasing_probability=1)
    result = augment(pixels, spec, always, np.random.default_rng(0))
    share = (result == np.float32(always.erasing_fill)).all(-1).mean((1, 2))
    assert share.min() > 0.015
    assert share.max() < 0.41


@pytest.mark.parametrize(
    "change",
    [
        {"flip_probability": 1.5},
        {"erasing_probability": -0.1},
        {"pad": -1},
        {"erasing_area": (0.0, 0.4)},
        {"erasing_area": (0.5, 0.4)},
        {"erasing_area": (0.5, 1.4)},
        {"erasing_aspect": (0.0, 3.0)},
    ],
)
def test_values_out_of_range(change):
    with pytest.raises(RecipeError, match=next(iter(change))):
        Augmentation(**change)
