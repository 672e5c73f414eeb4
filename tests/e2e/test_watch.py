"""`bireid-deploy watch` on two rendered cameras."""

import json
import shutil
import signal
import sys
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime import Detector, Extractor
from bireid_runtime.gallery import Gallery
from bireid_runtime.images import load_image
from bireid_runtime.watching import Thresholds, Watching
from onnx_detectors import detector_file
from PIL import Image
from watched_scene import SAME, ZOO, render_scene, watch_arguments

from bireid_deploy import api, extras
from bireid_deploy.cli.main import EXIT_CHECK_FAILED, EXIT_UNSUPPORTED, EXIT_USAGE
from bireid_deploy.data.mot import read_mot
from bireid_deploy.data.synthetic.write_crossing import TRUTH
from bireid_deploy.evaluation.drawn_people import DrawnVideo, draw_people

sys.path.insert(0, str(Path(__file__).parents[1] / "native"))

from bundle_files import detector_bundle


@pytest.fixture(scope="session")
def scene(tmp_path_factory):
    return render_scene(tmp_path_factory.mktemp("scene") / "scene")


@pytest.fixture
def gallery(tmp_path):
    api.create_gallery(tmp_path / "shop.gallery", ZOO)
    return tmp_path / "shop.gallery"


def _sightings(out):
    return [json.loads(line) for line in (out / "sightings.jsonl").read_text().splitlines()]


def _api(scene, gallery, out, **options):
    boxes = {each.name: each / TRUTH for each in scene}
    cameras = {each.name: each for each in scene}
    return api.watch(
        cameras, ZOO, gallery, out, Thresholds(same=SAME), boxes=boxes, fps=10, **options
    )


def test_people_of_one_camera_are_found_at_the_other(cli, scene, gallery, tmp_path):
    out = tmp_path / "out"
    result = cli("watch", *watch_arguments(scene), "--gallery", gallery, "-o", out, "--crops")
    assert (result.code, result.err) == (0, "")
    first, second = result.out.splitlines()
    assert first == f"{out}: 248 frames of 2 cameras, 6 sightings"
    assert second.endswith("frames per second")
    seen = _sightings(out)
    people = {(each["camera"], each["track"]): each["person"] for each in seen}
    # They come one after the other, so tracks have their numbers.
    for track in (1, 2, 3):
        assert people["camera1", track] == people["camera2", track]
    assert len(set(people.values())) == 3
    known = [each for each in seen if each["camera"] == "camera2"]
    assert {each["verdict"] for each in known} == {"same"}
    assert all(each["last"] - each["first"] == pytest.approx(4.7) for each in seen)
    for each in seen:
        crop = load_image(out / "crops" / f"{each['camera']}-{each['track']:06d}.jpg")
        left, top, right, bottom = each["best"]["corners"]
        assert crop.shape[:2] == (bottom - top, right - left)
    with Gallery.open(gallery) as opened:
        assert opened.stats().cameras == {"camera1": 3, "camera2": 3}
        assert [each.entries for each in opened.people()] == [2, 2, 2]
    # Every box of the truth has a track.
    for camera in scene:
        truth = (camera / TRUTH).read_text().splitlines()
        boxes = (out / f"{camera.name}.txt").read_text().splitlines()
        assert {tuple(map(float, line.split(",")[:6])) for line in boxes} == {
            tuple(map(float, line.split(",")[:6])) for line in truth
        }


def test_named_people_are_called_by_their_names_and_read_only_adds_nothing(
    scene, gallery, tmp_path
):
    _api(scene[:1], gallery, tmp_path / "first")
    with Gallery.open(gallery) as opened:
        opened.name(2, "ada")
    before = gallery.read_bytes()
    options = Watching(remember=False)
    report = _api(scene[1:], gallery, tmp_path / "second", options=options)
    assert [each["label"] for each in _sightings(report.out)] == [None, "ada", None]
    assert gallery.read_bytes() == before


