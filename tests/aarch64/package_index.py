"""A package index on loopback: what a device with a network asks for what it lacks."""

import shutil
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """The tests look at what pip does with the answers."""


@contextmanager
def served(wheels: Sequence[Path], folder: Path) -> Iterator[str]:
    """Serve wheels from `folder`; yields the URL for pip's `index-url`.

    The list that http.server makes of a folder is a page of links, as an index has to be (PEP 503).
    """
    for wheel in wheels:
        project = folder / "simple" / wheel.name.partition("-")[0].replace("_", "-").lower()
        project.mkdir(parents=True, exist_ok=True)
        shutil.copy(wheel, project)
    handler = partial(_Quiet, directory=str(folder))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/simple/"
        finally:
            server.shutdown()
            thread.join()
