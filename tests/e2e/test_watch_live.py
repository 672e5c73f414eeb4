"""`bireid-deploy watch` on live cameras."""

import json
import os
import signal
import threading

import numpy as np
import pytest
from bireid_runtime.gallery import Gallery
from bireid_runtime.images import load_image
from bireid_runtime.watching import Thresholds
from live_camera import live_camera
from rtsp_camera import rtsp_camera, transport_stream
from watched_scene import SAME, ZOO, render_scene

from bireid_deploy import api, extras
from bireid_deploy.cli.main import EXIT_USAGE
from bireid_deploy.data.live_frames import LiveCamera, as_they_come, without_password
from bireid_deploy.data.synthetic.write_crossing import TRUTH

pytestmark = pytest.mark.skipif(not extras.is_installed("av"), reason="needs PyAV")

# What FFmpeg reads of a stream before it shows the first frame.
BURST = 20
PATIENCE = 60


@pytest.fixture(scope="module")
def camera(tmp_path_factory):
    return render_scene(tmp_path_factory.mktemp("live") / "scene")[0]


@pytest.fixture(scope="module")
def pictures(camera):
    return [path.read_bytes() for path in sorted((camera / "img1").iterdir())]


def test_the_newest_frame_counts_and_a_camera_that_went_away_is_asked_again(pictures):
    taken, again, ready = threading.Event(), threading.Event(), threading.Event()

    def first():
        yield from pictures[:BURST]
        taken.wait(PATIENCE)
        yield from pictures[BURST:60]

    def second():
        again.set()
        ready.wait(PATIENCE)
        yield from pictures[60:90]

    with live_camera(first(), second()) as address:
        source = LiveCamera("door", address, first_wait=0.01)
        frames = as_they_come([source], {"door": 100}, 0.0, lambda: False)
        _, frame = next(frames)
        assert 101 <= frame.number <= 100 + BURST
        taken.set()
        # It went away behind its sixtieth frame: that one waits, and all before it are dropped.
        assert again.wait(PATIENCE)
        _, frame = next(frames)
        assert (frame.number, source.dropped, source.lost) == (160, 58, 1)
        assert frame.pixels.shape == (160, 224, 3)
        ready.set()
        _, frame = next(frames)
        assert 161 <= frame.number <= 190
        frames.close()


def test_people_before_a_live_camera_are_watched_until_it_is_stopped(camera, pictures, tmp_path):
    api.create_gallery(tmp_path / "shop.gallery", ZOO)
    permits = threading.Semaphore(BURST)
    ended = threading.Event()

    def paced():
        """A frame for each one that was taken."""
        for jpeg in pictures:
            assert permits.acquire(timeout=PATIENCE)
            yield jpeg

    def end():
        # All frames have been read by now; the last one may not have been taken yet.
        ended.set()
        os.kill(os.getpid(), signal.SIGTERM)
        yield from ()

    with live_camera(paced(), end()) as address:
        report = api.watch(
            {"camera1": address},
            ZOO,
            tmp_path / "shop.gallery",
            tmp_path / "out",
            Thresholds(same=SAME),
            boxes={"camera1": camera / TRUTH},
            on_progress=lambda done, total: permits.release(),
        )
    assert ended.is_set()
    assert report.lost["camera1"] >= 1
    assert report.dropped["camera1"] <= BURST
    assert report.frames["camera1"] >= len(pictures) - 1
    assert report.sightings == 3
    state = json.loads((tmp_path / "out" / "state.json").read_text())
    assert (state["done"], state["dropped"]) == (False, report.dropped)
    with Gallery.open(tmp_path / "shop.gallery") as gallery:
        assert gallery.stats().people == 3
        times = np.array([each.at for each in gallery.entries()])
    assert (times > state["start"] - 1).all()


def test_mistakes_in_addresses_are_said_without_the_password(cli, camera, tmp_path):
    api.create_gallery(tmp_path / "shop.gallery", ZOO)
    nobody = "http://ada:secret@127.0.0.1:1/video"
    tail = ["--reid", ZOO, "--gallery", tmp_path / "shop.gallery", "--same", SAME]
    boxes = f"--boxes=door={camera / TRUTH}"
    refused = cli("watch", f"door={nobody}", boxes, *tail, "-o", tmp_path / "out")
    assert refused.code == EXIT_USAGE
    assert "http://...@127.0.0.1:1/video: cannot be read" in refused.err
    assert "secret" not in refused.err + (tmp_path / "out" / "state.json").read_text()
    mixed = cli(
        *("watch", f"door={nobody}", f"till={camera}", boxes, f"--boxes=till={camera / TRUTH}"),
        *(*tail, "-o", tmp_path / "other"),
    )
    assert mixed.code == EXIT_USAGE
    assert "camera 'door' is live and others are recorded" in mixed.err
    assert without_password("rtsp://cam/stream?a=b") == "rtsp://cam/stream?a=b"


def test_a_camera_that_speaks_rtsp(camera):
    paths = sorted((camera / "img1").iterdir())[:60]
    shown = [load_image(path) for path in paths]
    stream = transport_stream(shown)
    taken = threading.Event()

    def first():
        yield stream
        taken.wait(PATIENCE)

    with rtsp_camera(first(), iter([stream])) as address:
        source = LiveCamera("door", address, first_wait=0.01)
        frames = as_they_come([source], {"door": 0}, 0.0, lambda: False)
        _, frame = next(frames)
        assert frame.pixels.shape == shown[0].shape
        nearest = min(np.abs(frame.pixels - each.astype(float)).mean() for each in shown)
        assert nearest < 12
        taken.set()
        # It went away, and was asked again.
        while source.lost == 0:
            _, frame = next(frames)
        assert frame.number > 1
        frames.close()
