"""Networks of other projects, built from their checkpoints, against what PyTorch computes."""

from pathlib import Path

import numpy as np
import pytest
from bireid_converters.checkpoints.families import FAMILIES, find_family
from bireid_runtime.errors import UnsupportedModelError

from bireid_deploy.data.reference import Reference

FILES = Path(__file__).parent / "imported"
NAMES = sorted(path.stem for path in FILES.glob("*.pth"))


@pytest.mark.parametrize("name", NAMES)
def test_a_network_computes_what_pytorch_does(name):
    from bireid_converters.rebuild import ImportSettings
    from bireid_runtime.preprocess import preprocess
    from rebuilt import rebuilt

    read = rebuilt(FILES / f"{name}.pth", ImportSettings(size=(64, 32)))
    reference = Reference.load(FILES / f"{name}.npz")
    inputs = np.stack([preprocess(each, read.preprocess) for each in reference.images])
    found = np.asarray(read.network.model(inputs, training=False))
    expected = reference.features
    expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    assert (found * expected).sum(axis=1).min() > 1 - 1e-6
    np.testing.assert_allclose(found, expected, atol=3e-6)
    assert name.startswith(read.family.name)
    assert read.dropped


def test_every_family_has_a_checkpoint_here():
    assert all(any(name.startswith(family.name) for name in NAMES) for family in FAMILIES)


def test_a_variant_that_is_not_built_is_refused_by_its_key():
    family = next(each for each in FAMILIES if each.name == "torchreid-resnet")
    keys = [*family.marks, "layer1.0.conv2.conv2_offset.weight"]
    with pytest.raises(UnsupportedModelError, match=r"variant of torchreid-resnet.*conv2_offset"):
        find_family(keys)


@pytest.mark.parametrize(
    ("key", "what"),
    [
        ("base.blocks.0.attn.qkv.weight", "a transformer"),
        ("image_encoder.transformer.resblocks.0.attn.in_proj_weight", "a transformer"),
        ("base.stages.0.blocks.1.attn.w_msa.qkv.weight", "a transformer"),
        ("feature.1.fm_conv1.weight", "MLFN"),
    ],
)
def test_what_is_not_built_is_sent_to_onnx_and_teaching(key, what):
    with pytest.raises(UnsupportedModelError, match=f"it is {what}.*ONNX.*`teach-cache`"):
        find_family(["base.cls_token", key])


def test_the_closest_family_is_named():
    with pytest.raises(UnsupportedModelError, match=r"the closest is layumi.*model\.conv1"):
        find_family(["model.conv1.weight", "model.layer1.0.conv1.weight"])
    with pytest.raises(UnsupportedModelError, match=r"known here; its first keys: head"):
        find_family(["head"])
