import numpy as np
import pytest
from bireid_converters.errors import ConversionError
from bireid_converters.formats import find_format
from bireid_converters.onnx_export import export_onnx
from bireid_converters.parity import ParityThresholds
from bireid_converters.parity import compare_engines as compare_opened
from bireid_converters.parity.agreement import agreement as compare_outputs
from bireid_runtime import OutputSpec

EMBEDDING = OutputSpec.embedding("embedding", 64)
PAIR = OutputSpec.embedding("embedding", 2)


def compare_engines(files, images):
    opened = {name: find_format(name).open(data) for name, data in files.items()}
    return compare_opened(opened, {"image": images}, [EMBEDDING])


def agreement(found, expected, images, reference, thresholds, spec=PAIR):
    """Of one output, for a network of one input."""

    def named_reference(inputs):
        return {spec.name: reference(inputs["image"])}

    return compare_outputs(
        {spec.name: found},
        {spec.name: expected},
        [spec],
        {"image": images},
        named_reference,
        thresholds,
    )


@pytest.fixture(scope="module")
def images():
    return np.random.default_rng(3).normal(size=(32, 64, 32, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def files(small_network, small_lce):
    return {"lce": small_lce, "onnx": export_onnx(small_network)}


def test_sound_engines_agree(files, images):
    comparison = compare_engines(files, images)

    assert comparison.passed
    assert comparison.agreements["lce vs onnx"].agreeing_share >= 0.85


def test_engines_of_different_networks_do_not(small_network, files, images, toys):
    from bireid_models.network import build_network

    other = build_network(small_network.config)
    toys.randomize(other.model, seed=99)

    comparison = compare_engines({"lce": files["lce"], "onnx": export_onnx(other)}, images)

    assert not comparison.passed
    assert comparison.failures["lce vs onnx"].startswith("lce: 0% of 32 crops within 0.001 of onnx")


class _Fixed:
    """A converted file that gives these rows, whatever goes in."""

    def __init__(self, rows):
        self._rows = rows

    def run(self, inputs):
        return {EMBEDDING.name: self._rows}


def test_a_failure_is_told_of_its_own_pair_alone(images):
    right = np.eye(len(images), EMBEDDING.shape[0], dtype=np.float32)
    files = {"first": _Fixed(right), "second": _Fixed(right), "third": _Fixed(-right)}

    comparison = compare_opened(files, {"image": images}, [EMBEDDING])

    assert comparison.agreements.keys() == {"first vs second", "first vs third", "second vs third"}
    assert comparison.failures.keys() == {"first vs third", "second vs third"}
    assert comparison.failures["second vs third"].startswith("second: ")


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


LOGITS = OutputSpec.logits("logits", ["a", "b", "c"])


@pytest.mark.parametrize("spec", [LOGITS, OutputSpec.tensor("map", (3,))], ids=lambda s: s.kind)
@pytest.mark.parametrize(("difference", "agrees"), [(0.04, True), (0.06, False)])
def test_other_kinds_agree_relative_to_their_largest_number(spec, difference, agrees):
    """The largest number is 50, so that 0.05 may lie between."""
    expected = np.tile(np.float32([50, -20, 1]), (20, 1))
    found = expected + np.float32([0, 0, difference])
    result = agreement(
        found, expected, np.zeros((20, 1)), lambda noisy: expected, ParityThresholds(), spec
    )
    assert (result.failure("Keras", ParityThresholds()) is None) is agrees


def test_small_numbers_agree_absolutely():
    expected = np.full((20, 3), 1e-3, np.float32)
    found = expected + np.float32([0, 0, 9e-4])
    thresholds = ParityThresholds(min_mean_cosine=0.7)
    result = agreement(
        found, expected, np.zeros((20, 1)), lambda noisy: expected, thresholds, LOGITS
    )
    assert result.agreeing_share == 1


def test_an_item_agrees_if_all_its_outputs_do():
    """Half of the embeddings differ in the first ten, all of the logits in the last one."""
    embeddings = unit_rows(np.zeros(20))
    logits = np.tile(np.float32([1, 2, 3]), (20, 1))
    expected = {"embedding": embeddings, "logits": logits}
    found = {
        "embedding": unit_rows(np.where(np.arange(20) < 10, 0.1, 0)),
        "logits": logits + np.where(np.arange(20) == 19, 1, 0)[:, None].astype(np.float32),
    }
    result = compare_outputs(
        found,
        expected,
        [PAIR, LOGITS],
        {"image": np.zeros((20, 1))},
        lambda noisy: expected,
        ParityThresholds(),
    )
    assert result.agreeing_share == 0.45
    assert result.mean_cosine == pytest.approx((10 + 10 * np.cos(0.1)) / 20)
    missing = compare_outputs(
        {"embedding": embeddings},
        expected,
        [PAIR, LOGITS],
        {"image": np.zeros((20, 1))},
        lambda noisy: expected,
        ParityThresholds(),
    )
    assert "0% of 20 crops" in missing.failure("Keras", ParityThresholds())
