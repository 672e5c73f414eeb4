"""`bireid-embed watch` on broken streams, and on command lines that make no sense."""

import subprocess

import numpy as np
import pytest
from bundle_files import REID_BUNDLE, classifier_bundle, detector_bundle
from embed_program import PROGRAMS, refusal, run
from watch_stream import BUNDLES, crossing_frames, jpeg, ppm, watch
from zoo import DETECTOR_BUNDLE


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request):
    return request.param


@pytest.fixture(scope="module")
def frames():
    return crossing_frames()


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
        (["watch", *BUNDLES, "--format=nv12", "--size=20000x20000"], "has sides of 1 to 20000 and"),
        (["watch", *BUNDLES, "--fps", "0"], "--fps must be a number from 0.001 to 1000, not '0'"),
        (["watch", *BUNDLES, "--fps", "0.0009"], "--fps must be a number from 0.001 to 1000"),
        (["watch", *BUNDLES, "--fps", "0.001"], "no frame"),
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
