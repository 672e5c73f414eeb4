import numpy as np
import pytest
from bireid_runtime import Golden, InputSpec, OutputSpec, Preprocess
from bireid_runtime.errors import BundleError
from bireid_runtime.golden import Tolerance
from bireid_runtime.manifest import Section
from bireid_runtime.safetensors import read_safetensors, write_safetensors

GREY = Preprocess(16, 8, (0.5,), (0.25,))
INPUTS = (InputSpec.image("image", GREY), InputSpec.tensor("points", (5, 3)))
OUTPUTS = (
    OutputSpec.embedding("embedding", 6),
    OutputSpec.logits("logits", ["cat", "dog"]),
    OutputSpec.tensor("map", (2, 2, 1)),
)
ITEMS = 3
SECTION = {
    "items": ITEMS,
    "tolerances": {
        "embedding": {"max_abs": 1e-3, "min_cosine": 0.999},
        "logits": {"max_abs": 0.02},
        "map": {"max_abs": 0.5},
    },
}


@pytest.fixture
def golden() -> Golden:
    rng = np.random.default_rng(0)
    sizes = [(16, 8), (1, 1), (37, 21)]
    rows = {spec.name: rng.normal(size=(ITEMS, *spec.shape)).astype(np.float32) for spec in OUTPUTS}
    return Golden(
        inputs={
            "image": tuple(rng.integers(0, 256, (*size, 1), dtype=np.uint8) for size in sizes),
            "points": tuple(rng.normal(size=(ITEMS, 5, 3)).astype(np.float32)),
        },
        outputs=rows,
        tolerances={
            "embedding": Tolerance(1e-3, 0.999),
            "logits": Tolerance(0.02),
            "map": Tolerance(0.5),
        },
    )


def read(data: bytes, section=SECTION) -> Golden:
    return Golden.from_bytes(data, Section(section, "manifest", "golden"), INPUTS, OUTPUTS, "file")


def test_round_trip(golden):
    golden.check(INPUTS, OUTPUTS)
    found = read(golden.to_bytes())
    assert found.items == ITEMS
    assert found.tolerances == golden.tolerances
    for name, items in golden.inputs.items():
        for a, b in zip(found.inputs[name], items, strict=True):
            assert a.dtype == b.dtype
            np.testing.assert_array_equal(a, b)
    for name, rows in golden.outputs.items():
        np.testing.assert_array_equal(found.outputs[name], rows)
    assert found.to_bytes() == golden.to_bytes()


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("output/embedding/0", np.zeros(5, np.float32), r"'embedding' 0: expected float32 \(6,\)"),
        ("output/embedding/1", np.zeros(6, np.uint8), "'embedding' 1: expected float32"),
        ("output/map/2", np.full((2, 2, 1), np.nan, np.float32), "'map': not all numbers are fin"),
        ("input/image/0", np.zeros((4, 4, 3), np.uint8), r"'image' 0: expected a uint8 .*W, 1\)"),
        ("input/image/0", np.zeros((4, 4, 1), np.float32), "'image' 0: expected a uint8"),
        ("input/points/1", np.zeros((4, 3), np.float32), r"'points' 1: .* expected float32 \(5, 3"),
        ("output/embedding/3", np.zeros(6, np.float32), "'output/embedding/3' is not one of"),
        ("output/other/0", np.zeros(6, np.float32), "'output/other/0' is not one of"),
        ("extra", np.zeros(6, np.float32), "'extra' is not one of"),
    ],
)
def test_a_wrong_array_is_named(golden, name, array, message):
    arrays = read_safetensors(golden.to_bytes(), "file") | {name: array}
    with pytest.raises(BundleError, match=rf"^file: .*{message}"):
        read(write_safetensors(arrays))


def test_a_missing_array_is_named(golden):
    arrays = read_safetensors(golden.to_bytes(), "file")
    del arrays["input/points/2"]
    with pytest.raises(BundleError, match="file: tensor 'input/points/2' is missing"):
        read(write_safetensors(arrays))


@pytest.mark.parametrize("items", [0, 65, True, "3"])
def test_the_number_of_items_is_bounded(golden, items):
    with pytest.raises(BundleError, match=r"golden\.items"):
        read(golden.to_bytes(), {**SECTION, "items": items})


def test_a_tolerance_is_as_its_kind_needs(golden):
    tolerances = SECTION["tolerances"]
    for change, message in (
        ({"logits": {"max_abs": 1, "min_cosine": 0.9}}, r"logits\.min_cosine' is unknown"),
        ({"embedding": {"max_abs": 1}}, r"embedding\.min_cosine' is missing"),
        ({"map": {}}, r"map\.max_abs' is missing"),
        ({"other": {"max_abs": 1}}, "tolerances.other' is unknown"),
    ):
        section = {**SECTION, "tolerances": {**tolerances, **change}}
        with pytest.raises(BundleError, match=message):
            read(golden.to_bytes(), section)


def test_the_file_is_bounded(golden, monkeypatch):
    monkeypatch.setattr("bireid_runtime.golden.MAX_GOLDEN_BYTES", 100)
    with pytest.raises(BundleError, match="larger than the limit of 100 bytes"):
        read(golden.to_bytes())


def test_vectors_for_another_network_are_refused(golden):
    with pytest.raises(BundleError, match="golden outputs are"):
        golden.check(INPUTS, OUTPUTS[:2])
    with pytest.raises(BundleError, match="golden inputs are"):
        golden.check(INPUTS[1:], OUTPUTS)
    few = Golden({**golden.inputs, "points": ()}, golden.outputs, golden.tolerances)
    with pytest.raises(BundleError, match="'points': 0 of 3"):
        few.check(INPUTS, OUTPUTS)
