"""Writing bundles adapted to cameras, from a tiny 1-bit network and two cameras of it."""

import itertools
import json
import shutil
import subprocess
import sys
from dataclasses import dataclass, replace

import numpy as np
import pytest
from adapted_bundle import edit_numbers
from bireid_converters.adaptation import CameraAdaptation, write_adapted
from bireid_converters.adaptation.patches import FilePatches
from bireid_converters.card import CardFacts
from bireid_converters.convert import convert
from bireid_converters.errors import ConversionError, ParityError
from bireid_converters.float_constants import FloatConstant, onnx_constants, tflite_constants
from bireid_runtime import Bundle, Extractor, Preprocess, Session, self_test
from bireid_runtime.centring import centre
from bireid_runtime.errors import ArgumentError, UnsupportedModelError
from golden_edit import edit_golden_outputs

CARD = CardFacts("image-feature-extraction", ("toy",), "a picture", "## Use\n\nNone.")
NAMES = ("entrance", "yard")
DIM = 12
NOTE = {"method": "running statistics", "crops kept": 7}


@dataclass(frozen=True)
class TinyConfig:
    precision: str = "binary"
    backbone: str = "tiny"
    input_height: int = 16
    input_width: int = 8


@dataclass(frozen=True)
class TinyNetwork:
    config: TinyConfig
    model: object


@pytest.fixture(scope="module")
def network(toys):
    from bireid_models.framework import keras
    from bireid_models.layers import UnitNormalize
    from bireid_models.units import Unit, batch_norm

    image = keras.Input((16, 8, 3), name="image")
    y = keras.layers.Conv2D(8, 3, padding="same", use_bias=False, name="stem")(image)
    y = batch_norm("stem_bn")(y)
    y = Unit("unit", 16, stride=2)(y)
    y = keras.layers.GlobalAveragePooling2D(name="pool")(y)
    y = keras.layers.Dense(DIM, use_bias=False, name="projection")(y)
    y = batch_norm("neck_bn", center=False)(y)
    outputs = {"embedding": UnitNormalize(name="embedding")(y)}
    return TinyNetwork(TinyConfig(), toys.randomize(keras.Model(image, outputs, name="tiny")))


@pytest.fixture(scope="module")
def base(toys, network, tmp_path_factory):
    about = toys.about(network, card=CARD)
    return convert(network, tmp_path_factory.mktemp("base") / "bundle", ["lce", "onnx"], **about)


def statistics(model):
    """The batch normalisation of a model: mean and variance of every layer, by name."""
    return {w.name: w.numpy() for w in model.weights if "moving_" in w.name}


@pytest.fixture(scope="module")
def cameras(network):
    """Two cameras that share one Keras model."""
    model = network.model
    trained = statistics(model)
    rng = np.random.default_rng(5)
    own = {
        name: {
            key: (value * rng.uniform(0.7, 1.4, value.shape)).astype(np.float32)
            for key, value in trained.items()
        }
        for name in NAMES
    }

    def load(values):
        for weight in model.weights:
            if weight.name in values:
                weight.assign(values[weight.name])
        return model

    means = rng.normal(0, 0.1, (2, DIM)).astype(np.float32)
    deviations = rng.uniform(0.1, 0.4, (2, DIM)).astype(np.float32)
    yield [
        CameraAdaptation(name, 7, mean, deviation, lambda name=name: load(own[name]))
        for name, mean, deviation in zip(NAMES, means, deviations, strict=True)
    ]
    load(trained)


@pytest.fixture(scope="module")
def told():
    return []


@pytest.fixture(scope="module")
def adapted(base, cameras, told, tmp_path_factory):
    path = tmp_path_factory.mktemp("adapted") / "bundle"
    return write_adapted(base, path, cameras, card=CARD, note=NOTE, on_progress=told.append)


def embeddings_only(cameras):
    return [replace(each, model=None) for each in cameras]


def test_every_camera_computes_what_its_model_does(adapted, cameras):
    spec = adapted.preprocess
    crops = list(np.random.default_rng(1).integers(0, 256, (6, 20, 11, 3), np.uint8))
    for camera in cameras:
        model = camera.model()
        images = np.stack([adapted.image_input.prepare(crop) for crop in crops])
        rows = np.asarray(model(images, training=False)["embedding"])
        expected = centre(rows, camera.mean, camera.deviation)
        for backend in ("native", "lce", "onnx"):
            session = Session.open(adapted, backend, camera=camera.name)
            found = session.run_images(crops)["embedding"]
            np.testing.assert_allclose(found, expected, atol=2e-5)
    assert spec == Preprocess(16, 8)


