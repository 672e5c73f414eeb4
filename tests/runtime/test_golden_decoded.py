"""What golden maps decode to: kept in bundles, compared by the self-test, never trusted."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime import Bundle, Golden, InputSpec, OutputSpec, Preprocess, self_test
from bireid_runtime.boxes import Decoding, decode
from bireid_runtime.bundle import DECODED_NAME
from bireid_runtime.command_line import main
from bireid_runtime.errors import BundleError, IntegrityError, SelfTestError
from bireid_runtime.golden_decoded import DecodedGolden
from bireid_runtime.matching import Matching
from bireid_runtime.responses import correlate, exemplar_of, locate, searches_of, upsample
from bireid_runtime.safetensors import read_safetensors, write_safetensors
from bireid_runtime.self_test import require
from golden_edit import edit_decoded, write_checksums, write_decoded
from zoo import DETECTOR_BUNDLE, REID_BUNDLE, TRACKER_BUNDLE

ITEMS = 3
DECODING = Decoding(stride=4, max_boxes=20)
MATCHING = Matching(8, 1, 2, 0, 4, scales=5, upsampling=4, response_scale=0.1)
IMAGE = InputSpec.image("image", Preprocess(16, 24, fit="letterbox"))
OUTPUTS = (
    OutputSpec.boxes("boxes", (4, 6), ["cat", "dog"], DECODING),
    OutputSpec.correlation("features", (4, 4, 3), MATCHING),
    OutputSpec.tensor("map", (2,)),
)


@pytest.fixture(scope="module")
def golden():
    rng = np.random.default_rng(0)
    images = tuple(
        rng.integers(0, 256, (*size, 3), np.uint8) for size in ((16, 24), (60, 20), (5, 31))
    )
    rows = {spec.name: rng.normal(size=(ITEMS, *spec.shape)).astype(np.float32) for spec in OUTPUTS}
    return Golden({"image": images}, rows, {})


@pytest.fixture(scope="module")
def decoded(golden):
    return DecodedGolden.of(golden, (IMAGE,), OUTPUTS)


def read(data: bytes) -> DecodedGolden:
    return DecodedGolden.from_bytes(data, ITEMS, OUTPUTS, "file")


def test_boxes_are_those_of_the_golden_image(golden, decoded):
    """A picture of 60x20 takes 16x5 pixels of an input of 16x24."""
    assert len(decoded.rows["boxes"]) == ITEMS
    expected = decode(golden.outputs["boxes"][1], DECODING, (16, 5), (60, 20))
    assert len(expected.scores) > 1
    rows = decoded.rows["boxes"][1]
    np.testing.assert_array_equal(rows[:, :4], expected.corners)
    np.testing.assert_array_equal(rows[:, 4], expected.scores)
    np.testing.assert_array_equal(rows[:, 5], expected.labels)


def test_boxes_of_other_inputs_are_those_of_the_map(golden):
    two = (IMAGE, InputSpec.tensor("more", (2,)))
    rows = DecodedGolden.of(golden, two, OUTPUTS).rows["boxes"][1]
    expected = decode(golden.outputs["boxes"][1], DECODING, (16, 24), (16, 24))
    np.testing.assert_array_equal(rows[:, :4], expected.corners)


def test_the_first_map_is_sought_in_all(golden, decoded):
    maps = golden.outputs["features"]
    searches = searches_of(maps[[0, 1, 2, 0, 1]], MATCHING)
    responses = correlate(exemplar_of(maps[0], MATCHING), searches) * MATCHING.response_scale
    place = locate(upsample(responses, MATCHING.upsampling), MATCHING)
    (rows,) = decoded.rows["features"]
    assert rows.dtype == np.float32
    assert rows[0, :3].tolist() == [place.scale, place.row, place.column]
    assert rows[0, 3] == pytest.approx(1 / (1 + np.exp(-place.peak)), abs=1e-6)


def test_round_trip(golden, decoded):
    found = read(decoded.to_bytes())
    assert found.rows.keys() == {"boxes", "features"}
    assert found.first_other(decoded) is None
    assert found.to_bytes() == decoded.to_bytes()
    # No threshold, no boxes.
    none = replace(
        OUTPUTS[0],
        details={
            **OUTPUTS[0].details,
            "decode": {**DECODING.to_manifest(), "score_threshold": 1.0},
        },
    )
    empty = DecodedGolden.of(golden, (IMAGE,), (none, *OUTPUTS[1:]))
    assert {each.shape for each in read(empty.to_bytes()).rows["boxes"]} == {(0, 6)}
    assert decoded.first_other(empty) == "output 'boxes', item 0"


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("decoded/boxes/0", np.zeros((2, 5), np.float32), r"expected float32 \(0 to 20, 6\), got"),
        ("decoded/boxes/1", np.zeros((21, 6), np.float32), r"got float32 \(21, 6\)"),
        ("decoded/boxes/2", np.zeros((2, 6), np.uint8), "got uint8"),
        ("decoded/boxes/2", np.zeros((2, 6, 1), np.float32), r"got float32 \(2, 6, 1\)"),
        ("decoded/boxes/2", np.zeros((), np.float32), r"got float32 \(\)"),
        ("decoded/boxes/2", np.full((1, 6), np.nan, np.float32), "not all numbers are finite"),
        ("decoded/features/0", np.zeros((2, 4), np.float32), r"\(0 to 1, 4\), got"),
        ("decoded/features/0", np.full((1, 4), np.inf, np.float32), "not all numbers are finite"),
        ("decoded/features/1", np.zeros((1, 4), np.float32), "is not one of this network's"),
        ("decoded/map/0", np.zeros((1, 2), np.float32), "is not one of this network's"),
    ],
)
def test_a_wrong_array_is_named(decoded, name, array, message):
    arrays = read_safetensors(decoded.to_bytes(), "file") | {name: array}
    with pytest.raises(BundleError, match=f"^file: tensor '{name}'.*{message}"):
        read(write_safetensors(arrays))


def test_a_damaged_file_is_refused(decoded, monkeypatch):
    data = decoded.to_bytes()
    arrays = read_safetensors(data, "file")
    del arrays["decoded/boxes/1"]
    with pytest.raises(BundleError, match=r"^file: tensor 'decoded/boxes/1' is missing"):
        read(write_safetensors(arrays))
    with pytest.raises(BundleError, match=r"^file: "):
        read(data[:-1])
    monkeypatch.setattr("bireid_runtime.golden.MAX_GOLDEN_BYTES", 100)
    with pytest.raises(BundleError, match="larger than the limit of 100 bytes"):
        read(data)


@pytest.fixture(params=[DETECTOR_BUNDLE, TRACKER_BUNDLE], ids=["detector", "tracker"])
def copy(request, tmp_path) -> Path:
    return Path(shutil.copytree(request.param, tmp_path / "bundle"))


def edit_entry(folder: Path, change) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest["golden"])
    (folder / "manifest.json").write_text(json.dumps(manifest))
    write_checksums(folder)


def test_the_self_test_notices_another_decoding(copy, capsys):
    def nudge(arrays):
        name = min(arrays)
        rows = arrays[name].copy()
        rows[0, -2] = np.nextafter(rows[0, -2], np.float32(np.inf))
        return {**arrays, name: rows}

    edit_decoded(copy, nudge)
    report = self_test(copy)
    assert all(row.passed for row in report.rows)
    assert not report.passed
    with pytest.raises(SelfTestError, match=r"golden maps decode to .*, item 0.*again") as failure:
        require(report)
    assert "\n" not in str(failure.value)
    assert main(["selftest", str(copy), "--json"]) == 3
    assert json.loads(capsys.readouterr().out)["passed"] is False


def test_a_bundle_without_it_still_opens(copy):
    (copy / DECODED_NAME).unlink()
    edit_entry(copy, lambda golden: golden.pop("decoded"))
    bundle = Bundle.open(copy)
    assert bundle.golden_decoded() is None
    assert self_test(bundle).passed


def test_the_file_of_a_bundle_is_held_to_its_manifest(tmp_path):
    folder = Path(shutil.copytree(TRACKER_BUNDLE, tmp_path / "bundle"))
    path = folder / DECODED_NAME
    data = path.read_bytes()
    path.write_bytes(data[:-4])
    with pytest.raises(IntegrityError, match=f"{DECODED_NAME}: 100 bytes, the manifest says 104"):
        Bundle.open(folder)
    write_decoded(folder, data[:-4])
    with pytest.raises(BundleError, match=f"{DECODED_NAME}: tensor .* ends behind the file"):
        self_test(folder)
    path.unlink()
    with pytest.raises(BundleError, match=f"no file {DECODED_NAME}"):
        Bundle.open(folder)
    write_decoded(folder, data)
    files = {each.name: each.read_bytes() for each in folder.iterdir()}
    assert self_test(Bundle.from_files(files)).passed
    del files[DECODED_NAME]
    with pytest.raises(BundleError, match=f"{DECODED_NAME}: this file is not among"):
        Bundle.from_files(files)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"file": "model.onnx"}, r"golden\.decoded\.file' is a file of another purpose"),
        ({"file": "golden.safetensors"}, r"golden\.decoded\.file' is a file of another purpose"),
        ({"file": "../x"}, "not a plain file name"),
        ({"bytes": 2**26 + 1}, r"golden\.decoded\.bytes' is"),
        ({"sha256": "?"}, r"golden\.decoded\.sha256' must be"),
    ],
)
def test_a_bad_entry_is_named(tmp_path, change, message):
    folder = Path(shutil.copytree(TRACKER_BUNDLE, tmp_path / "bundle"))
    edit_entry(folder, lambda golden: golden["decoded"].update(change))
    with pytest.raises(BundleError, match=message):
        Bundle.open(folder)


def test_what_does_not_decode_has_no_file():
    assert Bundle.open(REID_BUNDLE).golden_decoded() is None
