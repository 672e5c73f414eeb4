"""The service by its requests: a real network, real galleries, rendered crops."""

import io
import json
import re
import signal
import subprocess
import sys
from pathlib import Path

import httpx2 as httpx
import numpy as np
import pytest
from bireid_runtime import Bundle
from bireid_runtime.errors import ArgumentError
from bireid_runtime.gallery import FingerprintError, Gallery
from fastapi.testclient import TestClient
from PIL import Image
from served import BUNDLE, KEY, calibrate, crop

from bireid_deploy.serving.app import make_app
from bireid_deploy.serving.galleries import ServedGalleries
from bireid_deploy.serving.page import OPEN
from bireid_deploy.serving.settings import Settings, read_key


@pytest.fixture
def locations(tmp_path, embedder):
    for name in ("shop", "office"):
        Gallery.create(tmp_path / f"{name}.gallery", embedder.fingerprint, 256).close()
    return [str(tmp_path / "shop.gallery"), f"work={tmp_path / 'office.gallery'}"]


@pytest.fixture
def start(embedder, locations):
    clients = []

    def start(used=locations[:1], **settings):
        served = ServedGalleries(used, embedder.fingerprint)
        app = make_app(embedder, served, Settings(max_bytes=100_000, **settings))
        client = TestClient(app, base_url="http://127.0.0.1")
        client.__enter__()
        clients.append(client)
        return client

    yield start
    for client in clients:
        client.__exit__(None, None, None)


@pytest.fixture
def client(start):
    return start()


def enrol(client, seed, **parameters):
    answer = client.post("/v1/entries", content=crop(seed), params=parameters)
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_embedding_is_of_unit_length_and_nothing_is_kept(client):
    answer = client.post("/v1/embed", content=crop(1)).json()
    assert np.linalg.norm(answer["embedding"]) == pytest.approx(1, abs=1e-4)
    assert answer["fingerprint"] == Bundle.open(BUNDLE).fingerprint
    assert client.get("/v1/galleries").json()[0]["stats"]["entries"] == 0


def test_enrolled_person_is_found_and_unknown_is_the_answer_without_calibration(client):
    new = enrol(client, 1, person="Ada", camera="door", at=1000)
    enrol(client, 2, person="Bob")
    found = client.post("/v1/search", content=crop(1)).json()
    assert found["hits"][0]["entry"] == new["entry"]
    assert found["hits"][0]["label"] == "Ada"
    assert found["hits"][0]["camera"] == "door"
    assert found["hits"][0]["score"] == pytest.approx(1, abs=1e-3)
    assert found["answer"] == "unknown"
    assert found["verdict"] == "uncalibrated"
    assert "calibrate --gallery" in found["why"]


def test_calibrated_gallery_names_whom_it_knows_and_nobody_else(client, locations):
    enrol(client, 1, person="Ada")
    calibrate(locations[0], 0.99)
    known = client.post("/v1/search", content=crop(1)).json()
    assert (known["answer"], known["verdict"]) == ("Ada", "same")
    stranger = client.post("/v1/search", content=crop(2)).json()
    assert (stranger["answer"], stranger["verdict"]) == ("unknown", "different")
    same = client.post("/v1/verify", content=crop(1), params={"person": "Ada"}).json()
    assert same["same"] is True
    other = client.post("/v1/verify", content=crop(2), params={"person": "Ada"}).json()
    assert other["same"] is False
    strict = client.post("/v1/search", content=crop(1), params={"fpir": 1e-6}).json()
    assert (strict["answer"], strict["verdict"]) == ("unknown", "uncalibrated")


def test_filters_of_camera_and_time(client):
    enrol(client, 1, camera="door", at=1000)
    enrol(client, 1, camera="till", at=2000)
    for parameters, camera in (({"camera": "till"}, "till"), ({"until": 1500}, "door")):
        hits = client.post("/v1/search", content=crop(1), params=parameters).json()["hits"]
        assert [hit["camera"] for hit in hits] == [camera]


