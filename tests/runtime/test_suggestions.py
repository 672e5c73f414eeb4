import pytest
from bireid_runtime.suggestions import hint


@pytest.mark.parametrize(
    ("name", "known", "expected"),
    [
        ("onx", ["lce", "onnx"], "did you mean onnx?"),
        ("tpu", ["lce", "onnx"], "choose one of: lce, onnx"),
        ("tpu", iter(["lce"]), "choose one of: lce"),
        ("tpu", [], "there are none"),
        (
            "osnet",
            ["torchreid-osnet-ain", "torchreid-osnet", "cdnet"],
            "did you mean torchreid-osnet?",
        ),
    ],
)
def test_hint(name, known, expected):
    assert hint(name, known) == expected
