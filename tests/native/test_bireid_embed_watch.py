"""`bireid-embed watch`: frames on standard input, a line of JSON for each who was seen."""

import json
import os
import resource
import signal
import subprocess
from contextlib import contextmanager, suppress

import numpy as np
import pytest
from adapted_bundle import CAMERAS
from bireid_runtime import Detector, nv12_to_rgb
from bundle_files import REID_BUNDLE, adapted_bundle, detector_bundle
from embed_program import PROGRAMS, refusal
from PIL import Image
from skips import skip_unavoidably
from watch_stream import BUNDLES, PEOPLE, TRACK, crossing_frames, jpeg, ppm, seen_by_python, watched
from zoo import DETECTOR_BUNDLE

SUMMARY = ["frames", "broken", "tracks", "refused"]


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request):
    return request.param


@pytest.fixture(scope="module")
def frames():
    return crossing_frames()


@pytest.fixture(scope="module")
def expected():
    return seen_by_python()


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
    assert done.returncode == 2
    assert done.stderr == b"bireid-embed: writing standard output: No space left on device\n"


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


@pytest.mark.parametrize("is_read", [True, False])
def test_a_failure_ends_all_tracks(program, frames, is_read):
    """There is no memory for a frame; if nobody reads the tracks, the failure is told as well."""
    if any(part.startswith("sanitize") for part in program.parts):
        skip_unavoidably("the sanitizers take memory of their own")
    with watching(program) as process:
        send(process, frames[:12])
        process.stdin.write(b"junk")
        send(process, frames[12:13])
        # Then the frames before it were looked at, and none of their tracks is over.
        assert process.stderr.readline().endswith(b"after frame 12: 4 bytes are no frame\n")
        if not is_read:
            process.stdout.close()
        with open(f"/proc/{process.pid}/statm") as file:
            taken = int(file.read().split()[0]) * resource.getpagesize()
        limit = taken + 2**25
        resource.prlimit(process.pid, resource.RLIMIT_AS, (limit, limit))
        with suppress(BrokenPipeError):
            send(process, [np.zeros((5000, 5000, 3), np.uint8)])
        lines = [json.loads(line) for line in process.stdout] if is_read else []
        assert process.wait(timeout=60) == 1
        assert process.stderr.read() == b"bireid-embed: std::bad_alloc\n"
    if is_read:
        *tracks, summary = lines
        assert max(line["last_frame"] for line in tracks) == 13
        assert summary == {"frames": 13, "broken": 0, "tracks": len(tracks), "refused": 0}


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
