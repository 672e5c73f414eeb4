"""What boxmot writes beside the weights: how its images were prepared."""

import io
import pickle
import pickletools
from pathlib import Path

import pytest
from bireid_converters.checkpoints.configs import read_settings
from bireid_runtime.errors import UnsupportedModelError

OSNET = Path(__file__).parent / "imported" / "torchreid-osnet.pth"
# Classes and names as its training writes them.
MARKS = {"model_name": "osnet_x0_25", "num_classes": 3, "epoch": 60}


def _body(value):
    return pickle.dumps(value, 2).removeprefix(b"\x80\x02").removesuffix(b".")


def written(path, beside):
    """The checkpoint of OSNet as the entry `state_dict` among others."""
    data = OSNET.read_bytes()
    stream, places = io.BytesIO(data), [0]
    # Of the five pickles of the old layout the fourth is the network's.
    for _ in range(4):
        list(pickletools.genops(stream))
        places.append(stream.tell())
    state = data[places[3] : places[4]].removeprefix(b"\x80\x02").removesuffix(b".")
    entries = b"".join(_body(name) + _body(value) for name, value in beside.items())
    whole = b"\x80\x02}(" + _body("state_dict") + state + entries + b"u."
    path.write_bytes(data[: places[3]] + whole + data[places[4] :])
    return path


@pytest.fixture
def rebuild(tmp_path):
    def call(beside, **settings):
        from bireid_converters.rebuild import ImportSettings
        from rebuilt import rebuilt

        path = written(tmp_path / "net.pt", {**MARKS, **beside})
        return rebuilt(path, ImportSettings(**settings))

    return call


def test_its_resizing_and_size_count(rebuild, tmp_path):
    read = rebuild({"preprocess": "resize", "img_size": (64, 32)})
    spec = read.preprocess
    assert (spec.height, spec.width, spec.resize, spec.antialias) == (64, 32, "bilinear", False)
    assert read.stated.said == ("images of 64x32", "bilinear without antialiasing")
    assert read.skipped.keys() == MARKS.keys()
    # A configuration counts more, and what a person says most.
    config = tmp_path / "torchreid.yaml"
    config.write_text("data: {height: 96, width: 48}\nnew: 1\n")
    told = {"config": read_settings(config), "preprocess": {"antialias": True}}
    read = rebuild({"preprocess": "resize", "img_size": [64, 32]}, **told)
    assert (read.preprocess.height, read.preprocess.antialias) == (96, True)
    assert read.stated.source == "beside the weights and torchreid.yaml"
    assert read.stated.said[-1] == "images of 96x48"


def test_a_way_that_is_not_built_is_refused_unless_another_is_asked_for(rebuild):
    refused = r"net\.pt: .*boxmot's 'resize_pad' .* not built here; --resize plain"
    with pytest.raises(UnsupportedModelError, match=refused) as caught:
        rebuild({"preprocess": "resize_pad"})
    assert "\n" not in str(caught.value)
    with pytest.raises(UnsupportedModelError, match="boxmot's a list"):
        rebuild({"preprocess": ["resize"]})
    asked = {"resize": "bilinear", "antialias": False}
    read = rebuild({"preprocess": "resize_pad"}, size=(64, 32), preprocess=asked)
    assert read.stated.said == ("prepared by 'resize_pad', which is not done here",)
    assert not read.preprocess.antialias


def test_a_size_that_is_none_is_named(rebuild):
    read = rebuild({"preprocess": "resize", "img_size": (64, -1)}, size=(64, 32))
    assert read.stated.unread == ("img_size",)
    assert "img_size" in read.skipped


def test_others_entries_mean_nothing(rebuild):
    read = rebuild({"preprocess": None, "img_size": (64, 32)}, size=(96, 48))
    assert read.stated is None
    assert read.preprocess.antialias
    assert "bilinear" in read.family.assumed
