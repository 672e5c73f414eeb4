import numpy as np
import pytest
from bireid_converters.errors import ConversionError
from bireid_converters.onnx_export import export_onnx
from bireid_converters.parity import ParityThresholds, compare_engines
from bireid_converters.parity.agreement import agreement


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(3).normal(size=(32, 64, 32, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def files(small_network, small_lce):
    return {"lce": small_lce, "onnx": export_onnx(small_network)}


def test_sound_engines_agree(files, images):
    comparison = compare_engines(files, images)

    assert comparison.failure is None
    assert comparison.agreements["lce vs onnx"].agreeing_share >= 0.85


def test_engines_of_different_networks_do_not(small_network, files, images, toys):
    from bireid_models.network import build_network

    other = build_network(small_network.config)
    toys.randomize(other.model, seed=99)

    comparison = compare_engines({"lce": files["lce"], "onnx": export_onnx(other)}, images)

    assert not comparison.passed
    assert comparison.failure.startswith("lce: 0% of 32 crops within 0.001 of onnx")


def test_one_file_has_nothing_to_compare_with(files, images):
    with pytest.raises(ConversionError, match="nothing to compare"):
        compare_engines({"lce": files["lce"]}, images)


def unit_rows(angles):
    return np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)


@pytest.mark.parametrize(("fragile", "passes"), [(12, True), (2, False)])
def test_few_agreeing_crops_are_judged_by_how_fragile_the_network_is(fragile, passes):
    """`fragile` of 20 crops change under noise; 10 of 20 differ in the file, by a small angle."""
    images = np.zeros((20, 1, 1, 1), np.float32)
    expected = unit_rows(np.zeros(20))
    found = unit_rows(np.where(np.arange(20) < 10, 0.1, 0))
    assert images.std() == 0

    def reference(noisy):
        assert 1e-6 < noisy.std() < 1e-4
        return unit_rows(np.where(np.arange(20) < fragile, 0.1, 0))

    result = agreement(found, expected, images, reference, ParityThresholds())

    assert result.agreeing_share == 0.5
    assert result.control_share == 1 - fragile / 20
    assert (result.failure("Keras", ParityThresholds()) is None) is passes


def test_the_mean_cosine_counts_however_fragile_the_network_is():
    expected = unit_rows(np.zeros(20))
    found = unit_rows(np.where(np.arange(20) < 10, 1.0, 0))
    images = np.zeros((20, 1, 1, 1), np.float32)

    result = agreement(found, expected, images, lambda noisy: -expected, ParityThresholds())

    assert "mean cosine 0.77" in result.failure("Keras", ParityThresholds())


def test_enough_agreeing_crops_need_no_control():
    expected = unit_rows(np.linspace(0, 1, 20))

    def reference(noisy):
        raise AssertionError("not needed")

    result = agreement(expected, expected, np.zeros((20, 1)), reference, ParityThresholds())
    assert result.control_share is None
    assert result.failure("Keras", ParityThresholds()) is None


def test_embeddings_of_another_length_fail():
    expected = unit_rows(np.zeros(4))
    result = agreement(
        expected[:, :1], expected, np.zeros((4, 1)), lambda noisy: expected, ParityThresholds()
    )
    assert "0% of 4 crops" in result.failure("Keras", ParityThresholds())
