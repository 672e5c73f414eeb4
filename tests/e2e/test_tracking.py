"""The task `tracking` from the command line, on rendered sequences."""

import ctypes
import json
import shutil

import numpy as np
import pytest
from bireid_runtime import Tracker, engine_path, self_test
from bireid_runtime.errors import ArgumentError, ImageError
from bireid_runtime.images import load_image
from PIL import Image

from bireid_deploy import extras
from bireid_deploy.data.sequences import open_sequences
from bireid_deploy.data.synthetic.write_walks import write_walks

ENGINES = ("native", "litert", "onnx", "lce")

RECIPE = """
name = "tiny-tracker"
task = "tracking"
[network]
backbone = "resnet18_stage2"
width = 0.125
input_height = 256
input_width = 256
head = "tracker"
[batch]
sampling = "shuffled"
size = 3
[augmentation]
pad = 0
erasing = 0.0
[tracking]
pairs_per_sequence = 3
[feature_refining]
pairs = [{ low = "stage1", high = "stage2" }]
foreground_share = 1.0
[optimizer]
epochs = 2
"""


class NativeBox(ctypes.Structure):
    """`bireid_tracked_box`."""

    _fields_ = [(name, ctypes.c_double) for name in ("left", "top", "width", "height", "score")]


@pytest.fixture(scope="module")
def walks(tmp_path_factory):
    root = tmp_path_factory.mktemp("walks") / "walks"
    write_walks(root, train=4, test=2, frames=5, size=(192, 256), seed=1)
    return root


@pytest.fixture(scope="module")
def target(walks):
    """The first test sequence: frames, and the box in the first, 0 at its edge."""
    sequence = open_sequences(walks).test[0]
    left, top, width, height = sequence.boxes[0].tolist()
    frames = [load_image(path) for path in sequence.frames]
    return sequence, frames, (left - 1, top - 1, width, height)


