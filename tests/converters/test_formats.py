"""The table of formats."""

import inspect

import pytest
from bireid_converters.errors import ConversionError
from bireid_converters.formats import FORMATS, find_format


def test_names_and_files_are_unique():
    assert len({entry.name for entry in FORMATS}) == len(FORMATS)
    assert len({entry.file_name for entry in FORMATS}) == len(FORMATS)


@pytest.mark.parametrize("entry", FORMATS, ids=lambda entry: entry.name)
def test_every_exporter_exists_and_takes_what_the_table_says(entry):
    parameters = list(inspect.signature(entry.load_exporter()).parameters)
    assert parameters == ["source" if entry.compiled_from else "network", *entry.takes]


def test_what_is_compiled_comes_behind_its_source():
    names = [entry.name for entry in FORMATS]
    for entry in FORMATS:
        if entry.compiled_from is not None:
            assert names.index(entry.compiled_from) < names.index(entry.name)


def test_backends_are_those_of_the_runtime():
    assert find_format("lce").backends == ("native", "litert", "lce", "litert-uint8")
    assert find_format("onnx").backends == ("onnx",)


def test_find_format():
    assert find_format("float-onnx").file_name == "model.float.onnx"


@pytest.mark.parametrize(
    ("typed", "hint"), [("onxx", "did you mean onnx?"), ("pickle", "choose one of: lce, onnx")]
)
def test_an_unknown_format_gets_a_hint(typed, hint):
    with pytest.raises(ConversionError, match="there is no format") as caught:
        find_format(typed)
    assert hint in str(caught.value)
