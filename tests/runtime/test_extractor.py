import sys
from itertools import cycle, islice

import numpy as np
import pytest
from bireid_runtime import Bundle, Extractor
from bireid_runtime.backends import BACKENDS, find_backend
from bireid_runtime.errors import (
    ArgumentError,
    BackendUnavailableError,
    BundleError,
    ImageError,
    IntegrityError,
    UnsupportedModelError,
)
from PIL import Image


@pytest.fixture
def extractor(bundle_path) -> Extractor:
    return Extractor.open(bundle_path)


def test_attributes(extractor):
    assert extractor.backend == "onnx"
    assert extractor.engine.startswith("onnxruntime 1.")
    assert (extractor.preprocess.height, extractor.preprocess.width) == (16, 8)
    assert extractor.embedding_dim == 6
    assert extractor.fingerprint.startswith("sha256:")


def test_mixed_sizes_equal_the_reference(extractor, crops, reference):
    embeddings = extractor.embed(crops)
    assert embeddings.dtype == np.float32
    assert embeddings.shape == (4, 6)
    np.testing.assert_allclose(embeddings, [reference(crop) for crop in crops], atol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(embeddings, axis=1), 1.0, atol=1e-6)


@pytest.mark.parametrize("batch_size", [1, 3, 4, 100])
def test_order_does_not_depend_on_the_batch_size(extractor, crops, reference, batch_size):
    many = [crops[i % 4] for i in (3, 1, 0, 2, 2, 1, 3)]
    embeddings = extractor.embed(many, batch_size=batch_size)
    np.testing.assert_allclose(embeddings, [reference(crop) for crop in many], atol=1e-5)


def test_no_crops(extractor):
    embeddings = extractor.embed([])
    assert embeddings.shape == (0, 6)
    assert embeddings.dtype == np.float32


def test_paths_and_arrays_together(extractor, crops, reference, tmp_path):
    Image.fromarray(crops[2]).save(tmp_path / "a.png")
    embeddings = extractor.embed([tmp_path / "a.png", crops[0], str(tmp_path / "a.png")])
    np.testing.assert_allclose(embeddings, [reference(crops[i]) for i in (2, 0, 2)], atol=1e-5)


def test_array_of_crops_of_one_size(extractor, reference):
    images = np.random.default_rng(1).integers(0, 256, (3, 20, 10, 3), dtype=np.uint8)
    np.testing.assert_allclose(
        extractor.embed(images), [reference(image) for image in images], atol=1e-5
    )


def test_stream_is_lazy(extractor, crops, reference):
    rows = list(islice(extractor.embed_stream(cycle(crops), batch_size=2), 5))
    np.testing.assert_allclose(rows, [reference(crops[i % 4]) for i in range(5)], atol=1e-5)


def test_opened_bundle_is_accepted(bundle_path, crops):
    bundle = Bundle.open(bundle_path, verify=False)
    assert Extractor.open(bundle, backend="onnx", threads=2).embed(crops).shape == (4, 6)


def test_a_path_is_verified(bundle_path):
    (bundle_path / "card.md").write_text("changed")
    with pytest.raises(IntegrityError):
        Extractor.open(bundle_path)


@pytest.mark.parametrize(
    "bad",
    [np.zeros((4, 4), np.uint8), np.zeros((4, 4, 3)), np.zeros((1, 4, 4, 3), np.uint8), None, 3],
)
def test_bad_crop_is_named_by_its_index(extractor, crops, bad):
    with pytest.raises(ImageError, match="image 3"):
        extractor.embed([*crops[:3], bad], batch_size=2)


def test_unreadable_file_is_named(extractor, tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"nonsense")
    with pytest.raises(ImageError, match=r"a\.jpg"):
        extractor.embed([tmp_path / "a.jpg"])


def test_single_crop_outside_a_list(extractor, crops):
    for single in (crops[0], "crop.jpg"):
        with pytest.raises(ImageError, match="into a list"):
            extractor.embed(single)