@pytest.fixture(scope="module")
def tracker(make, walks, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tracker")
    recipe = folder / "recipe.toml"
    recipe.write_text(RECIPE)
    return make(folder / "run", "train", recipe, "--data", walks, "--out", folder / "run")


@pytest.fixture(scope="module")
def bundle(make, tracker, walks):
    path = tracker.path.with_name("bundle")
    return make(path, "convert", tracker.path, "-o", path, "--data", walks)


@pytest.mark.slow
def test_trackers_are_compared_over_sequences(cli, tracker, bundle, walks):
    models = (tracker.path, bundle.path)
    found = cli("compare", *models, "--data", walks, "--no-times", "--json")
    assert found.code == 0, found.err
    assert found.json["intervals_over"] == {"name": "sequences", "count": 2}
    second = found.json["models"][1]
    assert set(second["differences"]) == {"success", "precision"}
    assert second["agreement"] is None


@pytest.mark.slow
def test_a_tracker_is_trained_and_measured(cli, tracker, walks):
    result = cli("evaluate", tracker.path, "--data", walks, "--json")
    assert result.code == 0, result.err
    scores = result.json
    assert (scores["engine"], scores["data"], scores["frames"]) == ("keras", "walks", 10)
    for name in ("success", "precision", "success_rate", "ao", "sr_50", "sr_75"):
        assert 0 <= scores[name] <= 1
    assert list(scores["per_sequence"]) == ["walk00005", "walk00006"]
    table = cli("evaluate", tracker.path, "--data", walks)
    lines = [line.split() for line in table.out.splitlines()]
    assert [line[0] for line in lines if line and line[-1] == "10"] == ["all"]
    assert max(map(len, table.out.splitlines())) <= 80


@pytest.mark.slow
def test_its_bundle_is_checked_and_says_what_it_holds(bundle):
    manifest = json.loads((bundle.path / "manifest.json").read_text())
    assert "parity gate passed" in bundle.result.err
    assert "\nnative on walks: success" in bundle.result.err
    assert {"keras", "native"} <= {each["engine"] for each in manifest["metrics"]}
    (output,) = manifest["outputs"]
    assert (output["kind"], output["shape"]) == ("correlation", [None, 32, 32, 128])
    decode = output["decode"]
    # The bias is the one that training has learned.
    assert decode.pop("response_bias") != 0
    assert decode == {
        "stride": 8,
        **{"exemplar_first": 14, "exemplar_cells": 3, "search_first": 6, "search_cells": 19},
        **{"search_scale": 2.0, "context": 0.5, "scales": 3, "scale_step": 1.0375},
        **{"scale_penalty": 0.9745, "scale_rate": 0.59, "window_weight": 0.176},
        **{"upsampling": 16, "response_scale": 0.001},
    }
    assert manifest["binarisation"]["operators"]["LceBconv2d"] == 8
    card = (bundle.path / "card.md").read_text()
    assert "object-tracking" in card
    assert "a map of 32x32 cells with 128 numbers each" in card


@pytest.mark.slow
def test_every_engine_tests_itself_and_follows_alike(bundle, target):
    _, frames, box = target
    found = {}
    for engine in ENGINES:
        face = Tracker.open(bundle.path, backend=engine)
        assert self_test(face).passed
        face.start(frames[0], box)
        found[engine] = [face.update(frame) for frame in frames[1:]]
    boxes = {engine: np.array([each.box for each in found[engine]]) for engine in ENGINES}
    for engine in ("native", "litert"):
        np.testing.assert_array_equal(boxes[engine], boxes["lce"])
    # Where floats are summed in another order a sign may flip, and a place move by a little.
    np.testing.assert_allclose(boxes["onnx"], boxes["lce"], atol=3)


@pytest.mark.slow
def test_the_library_finds_what_python_finds_to_the_last_bit(bundle, target):
    _, frames, box = target
    library = ctypes.CDLL(engine_path())
    library.bireid_last_error.restype = ctypes.c_char_p
    handle, found = ctypes.c_void_p(), NativeBox(*box, 0)
    assert not library.bireid_tracker_open(bytes(bundle.path), None, ctypes.byref(handle))

    def call(name, frame, rows=None):
        pixels = np.ascontiguousarray(frame)
        return getattr(library, name)(
            handle,
            pixels.ctypes.data_as(ctypes.c_void_p),
            *(frame.shape[1], rows or frame.shape[0], ctypes.c_int64(0), ctypes.byref(found)),
        )

    assert call("bireid_tracker_update_rgb8", frames[0]) == 1
    assert b"no target: start with" in library.bireid_last_error()
    assert call("bireid_tracker_start_rgb8", frames[0]) == 0
    python = Tracker.open(bundle.path, backend="native")
    python.start(frames[0], box)
    for frame in frames[1:]:
        assert call("bireid_tracker_update_rgb8", frame) == 0, library.bireid_last_error()
        wanted = python.update(frame)
        sides = (found.left, found.top, found.width, found.height)
        assert (*sides, found.score) == (*wanted.box, wanted.score)
    assert call("bireid_tracker_update_rgb8", frames[0], rows=9) == 1
    assert b"the frame has 256x9 pixels; the first one had 256x192" in library.bireid_last_error()
    for wrong, reason in (
        ((0, 0, 0.5, 9), b"at least 1 pixel"),
        ((float("nan"), 0, 9, 9), b"must be four numbers"),
        ((900, 0, 9, 9), b"lies outside the frame"),
        ((-3000, -3000, 6100, 6100), b"more than 8192 pixels"),
    ):
        found = NativeBox(*wrong, 0)
        assert call("bireid_tracker_start_rgb8", frames[0]) == 1
        assert reason in library.bireid_last_error()
    library.bireid_tracker_close(handle)


@pytest.mark.slow
def test_a_box_or_frame_that_cannot_be_is_refused(bundle, target):
    _, frames, box = target
    face = Tracker.open(bundle.path)
    with pytest.raises(ArgumentError, match="no target: call start"):
        face.update(frames[0])
    for wrong, reason in (
        ((0, 0, 0.5, 9), "at least 1 pixel"),
        ((0, 0, 9), "four numbers"),
        ((float("nan"), 0, 9, 9), "four numbers"),
        ((900, 0, 9, 9), "lies outside the frame of 256x192"),
        ((-3000, -3000, 6100, 6100), "over 8192"),
    ):
        with pytest.raises(ArgumentError, match=reason):
            face.start(frames[0], wrong)
    face.start(frames[0], box)
    with pytest.raises(ImageError, match="the first one had"):
        face.update(frames[0][:-1])
    with pytest.raises(ImageError):
        face.update(frames[0].astype(np.float32))


@pytest.mark.slow
def test_frames_are_followed_and_drawn(cli, bundle, target, tmp_path):
    sequence, frames, box = target
    folder, out = sequence.frames[0].parents[1], tmp_path / "found.json"
    given = ",".join(map(str, box))
    result = cli(
        *("follow", bundle.path, folder, "--box", given, "-o", out),
        *("--draw", tmp_path / "drawn", "--json"),
    )
    assert result.code == 0, result.err
    assert result.json["frames"] == 5
    found = json.loads(out.read_text())
    face = Tracker.open(bundle.path)
    face.start(frames[0], box)
    assert found[0] == {"frame": "0001.jpg", "bbox": list(box), "score": 1.0}
    for record, frame in zip(found[1:], frames[1:], strict=True):
        wanted = face.update(frame)
        assert (tuple(record["bbox"]), record["score"]) == (wanted.box, wanted.score)
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == [
        f"{number:06d}.jpg" for number in range(1, 6)
    ]
    text, gif = tmp_path / "found.txt", tmp_path / "found.gif"
    assert cli("follow", bundle.path, folder, "--box", given, "-o", text, "--draw", gif).code == 0
    rows = np.loadtxt(text, delimiter=",")
    np.testing.assert_allclose(rows[0], sequence.boxes[0])
    wanted = np.array([record["bbox"] for record in found])
    wanted[:, :2] += 1
    np.testing.assert_allclose(rows, wanted, atol=1e-3)
    with Image.open(gif) as picture:
        assert (picture.n_frames, picture.size) == (5, (256, 192))


@pytest.mark.slow
def test_a_video_is_followed(cli, bundle, target, tmp_path, monkeypatch):
    av = pytest.importorskip("av")
    _, frames, box = target
    path, out = tmp_path / "video.mkv", tmp_path / "found.json"
    with av.open(str(path), "w") as video:
        stream = video.add_stream("ffv1", rate=10)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "bgr0"
        for frame in frames:
            video.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        video.mux(stream.encode())
    arguments = ("follow", bundle.path, path, "--box", ",".join(map(str, box)), "-o", out)
    assert cli(*arguments).code == 0
    found = json.loads(out.read_text())
    assert [record["frame"] for record in found] == ["1", "2", "3", "4", "5"]
    face = Tracker.open(bundle.path)
    face.start(frames[0], box)
    assert [tuple(record["bbox"]) for record in found[1:]] == [
        face.update(frame).box for frame in frames[1:]
    ]
    (tmp_path / "video.txt").write_text("no video")
    refused = cli("follow", bundle.path, tmp_path / "video.txt", "--box", "1,1,9,9", "-o", out)
    assert refused.code == 2
    assert "cannot be read as a video" in refused.err
    monkeypatch.setattr(extras, "is_installed", lambda name: False)
    missing = cli(*arguments)
    assert missing.code == 4
    assert 'pip install "bireid-deploy[video]"' in missing.err


@pytest.mark.slow
def test_what_is_no_matter_of_tracking(refused, tracker, bundle, walks, people, tmp_path):
    frames = walks / "test" / "walk00005" / "img"
    err = refused(6, "embed", bundle.path, frames, "-o", tmp_path / "e.npz")
    assert "open it with Tracker" in err
    assert "no sequences; looked for" in refused(2, "evaluate", bundle.path, "--data", people)
    assert "did you mean otb?" in refused(
        2, "evaluate", bundle.path, "--data", walks, "--layout", "vot"
    )
    follow = ("follow", bundle.path, frames, "-o", tmp_path / "f.json", "--box")
    assert "is not four numbers" in refused(2, *follow, "1,2,3")
    assert "lies outside the frame" in refused(2, *follow, "500,2,30,40")
    assert "no such file or folder" in refused(
        2, "follow", bundle.path, tmp_path / "none", "-o", tmp_path / "f.json", "--box", "1,1,9,9"
    )
    (tmp_path / "empty").mkdir()
    assert "holds no frame" in refused(
        2, "follow", bundle.path, tmp_path / "empty", "-o", tmp_path / "f.json", "--box", "1,1,9,9"
    )
    damaged = shutil.copytree(walks, tmp_path / "damaged")
    (damaged / "test" / "walk00006" / "img" / "0003.jpg").write_bytes(b"no image")
    assert "evaluation needs every frame" in refused(2, "evaluate", tracker.path, "--data", damaged)
