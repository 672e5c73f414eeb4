import colorsys

import numpy as np
import pytest
from bireid_runtime.errors import ImageError

from bireid_deploy.tasks.reid.histogram import HISTOGRAM_SIZE, histogram_embeddings


def random_images(count=3, height=50, width=17):
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


def pixel_by_pixel(image):
    """The definition, with the HSV conversion of the standard library."""
    height, width = image.shape[:2]
    histogram = np.zeros((6, 8, 4, 4))
    for y in range(height):
        stripe = y * 6 // height
        rows_of_stripe = sum(other * 6 // height == stripe for other in range(height))
        for x in range(width):
            hue, saturation, value = colorsys.rgb_to_hsv(*(image[y, x] / 255))
            cell = (min(int(hue * 8), 7), min(int(saturation * 4), 3), min(int(value * 4), 3))
            histogram[(stripe, *cell)] += 1 / (rows_of_stripe * width)
    root = np.sqrt(histogram.ravel())
    return root / np.linalg.norm(root)


def test_agrees_with_the_definition_pixel_by_pixel():
    images = random_images()
    # Greys, primaries and their mixtures sit on the borders of the hue bins.
    images[0, 0, :8] = [
        [0, 0, 0],
        [255, 255, 255],
        [255, 0, 0],
        [0, 255, 0],
        [0, 0, 255],
        [255, 0, 255],
        [128, 128, 128],
        [1, 0, 0],
    ]

    embeddings = histogram_embeddings(images)

    assert embeddings.dtype == np.float32
    assert embeddings.shape == (3, HISTOGRAM_SIZE)
    np.testing.assert_allclose(embeddings, [pixel_by_pixel(image) for image in images], atol=1e-6)


def test_rows_have_unit_length_and_do_not_depend_on_their_neighbours():
    images = random_images(count=130, height=13, width=5)

    embeddings = histogram_embeddings(images)

    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1, rtol=1e-6)
    np.testing.assert_array_equal(histogram_embeddings(images[100:101])[0], embeddings[100])


def test_the_same_clothes_are_nearer_than_other_clothes():
    noise = np.random.default_rng(1).integers(0, 20, (3, 60, 20, 3), dtype=np.uint8)
    images = noise + np.uint8([200, 30, 30])
    images[2, :30] = noise[2, :30] + np.uint8([30, 30, 200])

    first, second, other = histogram_embeddings(images)

    assert first @ second > first @ other + 0.2


def test_no_images_give_no_embeddings():
    assert histogram_embeddings(np.zeros((0, 12, 4, 3), np.uint8)).shape == (0, HISTOGRAM_SIZE)


@pytest.mark.parametrize(
    "images",
    [
        np.zeros((1, 12, 4, 3)),
        np.zeros((12, 4, 3), np.uint8),
        np.zeros((1, 12, 4, 4), np.uint8),
        np.zeros((1, 5, 4, 3), np.uint8),
        np.zeros((1, 12, 0, 3), np.uint8),
    ],
)
def test_other_arrays_are_refused(images):
    with pytest.raises(ImageError):
        histogram_embeddings(images)