def test_centred_by_what_the_gallery_learned_of_each_camera(cli, scene, gallery, tmp_path):
    mixed = cli(
        *("watch", *watch_arguments(scene), "--gallery", gallery, "--centre"),
        *("-o", tmp_path / "none"),
    )
    assert mixed.code == EXIT_CHECK_FAILED
    assert "holds embeddings that are not centred by camera, and these are" in mixed.err
    gallery = tmp_path / "centred.gallery"
    api.create_gallery(gallery, ZOO, centre=True)
    arguments = [*watch_arguments(scene), "--gallery", gallery, "--centre"]
    refused = cli("watch", *arguments, "-o", tmp_path / "none")
    assert refused.code == EXIT_USAGE
    assert "has no statistics of camera 'camera1'" in refused.err
    assert not (tmp_path / "none").exists()
    rows = np.random.default_rng(0).normal(0.02, 0.05, (50, 256)).astype(np.float32)
    with Gallery.open(gallery) as opened:
        learned = {camera.name: opened.learn(camera.name, rows) for camera in scene}
    seen = []
    options = Watching(crops=1, centre=True)
    _api(scene, gallery, tmp_path / "out", options=options, on_sighting=seen.append)
    extractor = Extractor.open(ZOO)
    with Gallery.open(gallery) as opened:
        (part,) = opened.records()
    assert len(seen) == len(part) == 6
    for row, each in zip(part.vectors, seen, strict=True):
        plain = extractor.embed([each.crop.pixels])
        np.testing.assert_allclose(row, learned[each.camera].apply(plain)[0], atol=1e-6)
    plain = cli("watch", *watch_arguments(scene), "--gallery", gallery, "-o", tmp_path / "plain")
    assert plain.code == EXIT_CHECK_FAILED
    assert "holds embeddings that are centred by camera, and these are not" in plain.err


def test_stopped_and_resumed_it_takes_in_every_frame_once(cli, scene, gallery, tmp_path):
    out = tmp_path / "out"

    def stop(done, total):
        assert total == 248
        if done == 150:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        _api(scene, gallery, out, on_progress=stop)
    state = json.loads((out / "state.json").read_text())
    assert (sum(state["frames"].values()), state["done"]) == (150, False)
    # What a killed call wrote after its last state is cut off.
    with (out / "camera1.txt").open("a") as file:
        file.write("999,99,1,1,9,9,1,-1,-1,-1\n" * 2000)
    refused = cli("watch", *watch_arguments(scene), "--gallery", gallery, "-o", out)
    assert refused.code == EXIT_USAGE
    assert "resume it or choose another folder" in refused.err
    other = cli(
        "watch", *watch_arguments(scene), "--gallery", gallery, "-o", out, "--resume", "--crops"
    )
    assert other.code == EXIT_USAGE
    assert "of other crops" in other.err
    report = _api(scene, gallery, out, resume=True)
    assert report.frames == {"camera1": 124, "camera2": 124}
    for camera in scene:
        lines = (out / f"{camera.name}.txt").read_text().splitlines()
        frames = [tuple(map(float, line.split(",")[:1] + line.split(",")[2:6])) for line in lines]
        assert len(set(frames)) == len(frames)
        assert max(frames)[0] <= 124
        assert len(frames) >= len((camera / TRUTH).read_text().splitlines()) - 6
    # Whoever was in view when it stopped has two tracks, of two numbers.
    tracks = [(each["camera"], each["track"]) for each in _sightings(out)]
    assert len(set(tracks)) == len(tracks) == report.sightings > 6
    again = _api(scene, gallery, out, resume=True)
    assert again.sightings == report.sightings


def test_broken_frames_are_counted(cli, scene, gallery, tmp_path):
    camera = tmp_path / "camera1"
    shutil.copytree(scene[0], camera)
    for number in (20, 21, 60):
        (camera / "img1" / f"{number:06d}.jpg").write_bytes(b"broken")
    (camera / "img1" / "000001.tif").touch()
    result = cli("watch", *watch_arguments([camera]), "--gallery", gallery, "-o", tmp_path / "out")
    assert result.code == 0
    assert "camera1: 3 frames cannot be decoded and were left out" in result.err
    assert f"left out 1: 1 of the suffix .tif ({camera}/img1/000001.tif)" in result.err
    # Nobody's track is cut by them.
    assert len(_sightings(tmp_path / "out")) == 3


