"""Networks of several inputs, outputs, kinds and channel counts, in ONNX Runtime."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime import (
    Bundle,
    Classifier,
    Extractor,
    Golden,
    InputSpec,
    OutputSpec,
    Preprocess,
    Session,
    self_test,
)
from bireid_runtime.command_line import main
from bireid_runtime.errors import (
    ArgumentError,
    BundleError,
    ImageError,
    SelfTestError,
    UnsupportedModelError,
)
from bireid_runtime.golden import Tolerance
from bireid_runtime.self_test import require
from PIL import Image

CLASSES = ("cat", "dog", "a bird")
SPECS = {
    1: Preprocess(16, 8, (0.5,), (0.25,)),
    3: Preprocess(16, 8),
    6: Preprocess(16, 8, (0.1, 0.2, 0.3, 0.4, 0.5, 0.6), (0.5, 0.6, 0.7, 0.8, 0.9, 1.0)),
}


def weights(rows: int, columns: int, seed: int = 3) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(rows, columns)).astype(np.float32)


def write_onnx(path: Path, inputs, outputs) -> None:
    """Mean over height and width of the first input, then a product with weights per output; a
    second input is added to the mean."""
    from onnx import TensorProto, checker, helper, numpy_helper, save

    channels = inputs[0].shape[-1]
    nodes = [helper.make_node("ReduceMean", [inputs[0].name, "axes"], ["mean"], keepdims=0)]
    features = "mean"
    if len(inputs) > 1:
        nodes.append(helper.make_node("Add", ["mean", inputs[1].name], ["sum"]))
        features = "sum"
    constants = [numpy_helper.from_array(np.array([1, 2], np.int64), "axes")]
    for index, spec in enumerate(outputs):
        name, linear = f"weights{index}", f"linear{index}"
        constants.append(numpy_helper.from_array(weights(channels, spec.shape[0], index), name))
        nodes.append(helper.make_node("MatMul", [features, name], [linear]))
        last = ("LpNormalization", {"axis": 1, "p": 2})
        operator, attributes = last if spec.kind == "embedding" else ("Identity", {})
        nodes.append(helper.make_node(operator, [linear], [spec.name], **attributes))

    def info(spec):
        return helper.make_tensor_value_info(spec.name, TensorProto.FLOAT, ["N", *spec.shape])

    # The file has another order than the manifest.
    graph = helper.make_graph(
        nodes, "net", [info(s) for s in inputs][::-1], [info(s) for s in outputs][::-1], constants
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=10)
    checker.check_model(model, full_check=True)
    save(model, path)


def expected(spec, index: int, features: np.ndarray) -> np.ndarray:
    rows = features @ weights(features.shape[1], spec.shape[0], index)
    if spec.kind == "embedding":
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    return rows


def write_bundle(root: Path, inputs, outputs, task="test", wrong=0.0) -> Path:
    root.mkdir()
    write_onnx(root / "model.onnx", inputs, outputs)
    rng = np.random.default_rng(1)
    images = [rng.integers(0, 256, (h, w, inputs[0].shape[-1]), np.uint8) for h, w in SIZES]
    features = np.stack([inputs[0].prepare(image).mean(axis=(0, 1)) for image in images])
    raw = {inputs[0].name: tuple(images)}
    if len(inputs) > 1:
        extra = rng.normal(size=(len(SIZES), *inputs[1].shape)).astype(np.float32)
        raw[inputs[1].name] = tuple(extra)
        features = features + extra
    tolerances = {
        spec.name: Tolerance(1e-4, 0.999 if spec.kind == "embedding" else None) for spec in outputs
    }
    rows = {spec.name: expected(spec, i, features) for i, spec in enumerate(outputs)}
    rows[outputs[-1].name][1, 0] += wrong
    vectors = Golden(raw, rows, tolerances).to_bytes()
    (root / "golden.safetensors").write_bytes(vectors)

    def digest(data):
        return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}

    manifest = {
        "schema_version": 2,
        "task": task,
        "name": "net",
        "fingerprint": "sha256:" + "ab" * 32,
        "inputs": [spec.to_manifest() for spec in inputs],
        "outputs": [spec.to_manifest() for spec in outputs],
        "files": {"model.onnx": {"format": "onnx", **digest((root / "model.onnx").read_bytes())}},
        "golden": {
            "file": "golden.safetensors",
            **digest(vectors),
            "items": len(SIZES),
            "source": "random",
            "tolerances": {name: each.to_manifest() for name, each in tolerances.items()},
        },
        **{key: {} for key in ("training", "parity", "binarisation", "toolchain", "licences")},
        "metrics": [],
    }
    (root / "manifest.json").write_text(json.dumps(manifest))
    names = [path.name for path in root.iterdir()]
    (root / "SHA256SUMS").write_text(
        "".join(f"{digest((root / n).read_bytes())['sha256']}  {n}\n" for n in names)
    )
    return root


SIZES = [(20, 10), (16, 8), (5, 31)]
EMBEDDING = OutputSpec.embedding("embedding", 6)
LOGITS = OutputSpec.logits("logits", CLASSES)
IMAGE = InputSpec.image("image", SPECS[3])


@pytest.fixture
def two_outputs(tmp_path) -> Path:
    return write_bundle(tmp_path / "two", [IMAGE], [EMBEDDING, LOGITS], task="both")


@pytest.fixture
def classifier_path(tmp_path) -> Path:
    return write_bundle(tmp_path / "cls", [IMAGE], [LOGITS], task="classification")


@pytest.fixture
def images() -> list[np.ndarray]:
    rng = np.random.default_rng(5)
    return [rng.integers(0, 256, (*size, 3), np.uint8) for size in SIZES]


def test_all_outputs_come_by_name(two_outputs, images):
    session = Session.open(two_outputs)
    prepared = np.stack([IMAGE.prepare(image) for image in images])
    found = session.run({"image": prepared})
    assert list(found) == ["embedding", "logits"]
    for index, spec in enumerate((EMBEDDING, LOGITS)):
        rows = expected(spec, index, prepared.mean(axis=(1, 2)))
        np.testing.assert_allclose(found[spec.name], rows, atol=1e-5)
    for name, rows in session.run_images(images).items():
        np.testing.assert_allclose(rows, found[name], atol=1e-6)
    assert session.task == "both"
    assert [spec.name for spec in session.outputs] == ["embedding", "logits"]
    assert self_test(session).passed


def test_no_items(two_outputs):
    session = Session.open(two_outputs)
    for found in (
        session.run({"image": np.empty((0, 16, 8, 3), np.float32)}),
        session.run_images([]),
    ):
        assert {name: rows.shape for name, rows in found.items()} == {
            "embedding": (0, 6),
            "logits": (0, 3),
        }


@pytest.mark.parametrize("channels", SPECS)
def test_any_number_of_channels(tmp_path, channels):
    taken = InputSpec.image("image", SPECS[channels])
    root = write_bundle(tmp_path / "net", [taken], [EMBEDDING])
    assert self_test(root).passed
    image = np.random.default_rng(0).integers(0, 256, (30, 12, channels), np.uint8)
    row = expected(EMBEDDING, 0, taken.prepare(image).mean(axis=(0, 1))[None])
    np.testing.assert_allclose(Extractor.open(root).embed([image]), row, atol=1e-5)
    wrong = np.zeros((30, 12, channels + 1), np.uint8)
    with pytest.raises(ImageError, match=rf"image 1: expected a uint8 array \(H, W, {channels}\)"):
        Extractor.open(root).embed([image, wrong])
    if channels != 3:
        Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
        with pytest.raises(ImageError, match=f"image 0: files are read in colour.* {channels} ch"):
            Extractor.open(root).embed([tmp_path / "a.png"])


def test_two_inputs(tmp_path):
    inputs = [IMAGE, InputSpec.tensor("bias", (3,))]
    root = write_bundle(tmp_path / "net", inputs, [OutputSpec.tensor("out", (4,))])
    session = Session.open(root)
    assert self_test(session).passed
    with pytest.raises(UnsupportedModelError, match=r"takes image \(image\), bias \(tensor\)"):
        session.run_images([np.zeros((4, 4, 3), np.uint8)])
    with pytest.raises(UnsupportedModelError, match="open it with Session"):
        Extractor(session)
    assert main(["selftest", str(root)]) == 0
    assert main(["bench", str(root), "--runs", "1"]) == 0


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ({}, "inputs are none; the network takes bias, image"),
        ({"image": (2, 16, 8, 3)}, "inputs are image; the network takes bias, image"),
        ({"image": (2, 16, 8, 3), "bias": (2, 4)}, r"'bias': expected float32 \('N', 3\), got"),
        ({"image": (2, 16, 8, 3), "bias": ()}, "'bias': expected float32"),
        ({"image": (2, 16, 8, 3), "bias": (3, 3)}, r"inputs have \[2, 3\] items"),
    ],
)
def test_wrong_inputs_are_named(tmp_path, inputs, message):
    specs = [IMAGE, InputSpec.tensor("bias", (3,))]
    session = Session.open(write_bundle(tmp_path / "net", specs, [LOGITS]))
    with pytest.raises(ArgumentError, match=message):
        session.run({name: np.zeros(shape, np.float32) for name, shape in inputs.items()})


def test_a_double_is_no_float32(two_outputs):
    with pytest.raises(ArgumentError, match=r"'image': expected float32 .* got float64"):
        Session.open(two_outputs).run({"image": np.zeros((1, 16, 8, 3))})


def test_the_self_test_looks_at_every_output(tmp_path, capsys):
    root = write_bundle(tmp_path / "net", [IMAGE], [EMBEDDING, LOGITS], wrong=0.01)
    report = self_test(root)
    failed = [row for row in report.rows if not row.passed]
    assert [(row.output, row.item, row.cosine) for row in failed] == [("logits", 1, None)]
    assert failed[0].max_abs == pytest.approx(0.01, rel=0.1)
    with pytest.raises(SelfTestError, match=r"output 'logits', largest difference 0\.01 \(allowed"):
        require(report)
    assert main(["selftest", str(root), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["passed"] is False


def test_a_classifier_self_tests_without_a_cosine(classifier_path, capsys):
    assert self_test(Classifier.open(classifier_path)).min_cosine is None
    assert main(["selftest", str(classifier_path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["min_cosine"] is None
    assert main(["selftest", str(classifier_path)]) == 0
    assert "cosine" not in capsys.readouterr().out


def test_a_classifier(classifier_path, images, tmp_path):
    classifier = Classifier.open(classifier_path, backend="onnx")
    assert classifier.classes == CLASSES
    logits = classifier.classify(images, batch_size=2)
    features = np.stack([IMAGE.prepare(image).mean(axis=(0, 1)) for image in images])
    np.testing.assert_allclose(logits, expected(LOGITS, 0, features), atol=1e-5)
    assert classifier.classify([]).shape == (0, 3)
    Image.fromarray(images[0]).save(tmp_path / "a.png")
    found = classifier.classify([tmp_path / "a.png"])
    np.testing.assert_allclose(found, logits[:1], atol=1e-6)


def test_predictions_are_ordered_probabilities(classifier_path, images):
    classifier = Classifier.open(classifier_path)
    logits = classifier.classify(images)
    predictions = classifier.predict(images)
    for row, named in zip(logits, predictions, strict=True):
        powers = np.exp(row.astype(np.float64))
        assert [each.name for each in named] == [CLASSES[i] for i in np.argsort(-row)]
        assert sum(each.probability for each in named) == pytest.approx(1)
        assert named[0].probability == pytest.approx(powers.max() / powers.sum())
    assert [len(named) for named in classifier.predict(images, top=2)] == [2, 2, 2]
    with pytest.raises(ArgumentError, match="top is 0"):
        classifier.predict(images, top=0)


def test_the_wrong_face_names_the_right_one(classifier_path, bundle_path, two_outputs):
    message = r"the task 'classification' \(outputs: logits\).*; open it with Classifier$"
    with pytest.raises(UnsupportedModelError, match=message):
        Extractor.open(classifier_path)
    with pytest.raises(UnsupportedModelError, match=r"'reid' .*; open it with Extractor$"):
        Classifier.open(bundle_path)
    # A face takes the one output of its kind from a network that has more.
    session = Session.open(two_outputs)
    assert Extractor(session).embed([np.zeros((4, 4, 3), np.uint8)]).shape == (1, 6)
    assert Classifier(session).classify([np.zeros((4, 4, 3), np.uint8)]).shape == (1, 3)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda o: o.update(classes=["a", "b"]), r"must be \[None, 2\], one number per class"),
        (lambda o: o.update(classes=["a", "b", "a"]), "has the name 'a' twice"),
        (lambda o: o.update(classes=["a", "b", ""]), "texts of 1 to 200 characters"),
        (lambda o: o.update(classes=["a", "b", "c" * 201]), "texts of 1 to 200 characters"),
        (lambda o: o.update(classes=["a", "b", 3]), "texts of 1 to 200 characters"),
        (lambda o: o.pop("classes"), r"'outputs\[0\]\.classes' is missing"),
    ],
)
def test_classes_are_checked(classifier_path, change, message):
    path = classifier_path / "manifest.json"
    manifest = json.loads(path.read_text())
    change(manifest["outputs"][0])
    path.write_text(json.dumps(manifest))
    with pytest.raises(BundleError, match=message):
        Bundle.open(classifier_path, verify=False)


def test_specs_made_in_code_keep_the_rules_of_the_manifest():
    for make, message in (
        (lambda: OutputSpec.embedding("a b", 3), "output 'a b': key 'name'"),
        (lambda: OutputSpec.logits("logits", ["a", "a"]), "output 'logits': .* 'a' twice"),
        (lambda: OutputSpec.tensor("map", ()), "output 'map': key 'shape'"),
        (lambda: InputSpec.tensor("in", (0,)), "input 'in': key 'shape'"),
    ):
        with pytest.raises(ArgumentError, match=message):
            make()
    with pytest.raises(UnsupportedModelError, match="embedding, logits, boxes, correlation"):
        OutputSpec("x", "faces", (4,))
