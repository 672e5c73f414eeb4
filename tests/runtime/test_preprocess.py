import numpy as np
import pytest
from bireid_runtime.errors import ArgumentError, BundleError, ImageError, UnsupportedModelError
from bireid_runtime.preprocess import Preprocess, normalize, preprocess
from PIL import Image

SPEC = Preprocess(height=128, width=64)


def test_equation_against_pillow_and_float64():
    image = np.random.default_rng(0).integers(0, 256, (211, 83, 3), dtype=np.uint8)
    resized = np.asarray(Image.fromarray(image).resize((64, 128), Image.Resampling.BILINEAR))
    expected = (resized / 255.0 - np.array([0.485, 0.456, 0.406])) / [0.229, 0.224, 0.225]
    actual = preprocess(image, SPEC)
    assert actual.dtype == np.float32
    assert actual.shape == (128, 64, 3)
    np.testing.assert_allclose(actual, expected, atol=1e-6)


def test_channels_keep_their_own_mean_and_std():
    spec = Preprocess(1, 2, mean=(0.0, 0.5, 1.0), std=(1.0, 0.5, 0.25))
    white = np.full((5, 1, 2, 3), 255, np.uint8)
    normalized = normalize(white, spec)
    assert normalized.shape == white.shape
    np.testing.assert_array_equal(normalized[4, 0, 1], [1.0, 1.0, 0.0])


def test_normalize_leaves_its_input_alone():
    image = np.full((2, 2, 3), 9, np.uint8)
    normalize(image, SPEC)
    assert (image == 9).all()


@pytest.mark.parametrize(
    "image", [np.zeros((2, 4, 4, 3), np.uint8), np.zeros((4, 4, 3)), np.zeros((4, 4), np.uint8)]
)
def test_preprocess_takes_one_rgb_crop(image):
    with pytest.raises(ImageError):
        preprocess(image, SPEC)


def test_manifest_round_trip():
    spec = Preprocess(256, 128, mean=(0.5, 0.4, 0.3), std=(0.1, 0.2, 0.3))
    assert Preprocess.from_manifest(spec.to_manifest()) == spec


@pytest.mark.parametrize("key", list(SPEC.to_manifest()))
def test_missing_key_is_named(key):
    values = SPEC.to_manifest()
    del values[key]
    with pytest.raises(BundleError, match=rf"preprocess\.{key}' is missing"):
        Preprocess.from_manifest(values)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("height", 0),
        ("height", 4097),
        ("height", 128.0),
        ("width", True),
        ("width", "64"),
        ("mean", []),
        ("mean", [0.5] * 65),
        ("std", [0.2, 0.2]),
        ("mean", [0.5, 0.5, "0.5"]),
        ("mean", [0.5, 0.5, float("nan")]),
        ("mean", [0.5, 0.5, 10**400]),
        ("mean", 0.5),
        ("std", [0.2, 0.2, 0.0]),
        ("std", [0.2, 0.2, -1]),
        ("std", [0.2, 0.2, True]),
        ("antialias", 1),
        ("resize", None),
        ("color_order", ""),
        ("crop", "center"),
    ],
)
def test_malformed_value_is_named(key, value):
    with pytest.raises(BundleError, match=rf"preprocess\.{key}'"):
        Preprocess.from_manifest({**SPEC.to_manifest(), key: value})


@pytest.mark.parametrize(
    ("key", "values"),
    [
        ("color_order", {"color_order": "BGR"}),
        ("resize", {"resize": "nearest"}),
        ("antialias", {"resize": "bicubic", "antialias": False}),
    ],
)
def test_options_that_do_not_exist_are_unsupported(key, values):
    with pytest.raises(UnsupportedModelError, match=rf"preprocess\.{key}"):
        Preprocess.from_manifest({**SPEC.to_manifest(), **values})
    if key != "color_order":
        with pytest.raises(UnsupportedModelError, match=rf"preprocess\.{key}"):
            Preprocess(128, 64, **values)


def test_antialiasing_can_be_left_out_of_the_bilinear_kernel():
    spec = Preprocess(16, 8, antialias=False)
    assert Preprocess.from_manifest(spec.to_manifest()) == spec
    image = np.random.default_rng(0).integers(0, 256, (160, 80, 3), dtype=np.uint8)
    plain, smooth = preprocess(image, spec), preprocess(image, Preprocess(16, 8))
    # Ten times smaller: the mean of noise against four pixels of it.
    assert plain.std() > 3 * smooth.std()


@pytest.mark.parametrize(
    "options", [{"height": 0}, {"width": 5000}, {"std": (1.0, 1.0, 0.0)}, {"mean": (0.0, 0.0)}]
)
def test_constructor_checks_ranges(options):
    with pytest.raises(ArgumentError):
        Preprocess(**{"height": 128, "width": 64, **options})
