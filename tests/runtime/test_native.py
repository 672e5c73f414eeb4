"""The engine of the runtime, on a bundle that the repository ships."""

import gc
import importlib.util
import json
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime import Bundle, Extractor, engine_path, native_library, self_test
from bireid_runtime.backends import BACKENDS, find_backend, native, open_engine
from bireid_runtime.backends.native import NativeSession
from bireid_runtime.errors import (
    ArgumentError,
    BackendUnavailableError,
    BireidError,
    BundleError,
    UnsupportedModelError,
)
from bireid_runtime.preprocess import preprocess
from skips import skip_unavoidably

NATIVE = next(backend for backend in BACKENDS if backend.name == "native")
ISAS = ["scalar", "avx2", "avx512f", "avx512", "amx", "neon"]

pytestmark = pytest.mark.skipif(
    NATIVE.unavailable_reason() is not None, reason=str(NATIVE.unavailable_reason())
)


@pytest.fixture(scope="module")
def bundle(released_bundle) -> Bundle:
    return released_bundle


@pytest.fixture(scope="module")
def embeddings(bundle, images) -> np.ndarray:
    return embed(NativeSession(bundle, 1), images)


def embed(session, images: np.ndarray) -> np.ndarray:
    return session.run({"image": images})["embedding"]


def test_golden_crops(bundle):
    extractor = Extractor.open(bundle, backend="native")
    assert self_test(extractor).passed
    assert re.fullmatch(r"bireid \d+\.\d+\.\d+ \(\w+\)", extractor.engine)
    assert native_library.isa() in extractor.engine


def test_auto_prefers_it(bundle):
    assert find_backend("auto", bundle).name == "native"


ALONE = """
import json, sys
from bireid_runtime import self_test
report = self_test(sys.argv[1])
others = {"ai_edge_litert", "onnxruntime", "larq_compute_engine", "tensorflow", "PIL"}
print(json.dumps([report.backend, report.passed, sorted(others & set(sys.modules))]))
"""


def test_it_imports_no_other_engine(bundle):
    command = [sys.executable, "-c", ALONE, str(bundle.path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["native", True, []]


@pytest.mark.parametrize("name", ["litert", "lce"])
def test_no_sign_of_the_backbone_differs(bundle, images, embeddings, name):
    """One sign that turned would show as a difference of 1e-4 and more."""
    other = find_backend(name, bundle)
    if reason := other.unavailable_reason():
        pytest.skip(reason)
    expected = embed(open_engine(other, bundle, threads=1), images)
    assert embeddings.dtype == np.float32
    assert np.abs(embeddings - expected).max() <= 1e-6


@pytest.mark.parametrize("isa", ISAS)
def test_every_instruction_set_gives_the_same_bits(bundle, images, embeddings, isa):
    try:
        session = NativeSession(bundle, 1, isa=isa)
    except UnsupportedModelError as error:
        skip_unavoidably(str(error))
    assert f"({isa})" in session.describe()
    np.testing.assert_array_equal(embed(session, images), embeddings)


def test_threads_and_batches_change_nothing(bundle, images, embeddings):
    session = NativeSession(bundle, 3)
    for _ in range(2):
        np.testing.assert_array_equal(embed(session, images), embeddings)
    one_by_one = [embed(session, image[np.newaxis])[0] for image in images]
    np.testing.assert_array_equal(one_by_one, embeddings)


def test_images_of_any_memory_layout(bundle, images, embeddings):
    session = NativeSession(bundle, 1)
    np.testing.assert_array_equal(embed(session, images[::-2]), embeddings[::-2])
    np.testing.assert_array_equal(embed(session, np.asfortranarray(images[:1])), embeddings[:1])
    np.testing.assert_array_equal(embed(session, images[:1].astype(np.float64)), embeddings[:1])


def test_one_session_serves_several_threads(bundle, images, embeddings):
    session = NativeSession(bundle, 2)
    with ThreadPoolExecutor(4) as executor:
        found = list(executor.map(partial(embed, session), [images] * 8))
    for rows in found:
        np.testing.assert_array_equal(rows, embeddings)


def test_pixels_in_c_are_preprocessed_as_in_python(bundle, smooth_crops):
    session = NativeSession(bundle, 2)
    rng = np.random.default_rng(2)
    sizes = [(1, 1), (128, 64), (301, 77), (20, 200)]
    noise = [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in sizes]
    crops = [*smooth_crops[:4], *noise, *bundle.golden().inputs["image"]]
    prepared = np.stack([preprocess(crop, bundle.preprocess) for crop in crops])
    found = session.run_images(crops)["embedding"]
    np.testing.assert_array_equal(found, embed(session, prepared))
    np.testing.assert_array_equal(session.run_images(crops[:1])["embedding"], found[:1])


def test_images_of_any_memory_layout_go_to_c(bundle, smooth_crops):
    session = NativeSession(bundle, 1)
    wide = np.zeros((150, 75, 3), np.uint8)
    wide[:, :70] = smooth_crops[0]
    layouts = [
        wide[:, :70],
        np.asfortranarray(smooth_crops[0]),
        np.ascontiguousarray(smooth_crops[0][..., ::-1])[..., ::-1],
        np.ascontiguousarray(smooth_crops[0][::-1])[::-1],
        np.ascontiguousarray(smooth_crops[0][:, ::-1])[:, ::-1],
        np.broadcast_to(smooth_crops[0][:1], (150, 70, 3)),
    ]
    found = session.run_images(layouts)["embedding"]
    expected = session.run_images([smooth_crops[0]])["embedding"][0]
    for row in found[:-1]:
        np.testing.assert_array_equal(row, expected)
    repeated = np.ascontiguousarray(layouts[-1])
    np.testing.assert_array_equal(found[-1], session.run_images([repeated])["embedding"][0])


def test_an_extractor_leaves_the_pixels_to_c(bundle, smooth_crops, monkeypatch):
    extractor = Extractor.open(bundle, backend="native")
    expected = extractor.embed(smooth_crops[:3])

    def no_resize(*arguments):
        raise AssertionError("NumPy resized an image")

    monkeypatch.setattr("bireid_runtime.session.fit_to_input", no_resize)
    np.testing.assert_array_equal(extractor.embed(smooth_crops[:3]), expected)


def test_the_engine_runs_the_bytes_that_were_hashed(bundle, images, embeddings, tmp_path):
    copy = tmp_path / "bundle"
    shutil.copytree(bundle.path, copy)
    opened = Bundle.open(copy)
    (copy / "model.lce.tflite").write_bytes(b"something else")
    np.testing.assert_array_equal(embed(NativeSession(opened, 1), images), embeddings)


def test_uint8_stem_is_close(bundle, smooth_crops):
    images = np.stack([preprocess(crop, bundle.preprocess) for crop in smooth_crops])
    session = NativeSession(bundle, 2, stem="uint8")
    assert session.describe().endswith(", uint8 stem)")
    actual, expected = embed(session, images), embed(NativeSession(bundle, 2), images)
    assert np.sum(actual * expected, axis=1).mean() >= 0.99
    # Rounded weights give other numbers, even where no sign turns.
    assert np.abs(actual - expected).max(axis=1).min() > 0


def test_uint8_stem_needs_pixels(bundle, images):
    with pytest.raises(ArgumentError, match="not a normalised 8-bit image"):
        embed(NativeSession(bundle, 1, stem="uint8"), images)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"threads": 0}, ArgumentError, "threads is 0; it must be 1 to 64"),
        ({"threads": 65}, ArgumentError, "threads is 65; it must be 1 to 64"),
        ({"threads": 2**32 + 1}, ArgumentError, "threads is 4294967297; it must be 1 to 64"),
        ({"stem": "int4"}, ArgumentError, "stem must be float32 or uint8"),
        ({"isa": "mmx"}, UnsupportedModelError, "isa is 'mmx'; this CPU or this build has no such"),
    ],
)
def test_bad_options(bundle, options, error, message):
    with pytest.raises(error, match=f"^{re.escape(message)}"):
        NativeSession(bundle, **{"threads": 1, **options})