def test_only_the_float_numbers_of_batch_normalisation_differ(base, adapted):
    for format in ("lce", "onnx"):
        assert adapted.read(format) == base.read(format)
    patches = adapted.adaptation.patches
    scaled = {
        name: [patch.row for patch in each if patch.kind == "scale"]
        for name, each in patches.items()
    }
    # The kernels of the stem, the shortcut and the projection, each with output channels first.
    assert {name: sorted(rows) for name, rows in scaled.items()} == {
        "model.lce.tflite": [8, 16, 27],
        "model.onnx": [8, 16, 27],
    }
    assert all(
        patch.row == 1 for each in patches.values() for patch in each if patch.kind == "replace"
    )


def test_the_manifest_and_the_card_tell_it(base, adapted, told):
    manifest = adapted.manifest
    assert manifest["adaptation"]["note"] == NOTE
    assert adapted.adaptation.embedding == "mean_and_deviation"
    assert manifest["golden"]["cameras"] == ["entrance", "yard", "entrance"]
    assert adapted.fingerprint != base.fingerprint
    reports = manifest["parity"]["cameras"]
    assert set(reports) == set(NAMES)
    assert all(set(each["formats"]) == {"lce", "onnx"} for each in reports.values())
    assert told[-1] == "testing every camera"
    assert "checking camera yard" in told
    card = (adapted.path / "card.md").read_text()
    for part in ("Adapted to 2 cameras", "| yard | 7 |", "- crops kept: 7", "are the camera's own"):
        assert part in card


def test_the_self_test_runs_every_camera(adapted, tmp_path):
    for backend in ("native", "onnx"):
        assert self_test(Extractor.open(adapted, backend)).passed
    wrong = shutil.copytree(adapted.path, tmp_path / "wrong")
    edit_numbers(wrong, lambda arrays: arrays["patch/1/model.lce.tflite"].__imul__(1.1))
    report = self_test(Session.open(wrong, "native", camera="entrance"))
    assert [row.passed for row in report.rows] == [True, False, True]


def test_verify_holds_the_files_of_every_camera_to_each_other(adapted):
    from bireid_deploy.conversion import verify_against_run, verify_bundle

    checks = {check.name: check for check in verify_bundle(adapted.path)}
    assert {f"lce vs onnx, camera {name}" for name in NAMES} < checks.keys()
    assert all(check.passed is not False for check in checks.values()), checks
    with pytest.raises(ArgumentError, match="its networks are adapted to cameras, the run is not"):
        verify_against_run(adapted.path, None, explain=False)


def test_the_gate_refuses_a_wrong_patch(base, cameras, tmp_path, monkeypatch):
    numbers = FilePatches.numbers
    monkeypatch.setattr(FilePatches, "numbers", lambda patches: numbers(patches) * 1.01)
    with pytest.raises(ParityError, match="camera 'entrance': its patched files do not compute"):
        write_adapted(base, tmp_path / "bundle", cameras, card=CARD, note={}, formats=["onnx"])
    assert list(tmp_path.iterdir()) == []


def test_another_network_is_no_adaptation(base, cameras, network, tmp_path):
    kernel = next(w for w in network.model.weights if "unit_conv" in w.name and "kernel" in w.name)
    trained = kernel.numpy()
    kernel.assign(-trained)
    try:
        with pytest.raises(ConversionError, match="differs from the base's in more than float"):
            write_adapted(base, tmp_path / "bundle", cameras, card=CARD, note={}, formats=["onnx"])
    finally:
        kernel.assign(trained)


def test_statistics_of_embeddings_alone_copy_the_files(base, cameras, tmp_path):
    given = embeddings_only(cameras)
    written = write_adapted(base, tmp_path / "bundle", given, card=CARD, note={}, name="mine")
    assert written.name == "mine"
    assert written.manifest["adaptation"]["patches"] == {}
    assert written.manifest["parity"] == base.manifest["parity"]
    plain, crops = Session.open(base), written.golden().inputs["image"]
    rows = plain.run_images(crops)["embedding"]
    extractor = Extractor.open(written)
    for camera in given:
        np.testing.assert_array_equal(
            extractor.embed(crops, camera=camera.name),
            centre(rows, camera.mean, camera.deviation),
        )
    means = [replace(each, deviation=None) for each in given]
    lighter = write_adapted(base, tmp_path / "mean", means, card=CARD, note={})
    assert lighter.adaptation.embedding == "mean"
    assert len({base.fingerprint, written.fingerprint, lighter.fingerprint}) == 3


