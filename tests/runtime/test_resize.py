import numpy as np
import pytest
from bireid_runtime.errors import ArgumentError, ImageError
from bireid_runtime.resize import resize_bilinear, resize_image
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image

SIDE = st.integers(1, 90)


def by_pillow(image: np.ndarray, height: int, width: int, kernel: str = "bilinear") -> np.ndarray:
    resampling = Image.Resampling[kernel.upper()]
    return np.asarray(Image.fromarray(image).resize((width, height), resampling))


@settings(max_examples=200, deadline=None)
@given(SIDE, SIDE, SIDE, SIDE, st.integers(0, 2**32 - 1))
@example(1, 1, 128, 64, 0)
@example(128, 64, 1, 1, 0)
@example(200, 80, 128, 64, 0)
@example(128, 64, 256, 128, 0)
@example(400, 180, 128, 64, 0)
@example(300, 20, 128, 64, 0)
@example(20, 300, 128, 64, 0)
@example(1081, 719, 128, 64, 0)
def test_equals_pillow_bit_for_bit(height, width, new_height, new_width, seed):
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    resized = resize_bilinear(image, new_height, new_width)
    assert resized.dtype == np.uint8
    np.testing.assert_array_equal(resized, by_pillow(image, new_height, new_width))


@settings(max_examples=100, deadline=None)
@given(SIDE, SIDE, SIDE, SIDE, st.booleans(), st.integers(0, 2**32 - 1))
@example(1, 1, 128, 64, False, 0)
@example(128, 64, 256, 128, True, 0)
@example(300, 20, 128, 64, True, 0)
@example(1081, 719, 128, 64, False, 0)
def test_bicubic_equals_pillow_bit_for_bit(height, width, new_height, new_width, edges, seed):
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    if edges:
        # Black and white beside each other overshoot both ends.
        image = np.where(image > 127, 255, 0).astype(np.uint8)
    np.testing.assert_array_equal(
        resize_image(image, new_height, new_width, "bicubic"),
        by_pillow(image, new_height, new_width, "bicubic"),
    )


def by_the_four_nearest(image: np.ndarray, height: int, width: int) -> np.ndarray:
    """The definition of OpenCV and PyTorch in float64: pixels stand at their centres."""
    for axis, size in ((0, height), (1, width)):
        source = image.shape[axis]
        places = np.clip((np.arange(size) + 0.5) * (source / size) - 0.5, 0, source - 1)
        below = np.floor(places).astype(int)
        share = (places - below).reshape([-1 if each == axis else 1 for each in range(3)])
        above = np.minimum(below + 1, source - 1)
        first, second = image.take(below, axis), image.take(above, axis)
        image = first * (1 - share) + second * share
    return image


@settings(max_examples=60, deadline=None)
@given(SIDE, SIDE, SIDE, SIDE, st.integers(0, 2**32 - 1))
@example(128, 64, 256, 128, 0)
@example(256, 128, 128, 64, 0)
@example(1081, 719, 128, 64, 0)
@example(1, 1, 128, 64, 0)
def test_without_antialiasing_it_is_the_four_nearest(height, width, new_height, new_width, seed):
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    found = resize_image(image, new_height, new_width, "bilinear", antialias=False)
    exact = by_the_four_nearest(image.astype(np.float64), new_height, new_width)
    # Half a grey level per pass.
    assert np.abs(found - exact).max() <= 1.0 + 1e-4


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 60), st.integers(1, 60), st.integers(1, 30), st.integers(-1, 1))
def test_pass_order_equals_pillow_at_its_switch(width, new_height, columns_saved, offset):
    new_width = max(width - columns_saved, 1)
    height = new_height + 2 * (width - new_width) + offset
    if height < 1:
        return
    rng = np.random.default_rng(width)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    np.testing.assert_array_equal(
        resize_bilinear(image, new_height, new_width), by_pillow(image, new_height, new_width)
    )


@pytest.mark.parametrize("value", [0, 255])
def test_flat_images_stay_flat(value):
    image = np.full((97, 31, 3), value, np.uint8)
    assert (resize_bilinear(image, 128, 64) == value).all()


def test_batch_equals_single_images():
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 50, 33, 3), dtype=np.uint8)
    resized = resize_bilinear(images, 16, 40)
    assert resized.shape == (2, 3, 16, 40, 3)
    np.testing.assert_array_equal(resized[1, 2], resize_bilinear(images[1, 2], 16, 40))


def test_views_with_strides_are_read_in_the_right_order():
    image = np.random.default_rng(0).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    flipped = image[::2, ::-1, ::-1]
    np.testing.assert_array_equal(
        resize_bilinear(flipped, 9, 50), by_pillow(np.ascontiguousarray(flipped), 9, 50)
    )


def test_same_size_is_not_copied():
    image = np.zeros((128, 64, 3), np.uint8)
    assert np.shares_memory(resize_bilinear(image, 128, 64), image)


@pytest.mark.parametrize(
    "image",
    [
        np.zeros((4, 4, 3), np.float32),
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 65), np.uint8),
        np.zeros((4, 4, 0), np.uint8),
        np.zeros((0, 4, 3), np.uint8),
        np.zeros((4, 0, 3), np.uint8),
        [[[0, 0, 0]]],
    ],
)
def test_other_arrays_are_refused(image):
    with pytest.raises(ImageError):
        resize_bilinear(image, 8, 8)


@pytest.mark.parametrize("size", [(0, 8), (8, -1)])
def test_impossible_target_is_refused(size):
    with pytest.raises(ArgumentError, match="at least 1"):
        resize_bilinear(np.zeros((4, 4, 3), np.uint8), *size)


@pytest.mark.parametrize("channels", [1, 2, 6, 64])
def test_every_channel_is_resized_like_a_grey_image(channels):
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (37, 21, channels), dtype=np.uint8)
    resized = resize_bilinear(image, 16, 30)
    for channel in range(channels):
        grey = Image.fromarray(image[..., channel])
        expected = grey.resize((30, 16), Image.Resampling.BILINEAR)
        np.testing.assert_array_equal(resized[..., channel], np.asarray(expected))
