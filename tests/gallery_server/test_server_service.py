"""`bireid-deploy serve` on a gallery in PostgreSQL."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from bireid_runtime import Bundle
from fastapi.testclient import TestClient
from postgres_server import Server
from served import BUNDLE, calibrate, crop

from bireid_deploy.gallery_server.opening import open_gallery
from bireid_deploy.gallery_server.store import ServerGallery
from bireid_deploy.serving.app import make_app
from bireid_deploy.serving.embedder import Embedder
from bireid_deploy.serving.galleries import ServedGalleries
from bireid_deploy.serving.settings import Settings


@pytest.fixture
def url(stock: Server):
    location = stock.url("served")
    yield location
    with stock.connect() as database:
        database.execute("DROP SCHEMA IF EXISTS bireid_served CASCADE")


def test_a_gallery_on_a_server_is_served_and_outlives_its_absence(url, stock: Server) -> None:
    embedder = Embedder(Bundle.open(BUNDLE), 1, 100_000, "auto")
    ServerGallery.create(url, embedder.fingerprint, 256).close()
    calibrate(url, 0.9)
    served = ServedGalleries([url], embedder.fingerprint)
    app = make_app(embedder, served, Settings(keep_crops=True))
    with TestClient(app, base_url="http://127.0.0.1") as client:

        def enrol(seed: int) -> int:
            answer = client.post(
                "/v1/entries", content=crop(seed), params={"person": f"person {seed}"}
            )
            return answer.json()["entry"]

        # Requests run in threads, which share the connection.
        with ThreadPoolExecutor(8) as pool:
            entries = list(pool.map(enrol, range(8)))
        assert len(set(entries)) == 8
        assert client.get("/v1/galleries").json()[0]["name"] == "served"
        found = client.post("/v1/search", content=crop(3)).json()
        assert (found["answer"], found["hits"][0]["entry"]) == ("person 3", entries[3])
        assert client.get(f"/v1/entries/{entries[3]}/crop").content[:2] == b"\xff\xd8"
        assert client.get("/v1/calibration").json()["single"][1]["threshold"] == 0.9
        merged = client.post("/v1/people/person 1/merge", json={"other": "person 2"}).json()
        assert merged["entries"] == 2
        assert client.delete("/v1/people/person 1").json() == {"removed": 2}

        stock.kill()
        stock.start()
        # The answer of whoever asks first may be that the connection broke off; the next one's not.
        client.get("/v1/people")
        assert client.get("/readyz").status_code == 200
        assert len(client.get("/v1/people").json()) == 6
    with open_gallery(url) as gallery:
        assert gallery.stats().people == 6
