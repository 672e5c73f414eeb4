"""LiteRT with the native delegate, on a bundle that the repository ships."""

import gc
import importlib.util
import json
import re
from dataclasses import replace

import numpy as np
import pytest
from bireid_runtime import (
    Bundle,
    Extractor,
    InputSpec,
    backends,
    delegate_path,
    native_library,
    self_test,
)
from bireid_runtime.backends import BACKENDS, find_backend
from bireid_runtime.errors import (
    ArgumentError,
    BackendUnavailableError,
    BireidError,
    UnsupportedModelError,
)
from skips import skip_unavoidably

LITERT = next(backend for backend in BACKENDS if backend.name == "litert")
ISAS = ["scalar", "avx2", "avx512f", "avx512", "amx", "neon"]

pytestmark = pytest.mark.skipif(
    LITERT.unavailable_reason() is not None, reason=str(LITERT.unavailable_reason())
)


@pytest.fixture(scope="module")
def bundle(released_bundle) -> Bundle:
    return released_bundle


@pytest.fixture(scope="module")
def session_class():
    from bireid_runtime.backends.litert import LitertSession

    return LitertSession


@pytest.fixture(scope="module")
def embeddings(session_class, bundle, images) -> np.ndarray:
    return embed(session_class(bundle, 1), images)


def embed(session, images: np.ndarray) -> np.ndarray:
    return session.run({"image": images})["embedding"]


def test_golden_crops(bundle):
    extractor = Extractor.open(bundle, backend="litert")
    assert self_test(extractor).passed
    assert re.fullmatch(
        r"ai-edge-litert \d+\.\d+\.\d+ \+ bireid \d+\.\d+\.\d+ \(\w+\)", extractor.engine
    )
    assert native_library.isa() in extractor.engine


@pytest.mark.parametrize("fuse", ["backbone", "none"])
def test_equals_the_lce_interpreter(session_class, bundle, images, fuse):
    if importlib.util.find_spec("larq_compute_engine") is None:
        pytest.skip("needs larq-compute-engine")
    from bireid_runtime.backends.lce import LceSession

    expected = embed(LceSession(bundle, 1), images)
    actual = embed(session_class(bundle, 1, fuse=fuse), images)
    assert actual.dtype == np.float32
    assert np.abs(actual - expected).max() <= 5e-7


@pytest.mark.parametrize("isa", ISAS)
def test_every_instruction_set_gives_the_same_bits(session_class, bundle, images, embeddings, isa):
    try:
        session = session_class(bundle, 1, isa=isa)
    except ArgumentError as error:
        skip_unavoidably(str(error))
    assert f"({isa})" in session.describe()
    np.testing.assert_array_equal(embed(session, images), embeddings)


def test_threads_and_batches_change_nothing(session_class, bundle, images, embeddings):
    session = session_class(bundle, 3)
    for _ in range(2):
        np.testing.assert_array_equal(embed(session, images), embeddings)
    one_by_one = [embed(session, image[np.newaxis])[0] for image in images]
    np.testing.assert_array_equal(one_by_one, embeddings)


def test_uint8_stem_is_close(bundle, smooth_crops):
    extractor = Extractor.open(bundle, backend="litert-uint8", threads=2)
    assert extractor.engine.endswith(", uint8 stem)")
    assert self_test(extractor).passed
    expected = Extractor.open(bundle, backend="litert").embed(smooth_crops)
    actual = extractor.embed(smooth_crops)
    assert np.sum(actual * expected, axis=1).mean() >= 0.99
    difference = np.abs(actual - expected).max(axis=1)
    assert (difference <= 1e-3).mean() >= 0.6
    # Rounded weights give other numbers, even where no sign turns.
    assert difference.min() > 0


@pytest.mark.parametrize(
    ("mean", "std"),
    [((0.0, 0.5, 1.0), (1.0, 1e-05, 1 / 3)), ((-0.1, 0.0, 1 / 255), (1 / 255,) * 3)],
)
def test_uint8_stem_reads_the_normalisation_of_the_bundle(bundle, smooth_crops, mean, std):
    spec = replace(bundle.preprocess, mean=mean, std=std)
    other = replace(bundle, inputs=(InputSpec.image("image", spec),))
    expected = Extractor.open(other, backend="litert").embed(smooth_crops)
    actual = Extractor.open(other, backend="litert-uint8").embed(smooth_crops)
    assert np.sum(actual * expected, axis=1).mean() >= 0.99


def test_uint8_stem_needs_pixels(session_class, bundle, images):
    session = session_class(bundle, 2, stem="uint8")
    message = (
        r"lce\.tflite: LiteRT cannot run it: .* not a normalised 8-bit image, which stem=uint8"
    )
    for batch in (images[:1], images):
        with pytest.raises(UnsupportedModelError, match=message):
            embed(session, batch)


def test_auto_never_takes_the_uint8_stem(bundle, monkeypatch):
    inexact = tuple(backend for backend in BACKENDS if not backend.exact)
    assert [backend.name for backend in inexact] == ["litert-uint8"]
    monkeypatch.setattr(backends, "BACKENDS", inexact)
    with pytest.raises(BackendUnavailableError, match="litert-uint8: never chosen by itself"):
        find_backend("auto", bundle)


