"""bireid-embed with a bundle that is adapted to cameras."""

import json
import subprocess

import numpy as np
import pytest
from adapted_bundle import CAMERAS
from bireid_runtime import Extractor
from bundle_files import REID_BUNDLE, adapted_bundle, golden_crops
from embed_program import PROGRAMS, TOLERANCE, refusal, run
from PIL import Image


@pytest.fixture(scope="module", params=PROGRAMS)
def program(request):
    return request.param


@pytest.fixture(scope="module")
def crop():
    return golden_crops(REID_BUNDLE)[1]


@pytest.fixture
def crop_file(crop, tmp_path):
    Image.fromarray(crop).save(tmp_path / "crop.png")
    return tmp_path / "crop.png"


def expected(crop, camera):
    return Extractor.open(adapted_bundle(), "native", camera=camera).embed([crop])[0]


def test_images_are_those_of_the_camera(program, crop, crop_file):
    for camera in CAMERAS:
        done = run(program, "--camera", camera, adapted_bundle(), crop_file)
        assert (done.returncode, done.stderr) == (0, b"")
        found = np.float32(json.loads(done.stdout)["embedding"])
        np.testing.assert_allclose(found, expected(crop, camera), rtol=0, atol=TOLERANCE)


def test_a_camera_is_asked_for_where_there_is_one(program, crop_file):
    assert "name one: entrance, yard" in refusal(program, adapted_bundle(), crop_file)
    unknown = refusal(program, "--camera=street", adapted_bundle(), crop_file)
    assert "no camera 'street'" in unknown
    assert "no camera 'yard' in it" in refusal(program, "--camera=yard", REID_BUNDLE, crop_file)
    assert "--camera needs a name" in refusal(program, "--camera=", REID_BUNDLE, crop_file)


def test_what_does_not_depend_on_the_camera_needs_none(program):
    for action in (["--selftest"], ["--bench", "2"], ["--describe"]):
        done = run(program, adapted_bundle(), *action)
        assert (done.returncode, done.stderr) == (0, b"")
    told = json.loads(done.stdout)
    assert (told["cameras"], told["camera"]) == ([*CAMERAS], CAMERAS[0])


def serve(program, requests, *options):
    command = [program, "serve", *options, adapted_bundle(), "--stdio"]
    done = subprocess.run(command, input=requests, capture_output=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, b"")
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_a_request_names_its_camera(program, crop, crop_file):
    height, width, _ = crop.shape
    raw = f"raw {width} {height}\n".encode() + crop.tobytes()
    path = f"{crop_file}\n".encode()
    requests = [b"camera yard " + raw, b"camera entrance " + path, b"camera yard " + path]
    answers = serve(program, b"".join(requests))
    for answer, camera in zip(answers, ("yard", "entrance", "yard"), strict=True):
        found = np.float32(answer["embedding"])
        np.testing.assert_allclose(found, expected(crop, camera), rtol=0, atol=TOLERANCE)
    # Pixels behind a request that is refused are no requests.
    refused = [raw, path, b"camera street " + raw, b"camera  " + raw, b"camera yard\n"]
    *answers, last = serve(program, b"".join(refused) + requests[0])
    asked, known = 'begin a request with "camera NAME "', "no camera 'street'"
    said = [answer["error"] for answer in answers]
    wanted = [asked, asked, known, asked, "the request is empty"]
    assert all(part in line for part, line in zip(wanted, said, strict=True)), said
    assert "embedding" in last


def test_a_server_of_one_camera_takes_plain_requests(program, crop, crop_file):
    (answer,) = serve(program, f"{crop_file}\n".encode(), "--camera", "yard")
    found = np.float32(answer["embedding"])
    np.testing.assert_allclose(found, expected(crop, "yard"), rtol=0, atol=TOLERANCE)