def test_statistics_of_embeddings_need_no_tensorflow(base, tmp_path):
    code = f"""
import sys
import numpy as np
from bireid_converters.adaptation import CameraAdaptation, write_adapted
from bireid_converters.card import CardFacts
from bireid_runtime import Bundle
base = Bundle.open({str(base.path)!r})
cameras = [CameraAdaptation("yard", 3, np.full({DIM}, 0.1), None)]
card = CardFacts("x", (), "x", "")
write_adapted(base, {str(tmp_path / "bundle")!r}, cameras, card=card, note={{}})
sys.exit("tensorflow" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0
    assert Bundle.open(tmp_path / "bundle").manifest["golden"]["cameras"] == ["yard"] * 3


def changed(**changes):
    return lambda cameras: [cameras[0], replace(cameras[1], **changes)]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda cameras: [], "0 cameras; a bundle holds 1 to 256"),
        (changed(name="entrance"), "'entrance' is there twice"),
        (changed(name="the yard"), "a name is a letter or digit"),
        (changed(crops=0), "0 crops; at least 1"),
        (changed(deviation=None), "one has a deviation, the other has none"),
        (changed(mean=np.zeros(5)), "its mean must be 12 finite numbers"),
        (changed(mean=np.full(DIM, np.nan)), "its mean must be 12 finite numbers"),
        (changed(deviation=np.zeros(DIM)), "a deviation below 1e-06"),
        (lambda cameras: [CameraAdaptation("yard", 1)], "give it a mean"),
    ],
)
def test_cameras_that_cannot_be_are_named(base, cameras, tmp_path, change, said):
    with pytest.raises(ArgumentError, match=said):
        write_adapted(
            base, tmp_path / "bundle", change(embeddings_only(cameras)), card=CARD, note={}
        )
    assert list(tmp_path.iterdir()) == []


def test_what_cannot_be_adapted_is_said(base, adapted, cameras, tmp_path):
    given = embeddings_only(cameras)
    with pytest.raises(ConversionError, match="adapted to cameras already"):
        write_adapted(adapted, tmp_path / "bundle", given, card=CARD, note={})
    with pytest.raises(Exception, match="no file of format 'int8'"):
        write_adapted(base, tmp_path / "bundle", given, card=CARD, note={}, formats=["int8"])
    real = Bundle.open(base.path)
    real.manifest["network"]["precision"] = "real"
    with pytest.raises(UnsupportedModelError, match="no file in it can be patched"):
        write_adapted(real, tmp_path / "bundle", cameras, card=CARD, note={})


def test_a_mean_that_leaves_nothing_is_refused(base, tmp_path):
    copied = shutil.copytree(base.path, tmp_path / "base")
    row = base.golden().outputs["embedding"][0]
    edit_golden_outputs(copied, lambda outputs: {"embedding": np.stack([row] * 3)})
    given = [CameraAdaptation("yard", 1, row)]
    with pytest.raises(ConversionError, match="leaves nothing of the golden inputs"):
        write_adapted(Bundle.open(copied), tmp_path / "bundle", given, card=CARD, note={})


def test_constants_are_found_where_they_lie(base):
    for find, format in ((tflite_constants, "lce"), (onnx_constants, "onnx")):
        data = base.read(format)
        found = find(data)
        assert [each.offset for each in found] == sorted(each.offset for each in found)
        assert all(a.end <= b.offset for a, b in itertools.pairwise(found))
        assert (8, 3, 3, 3) in [each.shape for each in found]
    import onnx
    from onnx import numpy_helper

    model = onnx.load_from_string(base.read("onnx"))
    stored = {
        each.name: numpy_helper.to_array(each)
        for each in model.graph.initializer
        if each.data_type == onnx.TensorProto.FLOAT
    }
    found = {
        each.name: each.values(base.read("onnx")) for each in onnx_constants(base.read("onnx"))
    }
    assert found.keys() == stored.keys()
    assert all(np.array_equal(found[name], value) for name, value in stored.items())


def test_a_damaged_onnx_file_is_refused(base):
    data = base.read("onnx")
    refused = 0
    for length in range(1, len(data), len(data) // 50):
        try:
            found = onnx_constants(data[:length])
        except UnsupportedModelError:
            refused += 1
        else:
            assert all(each.end <= length for each in found)
    assert refused > 40


def test_a_kernel_that_is_no_multiple_is_replaced():
    old = np.arange(1, 13, dtype=np.float32).reshape(3, 4)
    constants = [FloatConstant("kernel", 4, (3, 4))]
    factors = np.array([2, -1, 0.5], np.float32)
    patches = FilePatches("file", b"head" + old.tobytes(), constants)
    patches.add(b"head" + (old * factors[:, None]).tobytes(), constants, "a")
    patches.add(b"head" + old.tobytes(), constants, "b")
    assert [each.kind for each in patches.table()] == ["scale"]
    np.testing.assert_array_equal(patches.numbers(), [factors, [1, 1, 1]])
    other = old + np.float32(1)
    patches.add(b"head" + other.tobytes(), constants, "c")
    assert [each.kind for each in patches.table()] == ["replace"]
    expected = [old * factors[:, None], old, other]
    np.testing.assert_array_equal(patches.numbers(), np.reshape(expected, (3, -1)))
    with pytest.raises(
        ConversionError, match="camera 'd' gives kernel numbers that are not finite"
    ):
        patches.add(b"head" + (old * np.float32(np.inf)).tobytes(), constants, "d")


def test_the_manifest_is_json(adapted):
    assert json.loads((adapted.path / "manifest.json").read_text()) == adapted.manifest