@pytest.mark.skipif(not extras.is_installed("av"), reason="needs PyAV")
def test_what_was_seen_is_drawn(cli, scene, gallery, tmp_path):
    import av

    out = tmp_path / "out"
    arguments = [*watch_arguments(scene[:1]), "--gallery", gallery, "-o", out]
    result = cli("watch", *arguments, "--draw", "mp4")
    assert (result.code, "drawn: camera1.mp4" in result.out) == (0, True), result.err
    boxes = read_mot(out / "camera1.txt")
    with av.open(str(out / "camera1.mp4")) as video:
        assert video.streams.video[0].average_rate == 10
        drawn = [frame.to_ndarray(format="rgb24") for frame in video.decode(video=0)]
    assert len(drawn) == 124
    people = {each["track"]: each["person"] for each in _sightings(out)}
    colors = {1: (86, 180, 233), 2: (0, 158, 115), 3: (240, 228, 66)}
    edges = {}
    for number, found in boxes.items():
        for track, corners in zip(found.numbers.tolist(), found.corners, strict=True):
            left, top, _, bottom = corners.astype(int)
            # The middle of the left edge, where nobody's name stands.
            edges.setdefault(people[track], []).append(
                drawn[number - 1][(top + bottom) // 2, max(0, left)]
            )
    for person, seen in edges.items():
        # A thin line is mixed with what is beside it, but nearest to its own colour.
        middle = np.median(seen, axis=0)
        apart = {each: np.abs(middle - color).sum() for each, color in colors.items()}
        assert min(apart, key=apart.get) == person
    # Pictures that nobody drew on are those of the camera.
    empty = next(number for number in range(1, 125) if number not in boxes)
    plain = load_image(scene[0] / "img1" / f"{empty:06d}.jpg").astype(int)
    assert np.abs(drawn[empty - 1] - plain).mean() < 8

    # What is done already is drawn as well.
    again = cli("watch", *arguments, "--resume", "--draw", "mp4", "--json")
    assert again.json["drawn"] == ["camera1.mp4"]
    assert sorted(each.suffix for each in out.iterdir()) == [".json", ".jsonl", ".mp4", ".txt"]
    live = ["http://127.0.0.1:1/x", f"--boxes={scene[0] / TRUTH}", *watch_arguments([])[:4]]
    refused = cli("watch", *live, "--gallery", gallery, "-o", tmp_path / "x", "--draw", "mp4")
    assert refused.code == EXIT_USAGE
    assert "leave out draw" in refused.err


def test_a_drawn_gif_is_there_when_it_is_whole(tmp_path):
    path = tmp_path / "door.gif"
    box = np.array([[8.0, 8.0, 24.0, 30.0]])
    with DrawnVideo(path, 10.0) as video:
        for shade in (0, 120, 240):
            pixels = np.full((32, 32, 3), shade, np.uint8)
            video.add(draw_people(pixels, box, [None], ["undecided"]), shade + 1)
        assert not path.exists()
    with Image.open(path) as picture:
        assert (picture.n_frames, picture.size) == (3, (32, 32))

    def stopped():
        with DrawnVideo(tmp_path / "till.gif", 10.0) as video:
            video.add(Image.new("RGB", (8, 8)), 1)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not extras.is_installed("av"), reason="needs PyAV")