def test_a_closed_session(bundle, images):
    session = NativeSession(bundle, 1)
    session.close()
    session.close()
    assert session.describe().startswith("bireid ")
    with pytest.raises(ArgumentError, match=r"lce\.tflite: the session is closed"):
        embed(session, images)


def test_a_session_that_goes_gives_its_memory_back(bundle):
    def resident_kib() -> int:
        status = Path("/proc/self/status").read_text(encoding="ascii")
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1))

    for _ in range(5):
        NativeSession(bundle, 1)
    before = resident_kib()
    for _ in range(20):
        NativeSession(bundle, 1)
    gc.collect()
    model_kib = bundle.file("lce").stat().st_size / 1024
    assert resident_kib() - before < 5 * model_kib


@pytest.mark.parametrize("kept", [0, 7, 5000, 300_000, -1])
def test_cut_off_file(damaged, kept):
    with pytest.raises(BundleError, match=r"model\.lce\.tflite: "):
        NativeSession(damaged(lambda data: data[:kept]), 1)


def test_an_operator_of_another_network_is_named(damaged):
    bundle = damaged(lambda data: data.replace(b"LceQuantize", b"LceQuantise"))
    with pytest.raises(UnsupportedModelError, match=r"LceQuantise.* is not known to this engine"):
        NativeSession(bundle, 1)


def test_changed_bytes_never_crash(damaged):
    """The tables of the file come first, the weights after them."""
    rng = np.random.default_rng(5)
    outcomes = set()
    for _ in range(60):

        def change(data: bytes) -> bytes:
            changed = np.frombuffer(data, np.uint8).copy()
            changed[rng.integers(0, 40_000, 3)] = rng.integers(0, 256, 3)
            return changed.tobytes()

        try:
            NativeSession(damaged(change), 1)
        except BireidError as error:
            outcomes.add(type(error))
    assert outcomes <= {UnsupportedModelError, BundleError}
    assert BundleError in outcomes


def test_other_shapes_than_the_manifest(damaged):
    with pytest.raises(BundleError, match="not that of the manifest"):
        NativeSession(damaged(lambda data: data), 1)


def test_a_directory_that_went_away(bundle, tmp_path):
    with pytest.raises(BundleError, match=re.escape(str(tmp_path / "gone"))):
        NativeSession(replace(bundle, path=tmp_path / "gone"), 1)


def test_installation_without_the_library(bundle, monkeypatch):
    monkeypatch.setattr(native_library, "_FOLDER", "bireid_runtime._missing")
    native._engine.cache_clear()
    message = r"without libbireid\.so.*C\+\+ compiler"
    with pytest.raises(BackendUnavailableError, match=message):
        engine_path()
    with pytest.raises(BackendUnavailableError, match=message):
        Extractor.open(bundle, backend="native")
    assert "pip install ./runtime" in str(NATIVE.unavailable_reason())
    if importlib.util.find_spec("onnxruntime") is not None:
        assert find_backend("auto", bundle).name == "onnx"


def test_library_of_another_machine(bundle, tmp_path, monkeypatch):
    (tmp_path / native_library.ENGINE).write_bytes(b"\x7fELF, but no library")
    monkeypatch.setattr(native_library, "_find", lambda library: tmp_path / library)
    native._engine.cache_clear()
    with pytest.raises(BackendUnavailableError, match="cannot be loaded"):
        NativeSession(bundle, 1)
