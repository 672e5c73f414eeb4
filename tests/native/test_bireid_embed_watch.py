"""`bireid-embed watch`: frames on standard input, a line of JSON for each who was seen."""

import io
import json
import os
import signal
import subprocess
from contextlib import contextmanager, suppress
from typing import NamedTuple

import numpy as np
import pytest
from adapted_bundle import CAMERAS
from bireid_runtime import Detector, Extractor, nv12_to_rgb
from bireid_runtime.gallery import Gallery
from bireid_runtime.gallery.formats import write
from bireid_runtime.watching import Sighting, Thresholds, TrackBox, Watcher
from bundle_files import REID_BUNDLE, adapted_bundle, classifier_bundle, detector_bundle
from embed_program import PROGRAMS, refusal, run
from PIL import Image
from zoo import DETECTOR_BUNDLE

from bireid_deploy.data.synthetic.crossing import render_crossing

# Frames of two people who pass, from when both are in view.
PEOPLE, FRAMES, SIZE = 2, slice(6, 42), (160, 224)
BUNDLES = (DETECTOR_BUNDLE, REID_BUNDLE)
SUMMARY = ["frames", "broken", "tracks", "refused"]
TRACK = [
    *("track", "camera", "first", "last", "first_frame", "last_frame", "boxes", "box", "crops"),
    *("fingerprint", "embedding"),
]


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request):
    return request.param


@pytest.fixture(scope="module")
def frames():
    rendered = render_crossing(seed=1, camera=0, cameras=1, people=PEOPLE, size=SIZE)
    return [np.asarray(each.picture) for each in rendered][FRAMES]


class Seen(NamedTuple):
    """What Python sees in the same frames."""

    boxes: list[TrackBox]
    sightings: list[Sighting]
    embeddings: list[np.ndarray]


@pytest.fixture(scope="module")
def expected(frames, tmp_path_factory):
    return seen_by_python(frames, tmp_path_factory.mktemp("python"))


def seen_by_python(frames, folder):
    extractor = Extractor.open(REID_BUNDLE, "native")
    detector = Detector.open(DETECTOR_BUNDLE, "native")
    path = folder / "seen.gallery"
    with Gallery.create(path, extractor.fingerprint, extractor.embedding_dim) as gallery:
        watcher = Watcher(extractor, gallery, Thresholds(same=2.0), detector)
        boxes, sightings = [], []
        for number, frame in enumerate(frames, start=1):
            found = watcher.update(frame, "door", (number - 1) / 10, number)
            boxes += found.boxes
            sightings += found.sightings
        sightings += watcher.close()
        (records,) = gallery.records()
    return Seen(boxes, sightings, list(records.vectors))


def ppm(frame):
    height, width, _ = frame.shape
    return f"P6\n{width} {height}\n255\n".encode() + frame.tobytes()


def jpeg(frame, **options):
    file = io.BytesIO()
    Image.fromarray(frame).save(file, "JPEG", quality=95, **options)
    return file.getvalue()


def watch(program, data, *options, bundles=BUNDLES):
    """Watch a stream; the lines on both outputs, and the exit code."""
    command = [program, "watch", *bundles, *options]
    done = subprocess.run(command, input=data, capture_output=True, timeout=120, check=False)
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    return lines, done.stderr.decode().splitlines(), done.returncode


def watched(program, data, *options, bundles=BUNDLES):
    """Watch a stream without a fault; the lines."""
    lines, problems, code = watch(program, data, *options, bundles=bundles)
    assert (problems, code) == ([], 0)
    return lines