def test_a_video_that_is_cut_off_is_watched_to_there(cli, scene, gallery, tmp_path):
    import av

    video = tmp_path / "camera1.mpg"
    with av.open(str(video), "w") as container:
        stream = container.add_stream("mpeg1video", rate=25)
        stream.height, stream.width = 160, 224
        for path in sorted((scene[0] / "img1").iterdir())[:60]:
            frame = av.VideoFrame.from_ndarray(load_image(path), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    content = video.read_bytes()
    video.write_bytes(content[: len(content) * 2 // 3])
    boxes = scene[0] / TRUTH
    result = cli(
        *("watch", video, "--boxes", boxes, "--reid", ZOO, "--gallery", gallery),
        *("--same", SAME, "-o", tmp_path / "out", "--json"),
    )
    assert result.code == 0
    assert 30 <= result.json["frames"]["camera1"] < 60
    assert result.json["sightings"] >= 2


@pytest.mark.skipif(not extras.is_installed("av"), reason="needs PyAV")
@pytest.mark.parametrize(
    ("kind", "codec", "pixels", "options"),
    [("mkv", "ffv1", "bgr0", {}), ("mp4", "mpeg4", "yuv420p", {"movflags": "faststart"})],
)
def test_a_video_that_is_shorter_than_it_says(
    cli, scene, gallery, tmp_path, kind, codec, pixels, options
):
    import av

    video = tmp_path / f"camera1.{kind}"
    with av.open(str(video), "w", options=options) as container:
        stream = container.add_stream(codec, rate=25)
        stream.height, stream.width, stream.pix_fmt = 160, 224, pixels
        for path in sorted((scene[0] / "img1").iterdir())[:30]:
            frame = av.VideoFrame.from_ndarray(load_image(path), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    watch = ("watch", video, "--boxes", scene[0] / TRUTH, "--reid", ZOO, "--gallery", gallery)
    watch += ("--same", SAME, "--read-only")
    whole = cli(*watch, "-o", tmp_path / "whole")
    assert whole.code == 0
    assert "ended before its end" not in whole.err
    content = video.read_bytes()
    video.write_bytes(content[: len(content) * 2 // 3])
    cut = cli(*watch, "-o", tmp_path / "cut", "--json")
    assert cut.code == 0
    assert 15 <= cut.json["frames"]["camera1"] < 25
    (line,) = [each for each in cut.err.splitlines() if "ended before its end" in each]
    assert line.startswith(
        "camera1: ended before its end, says that it lasts 1.20 s and ends after"
    )


def test_a_detector_finds_the_boxes(cli, scene, gallery, tmp_path):
    """One of classes without a sense, so what it finds says nothing."""
    detector = detector_bundle()
    arguments = [scene[0], "--reid", ZOO, "--gallery", gallery, "--same", SAME]
    arguments += ["--detector", detector, "-o", tmp_path / "out"]
    refused = cli("watch", *arguments)
    assert refused.code == EXIT_UNSUPPORTED
    assert "has no class 'person'" in refused.err
    network = Detector.open(detector)
    pictures = [load_image(path) for path in sorted((scene[0] / "img1").iterdir())[:30]]
    found = network.boxes(pictures, 0.5)
    label = int(np.bincount(np.concatenate([each.labels for each in found])).argmax())
    result = cli("watch", *arguments, "--class", network.classes[label], "--json")
    assert result.code == 0
    assert result.json["frames"] == {"camera1": 124}
    assert result.json["sightings"] == len(_sightings(tmp_path / "out")) > 0
    for frame, boxes in read_mot(tmp_path / "out" / "camera1.txt").items():
        if frame <= 30:
            (each,) = network.boxes([pictures[frame - 1]], 0.1)
            corners = each.corners[each.labels == label].astype(np.float64)
            apart = np.abs(boxes.corners[:, None] - corners[None]).max(axis=2)
            assert apart.min(axis=1).max() < 0.02


def test_an_onnx_file_of_another_detector_finds_the_boxes(cli, scene, gallery, tmp_path):
    """One that sees somebody in the middle of every frame."""
    found = np.array([[[80, 40, 144, 160, 0.9, 0], [0, 0, 20, 20, 0.9, 1]]], np.float32)
    detector = detector_file(tmp_path / "other.onnx", found, (1, 3, 160, 224))
    result = cli(
        *("watch", scene[0], "--reid", ZOO, "--gallery", gallery, "--same", SAME),
        *("--detector", detector, "-o", tmp_path / "out"),
    )
    assert result.code == 0, result.err
    boxes = read_mot(tmp_path / "out" / "camera1.txt")
    assert len(boxes) == 124
    assert all(each.corners.tolist() == [[80, 40, 144, 160]] for each in boxes.values())
    (seen,) = _sightings(tmp_path / "out")
    assert seen["boxes"] == 124


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,1,1,1,10", "boxes.txt:2: not frame"),
        ("0,1,1,1,10,10,1", "boxes.txt:2: frames count from 1"),
        ("1,1,1,1,-4,10,1", "sizes are above 0"),
        ("1,1,nan,1,4,10,1", "boxes.txt:2: not frame"),
        ("1,1,1,1,1e300,10,1", "boxes.txt:2: not frame"),
    ],
)
def test_damaged_boxes_are_named(cli, scene, gallery, tmp_path, line, message):
    (tmp_path / "boxes.txt").write_text(f"1,1,1,1,9,9,1\n{line}\n")
    result = cli(
        *("watch", scene[0], "--boxes", tmp_path / "boxes.txt", "--reid", ZOO),
        *("--gallery", gallery, "--same", SAME, "-o", tmp_path / "out"),
    )
    assert result.code == EXIT_USAGE
    assert message in result.err
    assert not (tmp_path / "out").exists()


def test_mistakes_are_said_before_anything_is_written(cli, scene, gallery, tmp_path):
    whole = watch_arguments(scene)
    tail = ["--gallery", gallery, "-o", tmp_path / "out"]
    for arguments, said in (
        ([*whole[:3], *whole[4:], *tail], "camera 'camera2' has no boxes"),
        ([*whole, scene[0], *tail], "two are called 'camera1'"),
        ([*whole, "--fmr", "0.1", *tail], "one of --same, --fmr and --fpir"),
        ([*whole, "a/b=x", *tail], "camera 'a/b'"),
        ([str(scene[0]), *whole[4:], *tail], "give --detector or --boxes"),
    ):
        result = cli("watch", *arguments)
        assert (result.code, said in result.err) == (EXIT_USAGE, True), result.err
    Gallery.create(tmp_path / "other.gallery", "sha256:" + "1" * 64, 256).close()
    tail[1] = tmp_path / "other.gallery"
    assert cli("watch", *whole, *tail).code == EXIT_CHECK_FAILED
    assert not (tmp_path / "out").exists()
