"""`follow` where frames end before their end: what was found is kept, and why it ended is said."""

import json
import shutil
import signal

import pytest
from bireid_runtime import Tracker
from bireid_runtime.images import load_image
from zoo import TRACKER_BUNDLE

from bireid_deploy import api, extras
from bireid_deploy.cli.main import EXIT_INTERRUPTED, EXIT_USAGE
from bireid_deploy.data.synthetic.write_walks import write_walks

BOX = (100.0, 60.0, 24.0, 60.0)
FRAMES = 8
needs_av = pytest.mark.skipif(not extras.is_installed("av"), reason="needs PyAV")


@pytest.fixture(scope="module")
def frames(tmp_path_factory):
    """A folder with the frames of a walk."""
    root = tmp_path_factory.mktemp("walk") / "walk"
    write_walks(root, train=1, test=1, frames=FRAMES, size=(192, 256), seed=1)
    return next(root.glob("test/*/img"))


@pytest.fixture(scope="module")
def whole(frames):
    """What is found where nothing goes wrong."""
    followed = api.follow(TRACKER_BUNDLE, frames, BOX)
    assert (followed.ended, followed.interrupted, len(followed.found)) == (None, False, FRAMES)
    return followed


@pytest.fixture
def follow(cli, tmp_path):
    """Follow from the command line; the result, and the boxes in the file."""

    def call(source, *options):
        out = tmp_path / "found.json"
        given = ("--box", ",".join(map(str, BOX)), "-o", out)
        result = cli("follow", TRACKER_BUNDLE, source, *given, *options)
        return result, json.loads(out.read_text()) if out.exists() else None

    return call


def _write_video(path, frames, codec, pixels):
    import av

    with av.open(str(path), "w") as video:
        stream = video.add_stream(codec, rate=10)
        stream.height, stream.width = 192, 256
        stream.pix_fmt = pixels
        for file in sorted(frames.iterdir()):
            picture = av.VideoFrame.from_ndarray(load_image(file), format="rgb24")
            video.mux(stream.encode(picture))
        video.mux(stream.encode())
    return path


def test_a_broken_frame_ends_it_and_what_was_found_is_kept(follow, frames, whole, tmp_path):
    broken = shutil.copytree(frames, tmp_path / "broken")
    (broken / "0005.jpg").write_bytes(b"no image")
    result, found = follow(broken, "--json", "--draw", tmp_path / "drawn")
    assert result.code == 0
    (line,) = [each for each in result.err.splitlines() if "ended" in each]
    assert line.startswith("ended after frame 0004.jpg: ")
    assert "0005.jpg" in line
    assert found == whole.to_json()[:4]
    assert result.json["frames"] == 4
    assert "0005.jpg" in result.json["ended"]
    assert len(list((tmp_path / "drawn").iterdir())) == 4
    (broken / "0001.jpg").write_bytes(b"no image")
    (tmp_path / "found.json").unlink()
    result, found = follow(broken)
    assert (result.code, found) == (EXIT_USAGE, None)


def test_a_frame_of_another_size_ends_it(follow, frames, whole, tmp_path):
    from PIL import Image

    other = shutil.copytree(frames, tmp_path / "other")
    Image.new("RGB", (80, 60)).save(other / "0003.jpg")
    result, found = follow(other)
    assert result.code == 0
    assert "ended after frame 0002.jpg: " in result.err
    assert "(60, 80, 3)" in result.err
    assert found == whole.to_json()[:2]


@needs_av
def test_a_video_that_is_cut_off_is_followed_to_there(follow, frames, whole, tmp_path):
    path = _write_video(tmp_path / "video.mkv", frames, "ffv1", "bgr0")
    result, every = follow(path)
    assert result.code == 0
    assert "ended" not in result.err
    assert [each["bbox"] for each in every] == [list(each.box) for each in whole.found]
    content = path.read_bytes()
    path.write_bytes(content[: len(content) * 2 // 3])
    result, found = follow(path, "--json")
    assert result.code == 0
    assert 3 <= len(found) < FRAMES
    assert found == every[: len(found)]
    assert f"ended after frame {len(found)}: " in result.err
    assert "says that it lasts 0.80 s and ends after" in result.json["ended"]


@needs_av
def test_a_video_with_a_broken_frame_is_followed_to_there(follow, frames, tmp_path):
    path = _write_video(tmp_path / "video.avi", frames, "png", "rgb24")
    content = bytearray(path.read_bytes())
    starts = [at for at in range(len(content)) if content.startswith(b"\x89PNG", at)]
    assert len(starts) == FRAMES
    content[starts[5] : starts[5] + 64] = bytes(64)
    path.write_bytes(content)
    result, found = follow(path)
    assert result.code == 0
    assert len(found) == 5
    assert "ended after frame 5: " in result.err
    assert "frame 6 cannot be decoded" in result.err


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_by_hand_it_keeps_what_was_found(follow, frames, whole, monkeypatch, number):
    update = Tracker.update
    seen = []

    def stop_at_third(self, frame):
        seen.append(frame)
        if len(seen) == 2:
            signal.raise_signal(number)
        return update(self, frame)

    monkeypatch.setattr(Tracker, "update", stop_at_third)
    result, found = follow(frames, "--json")
    assert result.code == EXIT_INTERRUPTED
    assert "ended after frame 0003.jpg: interrupted" in result.err
    assert found == whole.to_json()[:3]
    assert result.json["ended"] == "interrupted"