def test_tracks_and_embeddings_are_those_of_python(program, frames, expected):
    data = b"".join(map(ppm, frames))
    options = ["--format", "ppm", "--fps", "10", "--camera", "door", "--boxes"]
    *lines, summary = watched(program, data, *options)
    boxes = [line for line in lines if next(iter(line)) == "frame"]
    assert [(each["frame"], each["track"]) for each in boxes] == [
        (each.frame, each.track) for each in expected.boxes
    ]
    for line, box in zip(boxes, expected.boxes, strict=True):
        assert [np.float32(side) for side in line["box"]] == list(box.corners)
        assert np.float32(line["score"]) == box.score
    tracks = [line for line in lines if line not in boxes]
    assert len(tracks) >= PEOPLE
    for line, sighting, embedding in zip(
        tracks, expected.sightings, expected.embeddings, strict=True
    ):
        assert list(line) == TRACK
        for name in ("track", "camera", "first_frame", "last_frame", "boxes"):
            assert line[name] == getattr(sighting, name)
        assert line["first"] == pytest.approx(sighting.first)
        assert line["last"] == pytest.approx(sighting.last)
        last = [each for each in boxes if each["track"] == line["track"]][-1]
        assert (line["box"], line["last_frame"]) == (last["box"], last["frame"])
        # Bits: sums are made in one order.
        np.testing.assert_array_equal(np.float32(line["embedding"]), embedding)
    assert max(line["crops"] for line in tracks) > 4
    assert summary == dict(zip(SUMMARY, [len(frames), 0, len(tracks), 0], strict=True))


def test_the_class_that_is_named_is_watched(program, frames):
    """A detector of many classes, which sees nothing in particular, on a picture that stays."""
    (found,) = Detector.open(detector_bundle(), "native").boxes([frames[0]], 0.5)
    label = int(found.labels[0])
    own = found.labels == label
    assert 0 < own.sum() < len(own)
    name = Detector.open(detector_bundle(), "native").classes[label]
    options = ["--format=ppm", "--boxes", "--class", name]
    bundles = detector_bundle(), REID_BUNDLE
    lines = watched(program, ppm(frames[0]) * 3, *options, bundles=bundles)
    boxes = [line["box"] for line in lines if line.get("frame") == 3]
    np.testing.assert_array_equal(np.float32(boxes), found.corners[own])


