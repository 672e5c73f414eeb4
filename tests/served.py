"""The service of the tests: a real network, real galleries, drawn crops."""

import io
import json
import threading
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np
import uvicorn
from PIL import Image

from bireid_deploy.gallery_server.opening import open_gallery
from bireid_deploy.serving.app import make_app
from bireid_deploy.serving.galleries import ServedGalleries
from bireid_deploy.serving.settings import Settings

ZOO = Path(__file__).parents[1] / "models" / "zoo"
BUNDLE = next(path for path in sorted(ZOO.iterdir()) if "synthetic" in path.name)
KEY = "a key of the tests, long"


def crop(seed):
    """JPEG of blocks of colour: as different as two people's clothes."""
    blocks = np.random.default_rng(seed).integers(0, 256, (4, 2, 3), np.uint8)
    buffer = io.BytesIO()
    Image.fromarray(blocks).resize((64, 128), Image.Resampling.NEAREST).save(buffer, "JPEG")
    return buffer.getvalue()


def calibrate(location, threshold):
    """Two rates; the stricter one is 0.001, at `threshold`."""
    rate = {"value": 0.001, "low": 0.0005, "high": 0.002}
    strict = {"target": 0.001, "threshold": threshold, "fmr": rate, "tpr": {**rate, "high": 0.9}}
    loose = {**strict, "target": 0.1, "threshold": 0.2, "fmr": {**rate, "value": 0.1, "high": 0.2}}
    with open_gallery(location) as gallery:
        table = {"data": "shop", "identities": 50, "people": [strict], "single": [loose, strict]}
        gallery.calibrate(json.dumps(table))


@contextmanager
def listening(embedder, locations, **settings):
    """The service on a port of its own, in a thread: its address."""
    with ExitStack() as opened:
        served = ServedGalleries(locations, embedder.fingerprint)
        opened.callback(served.close)
        used = Settings(max_bytes=100_000, port=0, **settings)
        config = uvicorn.Config(
            make_app(embedder, served, used), host=used.host, port=0, log_level="warning"
        )
        listener = config.bind_socket()
        listener.listen()
        opened.callback(listener.close)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()

        def end():
            server.should_exit = True
            thread.join()

        opened.callback(end)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
