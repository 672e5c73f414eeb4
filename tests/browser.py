"""Headless Chromium, if it is installed, on a server of its own that writes down what is asked."""

import os
import shutil
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_DARK, _LIGHT = 0, 1


class Browser:
    """Opens one page over HTTP; every name that the page may ask for leads to the same server."""

    def __init__(self, program, folder):
        self._program, self._folder = program, folder

    def dom(self, page):
        """The document as the browser understands it, and the paths that it asked for."""
        with _served(page) as (address, asked):
            dom = self._run(address, "--dump-dom")
            return dom, list(asked)

    def screenshot(self, page, dark):
        path = self._folder / f"{'dark' if dark else 'light'}.png"
        with _served(page) as (address, _):
            scheme = f"--blink-settings=preferredColorScheme={_DARK if dark else _LIGHT}"
            self._run(address, scheme, "--window-size=1000,1200", f"--screenshot={path}")
        return path

    def _run(self, address, *options):
        port = address[1]
        command = [
            self._program,
            "--headless=new",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--disable-component-update",
            "--no-first-run",
            f"--host-resolver-rules=MAP * 127.0.0.1:{port}",
            f"--user-data-dir={self._folder / 'profile'}",
            *options,
            f"http://report.test:{port}/page.html",
        ]
        environment = {**os.environ, "HOME": str(self._folder)}
        done = subprocess.run(
            command, capture_output=True, text=True, env=environment, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@contextmanager
def _served(page):
    content, asked = page.read_bytes(), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            found = self.path == "/page.html"
            # The browser asks for the time as well; what a page asks for has a referrer.
            if found or "report.test" in self.headers.get("Referer", ""):
                asked.append(self.path)
            self.send_response(200 if found else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(content if found else b"")

        def log_message(self, *arguments):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield server.server_address, asked
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    """Chromium, whose package `.ci/run` installs."""
    program = next((found for name in _PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        pytest.skip("no Chromium (apt-get install chromium)")
    return Browser(program, tmp_path_factory.mktemp("browser"))