@pytest.mark.parametrize("threads", [0, -1, 65])
def test_threads_out_of_range(bundle_path, threads):
    with pytest.raises(ArgumentError, match="threads"):
        Extractor.open(bundle_path, threads=threads)


def test_batch_size_out_of_range(extractor, crops):
    with pytest.raises(ArgumentError, match="batch_size"):
        extractor.embed(crops, batch_size=0)


def test_unknown_backend_lists_the_known(bundle_path):
    known = "choose one of: auto, native, litert, onnx, lce, litert-uint8"
    with pytest.raises(ArgumentError, match=f"{known}$"):
        Extractor.open(bundle_path, backend="tpu")


def test_named_backend_needs_its_format(bundle_path):
    with pytest.raises(BundleError, match="no file of format 'lce' or 'float'; present: onnx"):
        Extractor.open(bundle_path, backend="lce")


def test_auto_says_why_for_each(bundle_path, edit_manifest):
    edit_manifest(lambda m: m["files"]["model.onnx"].update(format="int8"))
    with pytest.raises(BackendUnavailableError, match="onnx: the bundle has no file") as caught:
        Extractor.open(bundle_path)
    assert all(f" {backend.name}: " in str(caught.value) for backend in BACKENDS)


def hide(monkeypatch, package: str) -> None:
    """Make a package look as if it were not installed."""
    finders = sys.meta_path

    class Hidden:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name.partition(".")[0] == package:
                raise ModuleNotFoundError(f"No module named '{name}'", name=name)
            return None

    for name in [n for n in sys.modules if n.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    for backend in BACKENDS:
        monkeypatch.delitem(sys.modules, backend.session.partition(":")[0], raising=False)
    monkeypatch.setattr(sys, "meta_path", [Hidden, *finders])


def test_missing_engine_names_the_command(bundle_path, monkeypatch):
    hide(monkeypatch, "onnxruntime")
    with pytest.raises(BackendUnavailableError, match="pip install onnxruntime"):
        Extractor.open(bundle_path, backend="onnx")


@pytest.mark.parametrize("name", ["model that is no protobuf", ""])
def test_model_that_the_engine_refuses(bundle_path, edit_manifest, name):
    path = bundle_path / "model.onnx"
    path.write_text(name)

    def adapt(manifest):
        import hashlib

        manifest["files"]["model.onnx"].update(
            bytes=len(name), sha256=hashlib.sha256(name.encode()).hexdigest()
        )

    edit_manifest(adapt)
    with pytest.raises(UnsupportedModelError, match=r"model\.onnx"):
        Extractor.open(bundle_path)


@pytest.mark.parametrize("tensor", ["inputs", "outputs"])
def test_tensor_names_must_be_those_of_the_model(bundle_path, edit_manifest, tensor):
    def rename(manifest):
        manifest[tensor][0]["name"] = "other"
        manifest["golden"]["tolerances"] = {
            manifest["outputs"][0]["name"]: {"max_abs": 1.0, "min_cosine": 0.9}
        }

    edit_manifest(rename)
    with pytest.raises(UnsupportedModelError, match="other"):
        Extractor.open(bundle_path)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        (np.full((3, 6), np.nan, np.float32), "image 0 that is not of unit length"),
        (np.zeros((3, 6), np.float32), "not of unit length"),
        (
            np.ones((3, 5), np.float32),
            r"float32 \(2, 5\) as 'embedding', the manifest promises float32 \(2, 6\)",
        ),
    ],
)
def test_output_that_breaks_the_promise(bundle_path, replace_network, crops, weights, message):
    replace_network(weights)
    with pytest.raises(UnsupportedModelError, match=message):
        Extractor.open(bundle_path).embed(crops[:2])


def test_auto_finds_onnx(bundle_path):
    assert find_backend("auto", Bundle.open(bundle_path)).name == "onnx"
