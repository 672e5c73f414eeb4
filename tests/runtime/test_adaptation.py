"""Bundles adapted to cameras: what comes out per camera, and what a dishonest one is told."""

import numpy as np
import pytest
from adapted_bundle import adapt, edit_manifest, edit_numbers
from bireid_runtime import Bundle, Extractor, Session, self_test
from bireid_runtime.adaptation import Adaptation, AdaptationSpec, Camera, Patch
from bireid_runtime.camera_statistics import CameraStatistics
from bireid_runtime.centring import centre
from bireid_runtime.errors import ArgumentError, BundleError, IntegrityError
from bireid_runtime.preprocess import preprocess

NAMES = ("entrance", "yard")
FILE = "model.onnx"


def unit(rows):
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


class Adapted:
    """An adapted bundle of a linear network on mean colours, and what it must compute."""

    def __init__(self, path, weights, crops):
        rng = np.random.default_rng(11)
        self.path, self.crops = path, crops
        data = (path / FILE).read_bytes()
        offset = data.find(weights.tobytes())
        row = weights.shape[1]
        self.weights = {
            "entrance": (rng.normal(size=(2, row)), rng.uniform(0.5, 2, 1).astype(np.float32)),
            "yard": (rng.normal(size=(2, row)), rng.uniform(0.5, 2, 1).astype(np.float32)),
        }
        self.patches = (
            Patch(offset, "replace", 2, row),
            Patch(offset + 2 * row * 4, "scale", 1, row),
        )
        numbers = [np.concatenate([each[0].ravel(), each[1]]) for each in self.weights.values()]
        for name, (replaced, factor) in self.weights.items():
            self.weights[name] = np.concatenate([replaced, weights[2:] * factor]).astype(np.float32)
        self.means = rng.normal(0, 0.2, (2, row)).astype(np.float32)
        self.deviations = rng.uniform(0.3, 2, (2, row)).astype(np.float32)
        self.spec = AdaptationSpec(
            (Camera("entrance", 5), Camera("yard", 7)), "mean_and_deviation", {FILE: self.patches}
        )
        self.adaptation = Adaptation(
            self.spec, self.means, self.deviations, {FILE: np.stack(numbers).astype(np.float32)}
        )
        cameras = ("entrance", "yard", "yard", "entrance")
        golden = [self.row(crop, camera) for crop, camera in zip(crops, cameras, strict=True)]
        adapt(path, self.adaptation, cameras, {"embedding": np.stack(golden).astype(np.float32)})

    def raw(self, crop, camera):
        spec = Bundle.open(self.path, verify=False).preprocess
        return unit(preprocess(crop, spec).mean(axis=(0, 1)) @ self.weights[camera])

    def row(self, crop, camera):
        index = NAMES.index(camera)
        return unit((self.raw(crop, camera) - self.means[index]) / self.deviations[index])


@pytest.fixture
def adapted(bundle_path, crops, network_weights):
    return Adapted(bundle_path, network_weights, crops)


def test_every_camera_has_its_own_network_and_statistics(adapted):
    for camera in NAMES:
        session = Session.open(adapted.path, "onnx", camera=camera)
        found = session.run_images(adapted.crops)["embedding"]
        expected = np.stack([adapted.row(crop, camera) for crop in adapted.crops])
        np.testing.assert_allclose(found, expected, atol=2e-6)
        assert session.camera == camera
    report = self_test(adapted.path)
    assert report.passed
    assert report.max_difference < 1e-5
    assert [row.item for row in report.rows] == [0, 1, 2, 3]


def test_a_self_test_notices_the_numbers_of_another_camera(adapted):
    def swap(arrays):
        arrays["mean/0"], arrays["mean/1"] = arrays["mean/1"], arrays["mean/0"]

    edit_numbers(adapted.path, swap)
    edit_manifest(
        adapted.path,
        lambda manifest: manifest["golden"]["tolerances"]["embedding"].update(max_abs=1e-4),
    )
    assert not self_test(adapted.path).passed


def test_embeddings_can_stay_as_the_network_gives_them(adapted):
    extractor = Extractor.open(adapted.path, "onnx", centred=False)
    rows = extractor.embed(adapted.crops, camera="yard")
    expected = np.stack([adapted.raw(crop, "yard") for crop in adapted.crops])
    np.testing.assert_allclose(rows, expected, atol=2e-6)
    statistics = CameraStatistics.from_bundle(extractor.bundle, "yard")
    one = Extractor.open(adapted.path, "onnx", camera="yard")
    np.testing.assert_allclose(statistics.apply(rows), one.embed(adapted.crops), atol=1e-6)
    assert self_test(extractor).passed