def test_verify_is_against_the_nearest_entry_of_the_person(client):
    enrol(client, 1, person="Ada")
    second = enrol(client, 3, person="Ada")
    enrol(client, 2, person="Bob")
    answer = client.post("/v1/verify", content=crop(3), params={"person": "Ada"}).json()
    assert answer["hit"]["entry"] == second["entry"]
    assert answer["same"] is None
    other = client.post("/v1/verify", content=crop(3), params={"person": "Bob"}).json()
    assert other["hit"]["label"] == "Bob"
    missing = client.post("/v1/verify", content=crop(3), params={"person": "Cy"})
    assert missing.status_code == 404


def test_timeline_moving_naming_undoing_and_forgetting(client):
    enrol(client, 1, person="Ada", camera="door", at=1000)
    wrong = enrol(client, 2, person="Ada", camera="till", at=2000)["entry"]
    seen = client.get("/v1/people/Ada/entries").json()
    assert [each["camera"] for each in seen] == ["till", "door"]

    moved = client.patch(f"/v1/entries/{wrong}", json={"label": "Bob"}).json()
    assert moved["label"] == "Bob"
    assert len(client.get("/v1/people/Ada/entries").json()) == 1

    assert client.patch("/v1/people/Bob", json={"label": "Cy"}).status_code == 200
    assert client.patch("/v1/people/Cy", json={"label": "Ada"}).status_code == 409
    assert client.delete(f"/v1/entries/{wrong}").json() == {"removed": 1}
    assert client.delete(f"/v1/entries/{wrong}").status_code == 404
    assert client.delete("/v1/people/Ada").json() == {"removed": 1}
    assert client.get("/v1/people").json() == []


def test_galleries_are_apart_and_outlive_the_service(start, locations):
    first = start(locations)
    enrol(first, 1, gallery="shop", person="Ada")
    assert first.get("/v1/people", params={"gallery": "work"}).json() == []
    assert first.get("/v1/people").status_code == 404
    second = start(locations)
    assert second.get("/v1/people", params={"gallery": "shop"}).json()[0]["label"] == "Ada"


def test_bodies_are_limited_in_bytes_pixels_and_kind(client):
    assert client.post("/v1/embed", content=b"x" * 100_001).status_code == 413
    assert client.post("/v1/embed", content=b"no image").status_code == 400
    buffer = io.BytesIO()
    Image.new("RGB", (400, 400)).save(buffer, "PNG")
    answer = client.post("/v1/embed", content=buffer.getvalue())
    assert answer.status_code == 400
    assert "100000" in answer.json()["detail"]


def test_other_hosts_and_origins_are_refused(client):
    assert client.get("/v1/people", headers={"Host": "evil.test"}).status_code == 403
    assert client.get("/v1/people", headers={"Origin": "http://evil.test"}).status_code == 403
    own = client.get("/v1/people", headers={"Origin": "http://127.0.0.1"})
    assert own.status_code == 200
    assert "access-control-allow-origin" not in own.headers


def test_key_is_asked_of_all_but_health(start):
    client = start(api_key=KEY)
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").status_code == 200
    for path in ("/v1/people", "/metrics", "/openapi.json"):
        assert client.get(path).status_code == 401
        wrong = client.get(path, headers={"Authorization": "Bearer nonsense"})
        assert wrong.status_code == 401
        right = client.get(path, headers={"Authorization": f"Bearer {KEY}"})
        assert right.status_code == 200


def test_too_many_at_once_are_told_so(start):
    answer = start(waiting=0).get("/v1/people")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "1"


def test_metrics_count(client):
    enrol(client, 1)
    client.post("/v1/embed", content=b"")
    text = client.get("/metrics").text
    assert 'bireid_requests_total{method="POST",status="201"} 1' in text
    assert 'bireid_requests_total{method="POST",status="400"} 1' in text
    assert 'bireid_gallery_entries{gallery="shop"} 1' in text


