"""The demonstration page in headless Chromium: numbers are read off the page."""

import json
import re
import shutil
import threading
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from bireid_runtime import Extractor
from PIL import Image
from zoo import REID_BUNDLE

NAMES = ("first", "second")


class _Site(SimpleHTTPRequestHandler):
    """Serves a folder as any static server does, and keeps the paths that were asked for."""

    asked: list[str] = []  # noqa: RUF012

    def do_GET(self):
        self.asked.append(self.path)
        super().do_GET()

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def address(package, tmp_path_factory):
    """The package with the bundle of the zoo beside its page."""
    folder = tmp_path_factory.mktemp("site") / "site"
    shutil.copytree(package, folder)
    shutil.copytree(REID_BUNDLE, folder / "demo" / "bundle")
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Site, directory=folder)) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://localhost:{server.server_address[1]}/demo/index.html"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    chromium, program = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or program is None:
        pytest.skip("no Chromium (apt-get install chromium chromium-driver)")
    webdriver = pytest.importorskip("selenium.webdriver")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for each in (
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--use-fake-device-for-media-stream",
        "--use-fake-ui-for-media-stream",
        f"--user-data-dir={tmp_path_factory.mktemp('chromium')}",
    ):
        options.add_argument(each)
    service = webdriver.ChromeService(executable_path=program)
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


@pytest.fixture
def page(driver, address):
    """The page, loaded anew."""
    _Site.asked.clear()
    driver.get(address)
    page = Page(driver)
    page.wait_for("network", "self-test")
    return page


class Page:
    """What a person sees of it and does with it."""

    def __init__(self, driver):
        self.driver = driver

    def at(self, selector):
        return self.driver.find_element("css selector", selector)

    def text(self, name):
        return self.at(f"#{name}").text

    def wait_for(self, name, pattern):
        from selenium.webdriver.support.ui import WebDriverWait

        reads = lambda _: re.search(pattern, self.text(name))  # noqa: E731
        WebDriverWait(self.driver, 30, 0.05).until(reads, f"#{name} says {self.text(name)!r}")

    def score(self):
        self.wait_for("score", r"^-?\d\.\d{4}$")
        return self.driver.execute_script("return document.getElementById('bar').value")

    def give(self, name, *paths):
        self.at(f"#{name} input, #{name}[type=file]").send_keys("\n".join(map(str, paths)))

    def press(self, *keys):
        self.at("body").send_keys(*keys)


@pytest.fixture(scope="module")
def crops(tmp_path_factory):
    """Two pictures, of any size, as files."""
    generator = np.random.default_rng(3)
    paths = []
    for name, (height, width) in zip(NAMES, ((128, 64), (150, 71)), strict=True):
        path = tmp_path_factory.mktemp("crops") / f"{name}.png"
        Image.fromarray(generator.integers(0, 256, (height, width, 3), np.uint8)).save(path)
        paths.append(path)
    return paths


def test_two_pictures_give_the_similarity_of_the_native_engine(page, crops):
    assert "(wasm)" in page.text("network")
    for name, path in zip(NAMES, crops, strict=True):
        page.give(name, path)
    native = Extractor.open(REID_BUNDLE, backend="native")
    first, second = native.embed(crops)
    score = page.score()
    assert score == pytest.approx(float(first @ second), abs=1e-5)
    assert page.text("score") == f"{score:.4f}"
    assert "not calibrated" in page.text("verdict")
    assert page.at("#first canvas").get_attribute("aria-label") == "first.png"
    assert page.driver.get_log("browser") == []
    loaded = {path for path in _Site.asked if "bundle" in path}
    names = ("manifest.json", "model.lce.tflite", "golden.safetensors")
    assert loaded == {f"/demo/bundle/{name}" for name in names}


def test_nothing_leaves_the_page(page):
    refused = page.driver.execute_async_script(
        "const done = arguments[0];"
        "fetch('http://127.0.0.1:9/').then(() => done('sent'), (error) => done(error.message));"
    )
    assert refused == "Failed to fetch"
    logged = " ".join(entry["message"] for entry in page.driver.get_log("browser"))
    assert "Content Security Policy" in logged


def test_the_camera_is_driven_by_the_keyboard(page, crops):
    from selenium.webdriver.common.keys import Keys

    page.give("second", crops[1])
    page.press(Keys.SHIFT, "1")
    page.wait_for("first", "Take picture")
    ready = "return document.querySelector('#first video').readyState >= 2"
    from selenium.webdriver.support.ui import WebDriverWait

    WebDriverWait(page.driver, 30, 0.05).until(lambda driver: driver.execute_script(ready))
    page.press(Keys.SHIFT, "1")
    assert -1 <= page.score() <= 1
    canvas = page.at("#first canvas")
    assert canvas.get_attribute("aria-label") == "From the camera"
    assert int(canvas.get_attribute("width")) * 2 == int(canvas.get_attribute("height"))


def test_another_bundle_says_what_its_scores_mean(page, crops, tmp_path):
    manifest = json.loads((REID_BUNDLE / "manifest.json").read_text())
    row = {"target": 0.01, "threshold": -1.0}
    manifest["calibration"] = {"data": "the hall", "identities": 40, "people": [row]}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    for name, path in zip(NAMES, crops, strict=True):
        page.give(name, path)
    page.score()
    files = [REID_BUNDLE / "model.lce.tflite", REID_BUNDLE / "golden.safetensors"]
    page.give("bundle", tmp_path / "manifest.json", *files)
    page.wait_for("verdict", r"At most 1 % of strangers score so high on the hall\.")
    page.give("bundle", tmp_path / "manifest.json", files[1])
    page.wait_for("error", "no file model.lce.tflite is given")
    assert page.text("network") == "As before."
