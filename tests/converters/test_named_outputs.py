"""Networks of several outputs, classes and channel counts: converted, checked and run by name."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pytest
from bireid_converters.card import CardFacts
from bireid_converters.convert import convert
from bireid_converters.errors import ParityError
from bireid_converters.flatbuffer import read_tflite
from bireid_converters.formats import FORMATS, find_format
from bireid_converters.lce import export_lce
from bireid_converters.named_model import named_model
from bireid_converters.onnx_export import export_onnx
from bireid_converters.parity import check_parity
from bireid_models.framework import keras
from bireid_models.layers import UnitNormalize
from bireid_models.units import Unit, batch_norm
from bireid_runtime import Classifier, InputSpec, OutputSpec, Preprocess, Session, self_test
from bireid_runtime.backends import BACKENDS
from bireid_runtime.errors import UnsupportedModelError

CLASSES = [f"class {index}" for index in range(5)]
EMBEDDING = OutputSpec.embedding("embedding", 32)
LOGITS = OutputSpec.logits("logits", CLASSES)


@dataclass(frozen=True)
class Config:
    precision: str = "binary"


def build(toys, outputs, channels=3, precision="binary"):
    """Backbone and neck, and for every name asked for its head."""
    image = keras.Input((16, 8, channels), name="image")
    x = keras.layers.Conv2D(32, 3, padding="same", name="stem")(image)
    x = Unit("first", 32, precision=precision)(x)
    neck = batch_norm("neck", center=False)(keras.layers.GlobalAveragePooling2D(name="pool")(x))
    heads = {
        "embedding": lambda: UnitNormalize(name="unit")(neck),
        "logits": lambda: keras.layers.Dense(5, use_bias=False, name="classifier")(neck),
        "pooled": lambda: batch_norm("map", center=False)(x),
    }
    model = keras.Model(image, {name: heads[name]() for name in outputs}, name="toy")
    return SimpleNamespace(model=toys.randomize(model), config=Config(precision))


def image_spec(channels):
    if channels == 3:
        return InputSpec.image("image", Preprocess(16, 8))
    return InputSpec.image("image", Preprocess(16, 8, (0.5,) * channels, (0.25,) * channels))


def about(inputs, outputs, **changes):
    """What `convert` is told beside network and formats."""
    return {
        "name": "toy",
        "task": "test",
        "inputs": inputs,
        "outputs": outputs,
        "licences": {"weights": "Apache-2.0", "training_data": "none"},
        "card": CardFacts("other", ("toy",), "a picture", "## Use\n\nNone."),
        **changes,
    }


def exact_backends(bundle):
    return [
        backend.name
        for backend in BACKENDS
        if backend.exact and backend.format_in(bundle) and not backend.unavailable_reason()
    ]


CASES = {
    "classifier": ([LOGITS], 3),
    "embedding and logits": ([EMBEDDING, LOGITS], 3),
    "grey": ([EMBEDDING], 1),
    "six channels": ([LOGITS], 6),
    "a map": ([OutputSpec.tensor("pooled", (16, 8, 32)), EMBEDDING], 3),
}


@pytest.mark.parametrize(("outputs", "channels"), CASES.values(), ids=CASES)
def test_it_passes_the_gate_and_its_self_test_on_every_engine(toys, tmp_path, outputs, channels):
    network = build(toys, [spec.name for spec in outputs], channels)
    inputs = [image_spec(channels)]
    bundle = convert(network, tmp_path / "bundle", ["lce", "onnx"], **about(inputs, outputs))
    assert bundle.outputs == tuple(outputs)
    assert bundle.manifest["parity"]["binary"]["passed"]
    items = bundle.golden().inputs["image"]
    expected = network.model(np.stack([inputs[0].prepare(item) for item in items]))
    backends = exact_backends(bundle)
    assert {"native", "onnx"} <= set(backends)
    for backend in backends:
        session = Session.open(bundle, backend)
        assert self_test(session).passed, backend
        found = session.run_images(items)
        for spec in outputs:
            scale = max(1, float(np.abs(expected[spec.name]).max()))
            np.testing.assert_allclose(
                found[spec.name], expected[spec.name], atol=1e-4 * scale, err_msg=backend
            )


def test_a_classifier_names_classes(toys, tmp_path):
    network = build(toys, ["logits"])
    options = about([image_spec(3)], [LOGITS], task="classification")
    bundle = convert(network, tmp_path / "bundle", ["onnx"], **options)
    image = np.full((20, 20, 3), 90, np.uint8)
    row = np.asarray(network.model(image_spec(3).prepare(image)[None])["logits"])[0]
    best, *_ = Classifier.open(bundle).predict([image])[0]
    assert best.name == CLASSES[int(row.argmax())]


def reordered(data, keep_signature=True):
    """The same `.tflite` file with its outputs in the opposite order."""
    from ai_edge_litert import schema_py_generated as schema
    from flatbuffers import Builder

    model = schema.ModelT.InitFromPackedBuf(data, 0)
    model.subgraphs[0].outputs = model.subgraphs[0].outputs[::-1].copy()
    if not keep_signature:
        model.signatureDefs = []
    builder = Builder(1 << 16)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    return bytes(builder.Output())


def test_names_bind_whatever_the_order_of_the_file(toys, tmp_path):
    """LCE orders the outputs of a file as it likes: both orders must mean the same."""
    network = build(toys, ["embedding", "logits"])
    outputs = [EMBEDDING, LOGITS]
    file = export_lce(named_model(network))
    orders = set()
    images = np.random.default_rng(3).normal(size=(32, 16, 8, 3)).astype(np.float32)
    expected = named_model(network).run({"image": images})
    for data in (file, reordered(file)):
        model = read_tflite(data)
        orders.add(tuple(model.tensors[index].shape for index in model.outputs))
        opened = find_format("lce").open(data)
        report = check_parity(named_model(network), {"lce": opened}, {"image": images}, outputs)
        assert report.failure is None
        found = opened.run({"image": images})
        for name, rows in expected.items():
            np.testing.assert_allclose(found[name], rows, atol=1e-4 * np.abs(rows).max())
    assert orders == {((1, 32), (1, 5)), ((1, 5), (1, 32))}


@pytest.mark.parametrize("backend", ["native", "litert", "lce"])
def test_every_engine_binds_by_the_signature(toys, tmp_path, monkeypatch, backend):
    network = build(toys, ["embedding", "logits"])
    options = about([image_spec(3)], [EMBEDDING, LOGITS])
    file = export_lce(named_model(network))
    for data in (file, reordered(file)):
        monkeypatch.setattr("bireid_converters.lce.export_lce", lambda network, data=data: data)
        bundle = convert(network, tmp_path / "bundle", ["lce"], **options)
        assert bundle.file("lce").read_bytes() == data
        assert self_test(Session.open(bundle, backend)).passed


@pytest.mark.parametrize("backend", ["native", "litert", "lce"])
def test_two_outputs_without_a_signature_are_refused(toys, tmp_path, monkeypatch, backend):
    network = build(toys, ["embedding", "logits"])
    options = about([image_spec(3)], [EMBEDDING, LOGITS], verify=False)
    file = reordered(export_lce(named_model(network)), keep_signature=False)
    monkeypatch.setattr("bireid_converters.lce.export_lce", lambda network: file)
    bundle = convert(network, tmp_path / "bundle", ["lce"], **options)
    with pytest.raises(UnsupportedModelError, match="signature"):
        Session.open(bundle, backend)


def test_one_output_without_a_signature_is_that_of_the_manifest(toys, tmp_path, monkeypatch):
    network = build(toys, ["logits"])
    file = reordered(export_lce(named_model(network)), keep_signature=False)
    monkeypatch.setattr("bireid_converters.lce.export_lce", lambda network: file)
    options = about([image_spec(3)], [LOGITS], verify=False)
    bundle = convert(network, tmp_path / "bundle", ["lce"], **options)
    for backend in exact_backends(bundle):
        assert self_test(Session.open(bundle, backend)).passed, backend


def test_swapped_outputs_do_not_pass_the_gate(toys, tmp_path, monkeypatch):
    """Two outputs of one shape, so that nothing but their numbers tells them apart."""
    image = keras.Input((16, 8, 3), name="image")
    pooled = keras.layers.GlobalAveragePooling2D(name="pool")(
        Unit("first", 32)(keras.layers.Conv2D(32, 3, padding="same", name="stem")(image))
    )
    rows = {
        name: UnitNormalize(name=f"{name}_unit")(batch_norm(f"{name}_bn")(pooled))
        for name in ("left", "right")
    }
    sound, swapped = (
        toys.randomize(keras.Model(image, heads, name="toy"))
        for heads in (rows, {"left": rows["right"], "right": rows["left"]})
    )
    network = SimpleNamespace(model=sound, config=Config())
    outputs = [OutputSpec.embedding(name, 32) for name in rows]
    options = about([image_spec(3)], outputs)
    assert convert(network, tmp_path / "sound", ["lce", "onnx"], **options)
    file = export_onnx(named_model(SimpleNamespace(model=swapped)))
    monkeypatch.setattr("bireid_converters.onnx_export.export_onnx", lambda network, metadata: file)
    with pytest.raises(ParityError, match="onnx: 0% of 32 crops"):
        convert(network, tmp_path / "swapped", ["onnx"], **options)


def test_int8_and_float_onnx_keep_the_names(toys, tmp_path):
    from ai_edge_litert.interpreter import Interpreter

    network = build(toys, ["embedding", "logits"], channels=6, precision="real")
    images = {"image": np.random.default_rng(0).normal(size=(8, 16, 8, 6)).astype(np.float32)}
    options = about([image_spec(6)], [EMBEDDING, LOGITS], representative=images)
    bundle = convert(network, tmp_path / "bundle", ["int8", "float-onnx"], **options)
    expected = named_model(network).run(images)
    litert = Interpreter(model_content=bundle.read("int8"))
    litert.resize_tensor_input(litert.get_input_details()[0]["index"], [8, 16, 8, 6])
    litert.allocate_tensors()
    found = litert.get_signature_runner("serving_default")(**images)
    assert found.keys() == expected.keys()
    for name, rows in expected.items():
        a, b = found[name], rows
        cosines = (a * b).sum(axis=1) / np.linalg.norm(a, axis=1) / np.linalg.norm(b, axis=1)
        assert cosines.min() > 0.98, name
    opened = find_format("float-onnx").open(bundle.read("float-onnx")).run(images)
    for name, rows in expected.items():
        np.testing.assert_allclose(opened[name], rows, atol=1e-4 * np.abs(rows).max())


def test_every_format_that_the_gate_takes_apart_can_be_opened_and_audited():
    for entry in FORMATS:
        if entry.audit is not None:
            assert callable(entry.load_audit())
        if entry.opener is not None:
            with pytest.raises(UnsupportedModelError):
                entry.open(b"no model")