def test_no_page_loads_scripts_from_elsewhere(client):
    assert client.get("/docs").status_code == 404
    assert client.get("/redoc").status_code == 404


def test_what_has_expired_is_swept(embedder, tmp_path):
    path = tmp_path / "short.gallery"
    Gallery.create(path, embedder.fingerprint, 256, retention_days=1).close()
    served = ServedGalleries([str(path)], embedder.fingerprint)
    gallery = served.get(None)
    gallery.add(np.eye(1, 256, dtype=np.float32), person="Ada", at=1000)
    assert gallery.stats().entries == 1
    assert served.sweep() == 1
    assert gallery.stats().entries == 0
    served.close()


def test_other_addresses_need_a_key():
    with pytest.raises(ArgumentError, match="--api-key-file"):
        Settings(host="0.0.0.0")
    with pytest.raises(ArgumentError, match="shorter"):
        Settings(host="0.0.0.0", api_key="short")
    assert Settings(host="0.0.0.0", api_key=KEY).host == "0.0.0.0"


def test_key_is_the_first_line_of_a_file(tmp_path):
    path = tmp_path / "key"
    path.write_text(f"{KEY}\nmore\n")
    assert read_key(path) == KEY
    path.write_text("")
    with pytest.raises(ArgumentError, match="first line"):
        read_key(path)


def test_gallery_of_another_network_is_refused(tmp_path, embedder):
    path = tmp_path / "other.gallery"
    Gallery.create(path, "sha256:" + "1" * 64, 256).close()
    with pytest.raises(FingerprintError):
        ServedGalleries([str(path)], embedder.fingerprint)