def nv12_of(frame):
    """Luma and pairs that look somewhat like a frame."""
    luma = frame[..., 1].copy()
    height, width = luma.shape
    pairs = frame[::2, ::2, :2]
    assert pairs.shape == ((height + 1) // 2, (width + 1) // 2, 2)
    return luma, np.ascontiguousarray(pairs)


def test_raw_pixels_are_seen_as_in_ppm_files(program, frames):
    frames = [each[:-1, :-1] for each in frames[:6]]  # odd sides
    height, width, _ = frames[0].shape
    size = ["--size", f"{width}x{height}", "--fps", "10"]
    raw = b"".join(each.tobytes() for each in frames)
    of_ppm = watched(program, b"".join(map(ppm, frames)), "--format=ppm", "--fps=10")
    assert watched(program, raw, "--format", "rgb24", *size) == of_ppm
    pictures = [nv12_of(each) for each in frames]
    converted = b"".join(ppm(nv12_to_rgb(*each)) for each in pictures)
    raw = b"".join(part.tobytes() for each in pictures for part in each)
    of_ppm = watched(program, converted, "--format=ppm", "--fps=10")
    assert watched(program, raw, "--format", "nv12", *size) == of_ppm


def test_jpegs_are_cut_apart(program, frames, expected):
    exif = Image.Exif()
    exif[0x0112] = 6  # held upright
    exif[0x010E] = jpeg(frames[0][:40, :40]).decode("latin1")  # a picture within the header
    turned = [np.rot90(each) for each in frames]
    data = b"\0\0".join(jpeg(each, exif=exif) for each in turned)
    *tracks, summary = watched(program, data, "--fps", "10")
    assert summary["frames"] == len(frames)
    # Another decoder than Python's, and what a JPEG loses.
    best = max(tracks, key=lambda line: line["boxes"])
    cosines = [np.dot(np.float32(best["embedding"]), each) for each in expected.embeddings]
    assert max(cosines) > 0.9
    assert {line["camera"] for line in tracks} == {None}


def test_what_is_broken_is_told_and_the_stream_goes_on(program, frames):
    good = jpeg(frames[0])
    undecodable = good.replace(b"\xff\xda\x00\x0c\x03", b"\xff\xda\x00\x0c\x09")
    stream = [good, good[:-90], good, b"\r\n--next", good, undecodable, good, good[:-50]]
    lines, problems, code = watch(program, b"".join(stream))
    assert code == 0
    assert lines[-1] == {"frames": 4, "broken": 3, "tracks": len(lines) - 1, "refused": 0}
    names = ["frame 2", "after frame 3", "frame 5", "frame 7"]
    what = ["another frame begins", "8 bytes are no frame", "cannot be read", "the input ends"]
    assert len(problems) == len(names)
    for line, name, text in zip(problems, names, what, strict=True):
        assert line.startswith(f"bireid-embed: {name}: ")
        assert text in line
    for line in lines[:-1]:
        assert (line["first_frame"], line["last_frame"], line["boxes"]) == (1, 6, 4)


@pytest.mark.parametrize(
    ("data", "options", "reason"),
    [
        (b"", [], "no frame of the format mjpeg"),
        (b"P6 1 1 255 abc", [], "no frame of the format mjpeg; name another one with --format"),
        (b"\xff\xd8\xff\xd9", ["--format=ppm"], "no frame of the format ppm"),
        (b"abc", ["--format=rgb24", "--size=2x2"], "no frame of the format rgb24"),
    ],
)
def test_an_input_without_frames_is_a_mistake(program, data, options, reason):
    lines, problems, code = watch(program, data, *options)
    assert (code, lines[-1]["frames"]) == (2, 0)
    assert reason in problems[-1]


@contextmanager
def watching(program, *options):
    """The program while its input is open."""
    command = [program, "watch", *BUNDLES, "--format=ppm", *options]
    pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
    with subprocess.Popen(command, **pipes) as process:
        try:
            yield process
        finally:
            process.kill()


def send(process, frames):
    process.stdin.write(b"".join(map(ppm, frames)))
    process.stdin.flush()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_tracks(program, frames, number):
    with watching(program, "--boxes") as process:
        send(process, frames[:12])
        while json.loads(process.stdout.readline())["frame"] < 12:
            pass
        # In the middle of a frame, which is no fault of the input.
        process.stdin.write(ppm(frames[12])[:-9])
        process.stdin.flush()
        process.send_signal(number)
        lines = [json.loads(line) for line in process.stdout]
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == b""
    *tracks, summary = [line for line in lines if "frame" not in line]
    assert max(line["last_frame"] for line in tracks) == 12
    assert summary == {"frames": 12, "broken": 0, "tracks": len(tracks), "refused": 0}


def test_who_is_gone_is_told_at_once(program, frames):
    empty = np.full_like(frames[0], 127)
    with watching(program) as process:
        send(process, [*frames[:8], *[empty] * 31])
        line = json.loads(process.stdout.readline())
        assert line["last_frame"] <= 8
        assert process.poll() is None
        # Seconds since 1970, of the clock.
        assert 1.7e9 < line["first"] <= line["last"] < 1e10


def test_a_closed_output_ends_it(program, frames):
    with watching(program, "--boxes") as process:
        process.stdout.close()
        with suppress(BrokenPipeError):
            send(process, frames[:6])
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == b""


def test_a_full_disk_is_told(program, frames):
    command = [program, "watch", *BUNDLES, "--format=ppm"]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            command, input=ppm(frames[0]), stdout=full, stderr=subprocess.PIPE, timeout=60
        )
    assert done.returncode == 1
    assert done.stderr == b"bireid-embed: standard output cannot be written\n"


def test_an_unreadable_input_is_told(program):
    folder = os.open("/", os.O_RDONLY)
    try:
        command = [program, "watch", *BUNDLES]
        done = subprocess.run(command, stdin=folder, capture_output=True, timeout=60)
    finally:
        os.close(folder)
    assert done.returncode == 2
    assert json.loads(done.stdout) == {"frames": 0, "broken": 0, "tracks": 0, "refused": 0}
    assert done.stderr == b"bireid-embed: reading standard input: Is a directory\n"