def test_an_extractor_opens_the_cameras_that_it_needs(adapted):
    extractor = Extractor.open(adapted.path, "onnx")
    assert extractor.cameras == NAMES
    for camera in NAMES:
        one = Extractor.open(adapted.path, "onnx", camera=camera)
        np.testing.assert_array_equal(
            extractor.embed(adapted.crops, camera=camera), one.embed(adapted.crops)
        )
        assert one.fingerprint == extractor.fingerprint
    first = next(extractor.embed_stream(adapted.crops, camera="yard"))
    np.testing.assert_allclose(first, adapted.row(adapted.crops[0], "yard"), atol=2e-6)
    with pytest.raises(ArgumentError, match="name one: entrance, yard"):
        extractor.embed(adapted.crops)
    with pytest.raises(ArgumentError, match="did you mean yard"):
        extractor.embed(adapted.crops, camera="yarn")


def test_a_camera_is_asked_for_where_there_is_one_and_only_there(adapted):
    with pytest.raises(ArgumentError, match="adapted to single cameras; name one: entrance, yard"):
        Session.open(adapted.path, "onnx")
    with pytest.raises(ArgumentError, match="no camera 'entrance2'; did you mean entrance"):
        Session.open(adapted.path, "onnx", camera="entrance2")


def test_a_plain_bundle_has_no_cameras(bundle_path):
    assert Bundle.open(bundle_path).cameras == ()
    with pytest.raises(ArgumentError, match="not adapted to cameras, so there is no camera 'yard'"):
        Session.open(bundle_path, "onnx", camera="yard")


def test_the_file_itself_stays_as_it_is(adapted):
    bundle = Bundle.open(adapted.path)
    plain = bundle.read("onnx")
    assert plain == (adapted.path / FILE).read_bytes()
    patched = bundle.read("onnx", "yard")
    start, end = adapted.patches[0].offset, adapted.patches[1].end
    assert (patched[:start], patched[end:]) == (plain[:start], plain[end:])
    assert patched[start:end] == adapted.weights["yard"].tobytes()


def test_a_changed_file_of_numbers_is_refused(adapted):
    path = adapted.path / "adaptation.safetensors"
    bundle = Bundle.open(adapted.path)
    bundle.release()
    path.write_bytes(path.read_bytes()[:-1] + b"\1")
    with pytest.raises(IntegrityError, match="it has changed"):
        bundle.read("onnx", "yard")
    with pytest.raises(IntegrityError, match="SHA-256 mismatch"):
        Bundle.open(adapted.path)


def patch(**changes):
    return lambda record: record["patches"][FILE][0].update(changes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda record: record.pop("sha256"), "sha256' is missing"),
        (lambda record: record.pop("cameras"), "cameras' is missing"),
        (lambda record: record.update(file=FILE), "a file of another purpose"),
        (lambda record: record.update(file="../x"), "not a plain file name"),
        (lambda record: record.update(level=3), "level' is unknown"),
        (lambda record: record.update(embedding="median"), "must be one of none, mean"),
        (lambda record: record.update(cameras=[]), "must have 1 to 256 entries"),
        (lambda record: record["cameras"][1].update(name="entrance"), "'entrance' once more"),
        (lambda record: record["cameras"][1].update(name="-yard"), "must be a letter or digit"),
        (lambda record: record["cameras"][1].update(crops=0), "it must lie in 1"),
        (lambda record: record["patches"].update({"card.md": []}), "no model file of this bundle"),
        (lambda record: record["patches"].update({FILE: []}), "must have 1 to 65536 entries"),
        (lambda record: record["patches"][FILE].reverse(), "before the end of the last patch"),
        (patch(rows=3), "before the end of the last patch"),
        (patch(offset=-4), "it must lie in 0"),
        (patch(offset=10**12), "it must lie in 0"),
        (patch(rows=0), "it must lie in 1"),
        (patch(rows=2, row=200), "leads behind the file"),
        (patch(kind="add"), "must be 'replace' or 'scale'"),
        (patch(kind="scale"), r"'patch/0/model.onnx': expected float32 \(3,\)"),
        (patch(step=1), "step' is unknown"),
        (lambda record: record.update(embedding="mean"), "'deviation/0' is not one of"),
    ],
)
def test_a_dishonest_manifest_is_refused(adapted, change, said):
    edit_manifest(adapted.path, lambda manifest: change(manifest["adaptation"]))
    with pytest.raises(BundleError, match=said) as raised:
        Session.open(adapted.path, "onnx", camera="yard")
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda golden: golden.pop("cameras"), "cameras' is missing"),
        (lambda golden: golden["cameras"].pop(), "must be 4 names of cameras"),
        (lambda golden: golden.update(cameras=["yard"] * 3 + ["street"]), "must be 4 names"),
        (lambda golden: golden.update(cameras=["yard"] * 3 + [["yard"]]), "must be 4 names"),
        (lambda golden: golden.update(cameras=["yard"] * 4), "leaves out a camera"),
    ],
)
def test_golden_items_say_their_camera(adapted, change, said):
    edit_manifest(adapted.path, lambda manifest: change(manifest["golden"]))
    with pytest.raises(BundleError, match=said):
        Bundle.open(adapted.path)


