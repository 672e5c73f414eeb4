"""bireid-embed for 64-bit ARM, one static file, on the CPUs of a Raspberry Pi 4 and 5."""

import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from bireid_runtime import Bundle, Detector, Extractor
from zoo import BUNDLES, DETECTOR_BUNDLE, REID_BUNDLE

REPOSITORY = Path(__file__).parents[2]
PROGRAM = REPOSITORY / "dist" / "bireid-embed-aarch64"


@pytest.fixture
def program(emulator):
    if not PROGRAM.is_file():
        pytest.skip("no bireid-embed for aarch64 in dist: `make bireid-embed-aarch64`")
    return lambda cpu, *arguments, data=b"": subprocess.run(
        [emulator, "-cpu", cpu, str(PROGRAM), *map(str, arguments)],
        input=data,
        capture_output=True,
        check=False,
    )


@pytest.mark.parametrize("cpu", ["cortex-a72", "cortex-a76"])
@pytest.mark.parametrize("bundle", BUNDLES, ids=lambda path: path.name)
def test_the_self_test_of_a_released_bundle_passes(program, bundle, cpu):
    """It needs nothing of an ARM machine's file system: neither a C library nor a loader."""
    done = program(cpu, bundle, "--selftest")
    assert done.returncode == 0, (done.stdout + done.stderr).decode()


def test_it_watches(program):
    """A picture in which nobody moves: every sure box is a track that is there from the start."""
    picture = Bundle.open(DETECTOR_BUNDLE).golden().inputs["image"][0]
    height, width, _ = picture.shape
    frame = f"P6 {width} {height} 255\n".encode() + picture.tobytes()
    options = ["--format", "ppm", "--fps", "10"]
    done = program(
        "cortex-a72", "watch", *options, DETECTOR_BUNDLE, REID_BUNDLE, data=frame * 3 + frame[:99]
    )
    assert done.returncode == 0, done.stderr.decode()
    assert done.stderr == b"bireid-embed: frame 4: the input ends within it\n"
    *lines, summary = [json.loads(line) for line in done.stdout.splitlines()]
    (found,) = Detector.open(DETECTOR_BUNDLE, "native").boxes([picture], 0.5)
    assert summary == {"frames": 3, "broken": 1, "tracks": len(found.scores), "refused": 0}
    boxes = np.array([line["box"] for line in lines])
    np.testing.assert_allclose(boxes, found.corners, rtol=0, atol=1e-3)
    crops = [
        picture[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))]
        for left, top, right, bottom in found.corners
    ]
    rows = Extractor.open(REID_BUNDLE, "native").embed(crops)
    np.testing.assert_allclose([line["embedding"] for line in lines], rows, rtol=0, atol=1e-5)