def test_a_camera_that_the_bundle_knows_gets_its_network(program, frames):
    data = b"".join(map(ppm, frames[:8]))
    bundles = DETECTOR_BUNDLE, adapted_bundle()
    options = ["--format=ppm", "--fps=10"]
    rows = []
    for camera in CAMERAS:
        line, *_ = watched(program, data, *options, f"--camera={camera}", bundles=bundles)
        assert (line["camera"], line["crops"]) == (camera, 2)
        rows.append(np.float32(line["embedding"]))
    assert np.abs(rows[0] - rows[1]).max() > 1e-3
    missing = refusal(program, "watch", *bundles)
    assert "name one: entrance, yard" in missing
    assert "no camera 'street'" in refusal(program, "watch", *bundles, "--camera=street")


@pytest.fixture(scope="module")
def known(frames, expected, tmp_path_factory):
    """A gallery of people of whom two were seen, and its export."""
    folder = tmp_path_factory.mktemp("known")
    extractor = Extractor.open(REID_BUNDLE, "native")
    rows = np.stack(expected.embeddings)
    away = np.roll(rows, 7, axis=1)
    path = folder / "shop.gallery"
    with Gallery.create(path, extractor.fingerprint, extractor.embedding_dim) as gallery:
        for name, seen in (("ada", rows[0]), ("bo", rows[1]), ("größte", away[0])):
            gallery.add(np.stack([seen, away[1]]), person=name)
        gallery.add(rows[:1], camera="door")  # of nobody known
        matches = gallery.match(rows, same=2.0)
        write(gallery, folder / "shop.jsonl")
    return folder / "shop.jsonl", matches


def test_who_resembles_most_is_the_match_of_the_gallery(program, frames, known):
    path, matches = known
    data = b"".join(map(ppm, frames))
    *tracks, _ = watched(program, data, "--format=ppm", "--against", path)
    assert [list(line) for line in tracks] == [[*TRACK, "person", "score"]] * len(matches)
    assert {"ada", "bo"} <= {line["person"] for line in tracks}
    for line, match in zip(tracks, matches, strict=True):
        assert line["person"] == match.label
        assert np.float32(line["score"]) == match.score


def edited(known, tmp_path, change):
    lines = known[0].read_text().splitlines()
    lines[1] = change(json.loads(lines[1]))
    path = tmp_path / "edited.jsonl"
    path.write_text("\n".join(lines))
    return path


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda line: "", "line 2: not valid JSON: it is empty"),
        (lambda line: "{", "line 2: not valid JSON"),
        (lambda line: "[1]", "line 2: the document must be a JSON object"),
        (lambda line: "[" * 100_000, "line 2: not valid JSON"),
        (
            lambda line: json.dumps(line | {"fingerprint": "sha256:0"}),
            "an embedding of another",
        ),
        (lambda line: json.dumps(line | {"fingerprint": 7}), "an embedding of another"),
        (lambda line: json.dumps(line | {"embedding": [1.0]}), "has 256 numbers, not 1"),
        (
            lambda line: json.dumps(line | {"embedding": [0.0] * 257}),
            "line 2: key 'embedding' must",
        ),
        (lambda line: json.dumps(line | {"embedding": "no"}), "line 2: key 'embedding' must"),
        (
            lambda line: json.dumps(line | {"embedding": [None] * 256}),
            "line 2: key 'embedding' must",
        ),
        (lambda line: json.dumps(line | {"note": "x" * 2**22}), "line 2 is longer than 4194304"),
    ],
)
def test_a_file_of_people_is_not_trusted(program, known, tmp_path, change, reason):
    path = edited(known, tmp_path, change)
    assert reason in refusal(program, "watch", *BUNDLES, "--against", path)