def profile_of(session_class, bundle, images, path, **options) -> list[dict]:
    session = session_class(bundle, 2, profile=path, **options)
    embed(session, images)
    assert not path.exists()
    del session
    gc.collect()
    return json.loads(path.read_text())


def test_profile(session_class, bundle, images, tmp_path):
    path = tmp_path / "profile.json"
    fused = profile_of(session_class, bundle, images, path)
    assert {step["runs"] for step in fused} == {len(images)}
    for step in fused:
        assert 0 <= step["fastest_nanoseconds"] <= step["nanoseconds"] / len(images)
    assert sum(step["nanoseconds"] for step in fused) > 0
    assert list(tmp_path.iterdir()) == [path]
    path.unlink()

    alone = profile_of(session_class, bundle, images, path, fuse="none")
    operators = {operator for step in alone for operator in re.findall(r"\w+(?=#)", step["name"])}
    assert operators == {"LceQuantize", "LceBconv2d"}
    assert any("CONV_2D#" in step["name"] for step in fused)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fuse": "all"}, "option fuse is 'all'; it must be backbone or none"),
        ({"stem": "int4"}, "option stem is 'int4'; it must be float32 or uint8"),
        ({"stem": "uint8", "fuse": "none"}, "stem=uint8 needs fuse=backbone"),
        ({"isa": "mmx"}, "isa is 'mmx'; it must be auto, scalar"),
        ({"threads": 65}, "option threads is '65'; it must be a whole number from 1 to 64"),
        ({"profile": "/no/such/folder/p.json"}, "option profile is '/no/such/folder/p.json'"),
    ],
)
def test_bad_options(session_class, bundle, options, message):
    with pytest.raises(ArgumentError, match=f"^{re.escape(message)}"):
        session_class(bundle, **{"threads": 1, **options})


def test_delegate_in_an_interpreter_of_ones_own(bundle, images, embeddings):
    from ai_edge_litert.interpreter import Interpreter, load_delegate

    with pytest.raises(ValueError, match="no option 'fused'; known: fuse, isa, "):
        load_delegate(delegate_path(), {"fused": "none"})
    interpreter = Interpreter(
        model_content=bundle.file("lce").read_bytes(),
        experimental_delegates=[load_delegate(delegate_path())],
    )
    index = interpreter.get_input_details()[0]["index"]
    output = interpreter.get_output_details()[0]["index"]
    # Before the first allocation, after it, and back.
    for batch in (images[:3], images, images[:1]):
        interpreter.resize_tensor_input(index, batch.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(index, batch)
        interpreter.invoke()
        np.testing.assert_array_equal(interpreter.get_tensor(output), embeddings[: len(batch)])


@pytest.mark.parametrize("kept", [0, 7, 5000, 300_000, -1])
def test_cut_off_file(session_class, damaged, kept):
    with pytest.raises(UnsupportedModelError, match=r"model\.lce\.tflite: LiteRT refuses it"):
        session_class(damaged(lambda data: data[:kept]), 1)


def test_damaged_options_name_the_node(session_class, damaged):
    damage = damaged(lambda data: data.replace(b"channels_in", b"channels_xx", 1))
    message = r"node \d+ \(LceBconv2d\): custom options lack 'channels_in'"
    with pytest.raises(UnsupportedModelError, match=message):
        session_class(damage, 1)


def test_changed_bytes_never_crash(session_class, damaged, bundle):
    """The tables of the file come first, the weights after them."""
    rng = np.random.default_rng(5)
    outcomes = set()
    for _ in range(60):

        def change(data: bytes) -> bytes:
            changed = np.frombuffer(data, np.uint8).copy()
            changed[rng.integers(0, 40_000, 3)] = rng.integers(0, 256, 3)
            return changed.tobytes()

        try:
            session_class(damaged(change), 1)
        except BireidError as error:
            outcomes.add(type(error))
    assert outcomes == {UnsupportedModelError}


def test_other_shapes_than_the_manifest(session_class, damaged):
    with pytest.raises(UnsupportedModelError, match="not those of the manifest"):
        session_class(damaged(lambda data: data), 1)


def test_installation_without_the_library(bundle, monkeypatch):
    monkeypatch.setattr(native_library, "_FOLDER", "bireid_runtime._missing")
    message = r"without libbireid_delegate\.so.*C\+\+ compiler"
    with pytest.raises(BackendUnavailableError, match=message):
        delegate_path()
    assert "pip install ./runtime" in str(LITERT.unavailable_reason())
    assert find_backend("auto", bundle).name == "onnx"


def test_library_of_another_machine(tmp_path, monkeypatch):
    (tmp_path / native_library.DELEGATE).write_bytes(b"\x7fELF, but no library")
    monkeypatch.setattr(native_library, "_find", lambda library: tmp_path / library)
    native_library._delegate.cache_clear()
    with pytest.raises(BackendUnavailableError, match="cannot be loaded"):
        native_library.version()
    native_library._delegate.cache_clear()


def test_isa_names():
    assert native_library.isa("scalar") == "scalar"
    assert native_library.isa() in ISAS
    with pytest.raises(ArgumentError, match="isa is 'AVX2'"):
        native_library.isa("AVX2")