def test_the_verb_serves_without_tensorflow_and_ends_on_sigterm(locations):
    # The modules are looked at when the command has ended.
    code = (
        "import sys; from bireid_deploy.cli.main import run; code = run(sys.argv[1:]); "
        "print('tensorflow' in sys.modules, flush=True); sys.exit(code)"
    )
    arguments = ["serve", locations[0], "--reid", str(BUNDLE), "--port", "0"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stderr.readline()
        assert "listening on http://127.0.0.1:" in line
        address = line.split()[-1]
        answer = httpx.post(f"{address}/v1/entries", content=crop(1), params={"person": "Ada"})
        assert answer.status_code == 201
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
        assert (process.returncode, out, err) == (0, "False\n", "")
    finally:
        process.kill()
        process.wait()
    with Gallery.open(locations[0]) as gallery:
        assert gallery.people()[0].label == "Ada"


def test_people_are_united_and_parted(client):
    ada = enrol(client, 1, person="Ada")["person"]
    bob = enrol(client, 2, person="Bob")
    united = client.post("/v1/people/Ada/merge", json={"other": "Bob"}).json()
    assert (united["person"], united["label"], united["entries"]) == (ada, "Ada", 2)
    again = client.post("/v1/people/Ada/merge", json={"other": "Ada"})
    assert again.status_code == 409
    parted = client.post("/v1/split", json={"entries": [bob["entry"]], "label": "Bob"}).json()
    assert (parted["label"], parted["entries"]) == ("Bob", 1)
    assert len(client.get("/v1/people/Ada/entries").json()) == 1
    gone = client.post("/v1/split", json={"entries": [bob["entry"], 99], "label": None})
    assert gone.status_code == 404


def test_number_of_one_person_may_be_the_label_of_another(client):
    first = enrol(client, 1)["entry"]
    nameless = client.post("/v1/split", json={"entries": [first], "label": None}).json()["person"]
    enrol(client, 2, person=str(nameless))
    path = f"/v1/people/{nameless}"
    assert client.get(f"{path}/entries").json()[0]["label"] == str(nameless)
    by_number = client.get(f"{path}/entries", params={"by": "number"}).json()
    assert [each["entry"] for each in by_number] == [first]
    assert client.delete(path, params={"by": "number"}).json() == {"removed": 1}
    assert client.get("/v1/people").json()[0]["label"] == str(nameless)


def test_entries_go_when_their_time_is_over(client):
    kept = enrol(client, 1, person="Ada", at=1000)["entry"]
    enrol(client, 2, person="Bob", at=1000, expires=2000)
    assert client.post("/v1/expire").json() == {"removed": 1}
    assert [each["entry"] for each in client.get("/v1/entries").json()] == [kept]


def test_calibration_is_told(client, locations):
    assert client.get("/v1/calibration").json() is None
    calibrate(locations[0], 0.75)
    told = client.get("/v1/calibration").json()
    assert (told["data"], told["identities"]) == ("shop", 50)
    assert [row["threshold"] for row in told["single"]] == [0.2, 0.75]
    assert told["people"][0]["fmr"] == {"value": 0.001, "low": 0.0005, "high": 0.002}


def test_verify_takes_the_threshold_of_two_images(client, locations):
    enrol(client, 1, person="Ada")
    rate = {"value": 0.001, "low": 0.0005, "high": 0.002}
    row = {"target": 0.001, "threshold": 0.3, "fmr": rate, "tpr": rate}
    table = {"data": "shop", "identities": 50, "people": [row]}
    with Gallery.open(locations[0]) as gallery:
        gallery.calibrate(json.dumps(table))
    answer = client.post("/v1/verify", content=crop(1), params={"person": "Ada"}).json()
    assert answer["same"] is None
    assert "they showed none" in answer["why"]
    with Gallery.open(locations[0]) as gallery:
        gallery.calibrate(json.dumps({**table, "single": [{**row, "threshold": 0.6}]}))
    answer = client.post("/v1/verify", content=crop(1), params={"person": "Ada"}).json()
    assert (answer["same"], answer["threshold"]) == (True, 0.6)


def test_crops_are_kept_on_demand_alone(start, locations):
    before = enrol(start(), 1, person="Ada")["entry"]
    client = start(keep_crops=True)
    assert client.get("/v1/galleries").json()[0]["keeps_crops"] is True
    assert client.get(f"/v1/entries/{before}/crop").status_code == 204
    exif = Image.Exif()
    exif[0x010E] = "where it was taken"
    buffer = io.BytesIO()
    with Image.open(io.BytesIO(crop(2))) as picture:
        picture.resize((200, 400)).save(buffer, "JPEG", exif=exif)
    added = client.post("/v1/entries", content=buffer.getvalue()).json()["entry"]
    kept = client.get(f"/v1/entries/{added}/crop")
    assert kept.headers["content-type"] == "image/jpeg"
    with Image.open(io.BytesIO(kept.content)) as picture:
        assert picture.size == (128, 256)
    assert b"where it was taken" in buffer.getvalue()
    assert b"where it was taken" not in kept.content
    # With its entry the crop goes too, to the last byte.
    middle = kept.content[len(kept.content) // 2 :][:200]
    files = [Path(locations[0]), Path(f"{locations[0]}-wal")]
    assert any(middle in each.read_bytes() for each in files)
    client.delete(f"/v1/entries/{added}")
    assert not any(middle in each.read_bytes() for each in files)
    assert client.get(f"/v1/entries/{added}/crop").status_code == 404


def test_page_asks_nobody_but_the_service(start):
    client = start(api_key=KEY)
    page = client.get("/")
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'self'" in page.headers["content-security-policy"]
    named = set(re.findall(r'(?:src|href)="([^"#]+)"', page.text))
    assert named == {"page/icon.svg", "page/page.css", "page/page.js"}
    scripts = {name for name in OPEN if name.endswith(".js")}
    for name in OPEN[1:]:
        part = client.get(name)
        assert part.status_code == 200
        assert "://" not in part.text.replace("http://www.w3.org/2000/svg", "")
        for imported in re.findall(r'from "\./([^"]+)"', part.text):
            assert f"/page/{imported}" in scripts
    assert client.get("/page/other.js").status_code == 401
    assert start().get("/page/other.js").status_code == 404