def test_a_file_of_nobody_is_refused(program, known, tmp_path):
    nobody = tmp_path / "nobody.jsonl"
    nobody.write_text(known[0].read_text().splitlines()[-1])
    options = ["watch", *BUNDLES, "--against"]
    assert "holds no entry of a person with a name" in refusal(program, *options, nobody)
    assert "not a file" in refusal(program, *options, tmp_path)
    assert "No such file" in refusal(program, *options, tmp_path / "none")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["watch"], "watch needs two bundles"),
        (["watch", DETECTOR_BUNDLE], "watch needs two bundles"),
        (["watch", *BUNDLES, "more"], "images go with neither"),
        (["watch", *BUNDLES, "--describe"], "exclude each other"),
        (["watch", *BUNDLES, "--binary"], "--binary and --raw go with images only"),
        (["watch", *BUNDLES, "--format", "h264"], "is one of mjpeg, ppm, rgb24, nv12, not 'h264'"),
        (["watch", *BUNDLES, "--format", "rgb24"], "--format rgb24 and nv12 need --size WxH"),
        (["watch", *BUNDLES, "--size", "64x64"], "--size goes with --format rgb24 and nv12 only"),
        (["watch", *BUNDLES, "--size", "64"], "H of --size WxH must be a number"),
        (["watch", *BUNDLES, "--format=nv12", "--size=20000x20000"], "a frame has at most"),
        (["watch", *BUNDLES, "--fps", "0"], "--fps must be a number above 0, up to 1000, not '0'"),
        (["watch", *BUNDLES, "--fps", "nan"], "--fps must be"),
        (["watch", *BUNDLES, "--fps", "1."], "no frame"),
        (["watch", *BUNDLES, "--against", ""], "--against needs a file"),
        ([REID_BUNDLE, "a.png", "--fps", "5"], "go with watch only"),
    ],
)
def test_mistakes_are_exit_code_2(program, arguments, reason):
    done = run(program, *arguments, stdin=subprocess.DEVNULL)
    assert done.returncode == 2
    assert reason in done.stderr.decode()
    assert len(done.stderr.splitlines()) == 1


def test_other_networks_are_refused(program):
    def refused(*arguments):
        return refusal(program, "watch", *arguments, exit_code=6)

    assert "finds no boxes; the first bundle" in refused(REID_BUNDLE, REID_BUNDLE)
    assert "embeds nothing; the second bundle" in refused(DETECTOR_BUNDLE, classifier_bundle())
    unknown = refused(*BUNDLES, "--class", "cat")
    assert unknown.endswith(": has no class 'cat', but person")
    assert "has no class 'person', but größte, class 1" in refused(detector_bundle(), REID_BUNDLE)


@pytest.mark.parametrize(("kind", "changed"), [("mjpeg", 60), ("ppm", 20)])
def test_hostile_streams_end_well(program, frames, kind, changed):
    """Every frame has other changes: bits, bytes that go, bytes that come, and parts of others."""
    rng = np.random.default_rng(7)
    whole = (jpeg if kind == "mjpeg" else ppm)(frames[3][60:140, 40:140])
    stream = []
    for index in range(changed):
        frame = bytearray(whole)
        for _ in range(rng.integers(1, 6)):
            # Half of the changes hit the headers.
            place = int(rng.integers(0, rng.choice([700, len(frame)])))
            change = rng.integers(4)
            if change == 0:
                frame[place % len(frame)] = int(rng.integers(256))
            elif change == 1:
                del frame[place : place + int(rng.integers(1, 40))]
            elif change == 2:
                frame[place:place] = rng.bytes(int(rng.integers(1, 40)))
            else:
                frame[place:place] = whole[: int(rng.integers(1, 900))]
        stream += [bytes(frame), *[whole] * (index % 4 == 3)]
    lines, problems, code = watch(program, b"".join(stream), f"--format={kind}", "--fps=10")
    assert code == 0
    summary = lines[-1]
    assert summary["frames"] >= changed // 4
    assert all(line.startswith("bireid-embed: ") for line in problems)
    assert len(problems) >= max(5, summary["broken"])
