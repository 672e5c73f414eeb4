"""Checkpoints whose neck another version, or another option, of a project has named otherwise.

They hold the very arrays of those that PyTorch wrote, by other keys: what it computed is theirs.
"""

from pathlib import Path

import numpy as np
import pytest
from bireid_converters.checkpoints import read_checkpoint
from bireid_converters.checkpoints.configs import read_settings
from bireid_converters.errors import CheckpointError
from bireid_runtime.safetensors import write_safetensors

FILES = Path(__file__).parent / "imported"
# ImageNet's, on the scale 0 to 255, as the first versions of fast-reid kept them.
COLOURS = {"pixel_mean": (123.675, 116.28, 103.53), "pixel_std": (58.395, 57.12, 57.375)}
LAYUMI = {
    "base.": "model.",
    "bottleneck.": "classifier.add_block.0.",
    "classifier.": "classifier.classifier.0.",
}


def renamed(path, name, beginnings, added=None):
    """The checkpoint of that name, with other beginnings of its keys."""
    arrays = {key: np.array(value, np.float32) for key, value in (added or {}).items()}
    with read_checkpoint(FILES / f"{name}.pth") as opened:
        for key, tensor in opened.tensors.items():
            old = next((each for each in beginnings if key.startswith(each)), "")
            new = beginnings.get(old, "") + key.removeprefix(old)
            arrays[new] = tensor.numpy().astype(np.float32)
    path.write_bytes(write_safetensors(arrays))
    return path


def compare(path, settings, name):
    """The network of a checkpoint against what PyTorch computed with another one's."""
    from bireid_runtime.preprocess import preprocess
    from rebuilt import rebuilt

    read = rebuilt(path, settings)
    with np.load(FILES / f"{name}.npz") as arrays:
        images, expected = arrays["images"], arrays["features"]
    inputs = np.stack([preprocess(each, read.preprocess) for each in images])
    expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(read.network.model(inputs, training=False), expected, atol=3e-6)
    return read


@pytest.mark.parametrize(
    ("name", "neck"),
    [("fast-reid", "heads.bnneck."), ("fast-reid-sbs", "heads.bnneck.0.")],
)
def test_the_first_versions_of_fast_reid_call_the_neck_otherwise(tmp_path, name, neck):
    from bireid_converters.rebuild import ImportSettings

    colours = {key: np.reshape(value, (1, 3, 1, 1)) for key, value in COLOURS.items()}
    beginnings = {"heads.bottleneck.0.": neck, "heads.weight": "heads.classifier.weight"}
    path = renamed(tmp_path / "old.safetensors", name, beginnings, colours)
    read = compare(path, ImportSettings(size=(64, 32)), name)
    assert read.family.name == name
    assert read.dropped == ("heads.classifier.weight",)


def test_layumi_without_a_matrix_has_the_normalisation_alone(tmp_path):
    from bireid_converters.rebuild import ImportSettings

    # Its ResNet is that of strong-baseline's IBN-a but for the stride, which leaves no trace.
    path = renamed(tmp_path / "bare.safetensors", "strong-baseline-ibn", LAYUMI)
    config = tmp_path / "opts.yaml"
    config.write_text("stride: 1\nlinear_num: 0\nibn: true\n")
    resize = {"resize": "bilinear"}
    told = ImportSettings(size=(64, 32), preprocess=resize, config=read_settings(config))
    read = compare(path, told, "strong-baseline-ibn")
    assert read.family.name == "layumi"
    assert "model.fc.weight" in read.dropped
    config.write_text("linear_num: 512\n")
    with pytest.raises(CheckpointError, match="'512', but the checkpoint has no matrix"):
        compare(path, ImportSettings(config=read_settings(config)), "strong-baseline-ibn")
    config.write_text("linear_num: 0\n")
    with pytest.raises(CheckpointError, match=r"linear_num is '0', but .* features of 16 numbers"):
        compare(FILES / "layumi.pth", ImportSettings(config=read_settings(config)), "layumi")
