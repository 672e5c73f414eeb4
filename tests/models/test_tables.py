"""The tables of names: cheap to read, every reference holds, and a wrong name is one line."""

import pkgutil
import subprocess
import sys

import pytest
from bireid_models.backbones import BACKBONES
from bireid_models.binarizations import BINARIZATIONS, SURROGATES
from bireid_models.config import NetworkConfig
from bireid_models.heads import HEADS


def test_reading_the_tables_imports_no_tensorflow():
    program = (
        "import sys, bireid_models.backbones, bireid_models.binarizations, bireid_models.heads\n"
        "bireid_models.NetworkConfig('mobilenet', binarization='irnet')\n"
        "print(sorted({'tensorflow', 'keras', 'tf_keras', 'larq'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def references():
    rows = [*BACKBONES.values(), *HEADS.values(), *BINARIZATIONS.values()]
    values = {value for row in rows for value in vars(row).values()} | set(SURROGATES.values())
    return sorted(value for value in values if isinstance(value, str) and ":" in value)


@pytest.mark.parametrize("reference", references())
def test_every_reference_names_something_to_call(reference):
    assert callable(pkgutil.resolve_name(reference))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("backbone", "resnet81", r"backbone is 'resnet81'; did you mean resnet18\?"),
        (
            "backbone",
            "vgg",
            "backbone is 'vgg'; choose one of: resnet10, resnet18, resnet18_stage2",
        ),
        ("binarization", "reactnett", r"did you mean reactnet\?"),
        ("head", "bneck", r"head is 'bneck'; did you mean bnneck\?"),
        ("kernel_surrogate", "ploy", r"did you mean poly\?"),
        ("kernel_surrogate", ["poly"], "kernel_surrogate is "),
        ("precision", "reel", r"did you mean real\?"),
    ],
)
def test_a_wrong_name_is_one_line_with_the_nearest_one(field, value, message):
    with pytest.raises(ValueError, match=message) as problem:
        NetworkConfig(**{field: value})
    assert "\n" not in str(problem.value)


def test_a_row_that_is_added_can_be_chosen(monkeypatch):
    monkeypatch.setitem(HEADS, "other", HEADS["bnneck"])
    assert NetworkConfig(head="other").head == "other"


@pytest.mark.parametrize("channels", [0, 65])
def test_impossible_input_channels(channels):
    with pytest.raises(ValueError, match=f"input_channels is {channels}; it must be 1 to 64"):
        NetworkConfig(input_channels=channels)