def test_golden_items_of_a_plain_bundle_have_no_camera(bundle_path):
    edit_manifest(bundle_path, lambda manifest: manifest["golden"].update(cameras=["yard"] * 4))
    with pytest.raises(BundleError, match="goes with the key 'adaptation' alone"):
        Bundle.open(bundle_path)


def number(name, index, value):
    return lambda arrays: arrays[name].__setitem__(index, value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda arrays: arrays.pop("mean/1"), "'mean/1' is missing"),
        (lambda arrays: arrays.update(extra=np.zeros(1, np.float32)), "'extra' is not one of"),
        (lambda arrays: arrays.update({"mean/1": np.zeros(5, np.float32)}), "'mean/1': expected"),
        (lambda arrays: arrays.update({"mean/1": np.zeros(6, np.uint8)}), "'mean/1': expected"),
        (number("mean/1", 2, np.nan), "'mean/1': not all numbers are finite"),
        (number("patch/1/model.onnx", 3, np.inf), "'patch/1/model.onnx': not all numbers"),
        (number("patch/1/model.onnx", 12, 3e38), "gives a number that is not finite"),
        (number("deviation/1", 2, 1e-7), "a deviation below 1e-06"),
        (number("deviation/1", 2, -1), "a deviation below 1e-06"),
    ],
)
def test_dishonest_numbers_are_refused(adapted, change, said):
    edit_numbers(adapted.path, change)
    with pytest.raises(BundleError, match=said) as raised:
        Session.open(adapted.path, "onnx", camera="yard")
    assert "\n" not in str(raised.value)


def test_statistics_run_as_they_are_counted(tmp_path):
    rng = np.random.default_rng(2)
    rows = unit(rng.normal(0.3, 1, (50, 8))).astype(np.float32)
    statistics = CameraStatistics(8)
    np.testing.assert_array_equal(statistics.apply(rows), rows)
    for part in (rows[:1], rows[1], rows[2:30], rows[30:]):
        statistics.add(part)
    assert statistics.count == 50
    np.testing.assert_allclose(statistics.mean, rows.mean(axis=0), atol=1e-7)
    np.testing.assert_allclose(statistics.deviation, rows.std(axis=0), atol=1e-7)
    np.testing.assert_array_equal(
        statistics.apply(rows), centre(rows, statistics.mean, statistics.deviation)
    )
    statistics.save(tmp_path / "yard.safetensors")
    again = CameraStatistics.load(tmp_path / "yard.safetensors")
    statistics.add(rows)
    again.add(rows)
    assert again.count == 100
    np.testing.assert_array_equal(again.apply(rows), statistics.apply(rows))


def test_statistics_go_on_from_those_of_a_bundle(adapted):
    bundle = Bundle.open(adapted.path)
    statistics = CameraStatistics.from_bundle(bundle, "yard")
    assert statistics.count == 7
    np.testing.assert_array_equal(statistics.mean, adapted.means[1])
    np.testing.assert_allclose(statistics.deviation, adapted.deviations[1], rtol=1e-6)
    with pytest.raises(ArgumentError, match="no camera 'street'"):
        CameraStatistics.from_bundle(bundle, "street")


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (np.zeros((2, 7), np.float32), r"float32 \(N, 8\)"),
        (np.zeros((2, 8)), "got float64"),
        (np.full((2, 8), np.nan, np.float32), "not finite"),
    ],
)
def test_statistics_refuse_other_numbers(rows, said):
    statistics = CameraStatistics(8)
    with pytest.raises(ArgumentError, match=said):
        statistics.add(rows)
    assert statistics.count == 0


def test_a_damaged_file_of_statistics_is_refused(tmp_path):
    from bireid_runtime.errors import ArrayFileError
    from bireid_runtime.safetensors import read_safetensors, write_safetensors

    path = tmp_path / "yard.safetensors"
    statistics = CameraStatistics(3)
    statistics.add(np.eye(3, dtype=np.float32))
    statistics.save(path)
    data = path.read_bytes()
    path.write_bytes(data[:-1])
    with pytest.raises(ArrayFileError, match="no statistics of a camera"):
        CameraStatistics.load(path)
    for name, value in (("squares/high", -1), ("mean/low", np.nan), ("count", 0.5)):
        arrays = read_safetensors(data, "")
        arrays[name][0] = value
        path.write_bytes(write_safetensors(arrays))
        with pytest.raises(ArrayFileError, match=r"yard\.safetensors"):
            CameraStatistics.load(path)
    with pytest.raises(ArrayFileError, match="no statistics"):
        CameraStatistics.load(tmp_path / "none")
