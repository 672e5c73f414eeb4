"""`bireid-deploy report`: what the page says, and that a browser shows it without any network."""

import base64
import io
import re
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pytest
from browser import browser  # noqa: F401
from PIL import Image

PEOPLE = 60


class Page(HTMLParser):
    """Counts elements, and collects what a browser would load."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.classes, self.loads, self.text = Counter(), Counter(), [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        for name, value in attributes:
            if name == "class":
                self.classes[value] += 1
            if name in ("src", "href", "srcset", "data", "action", "poster"):
                self.loads.append(value)

    def handle_data(self, data):
        self.text.append(data)


@pytest.fixture(scope="module")
def made(workplace, make, bundle, trained, people):
    path = workplace / "report.html"
    return make(path, "report", bundle, "--data", people, "-o", path, "--run", trained.path)


@pytest.fixture(scope="module")
def page(made):
    return Page(made.path.read_text())


def test_the_page_holds_what_the_evaluation_found(cli, made, page, bundle, people):
    assert made.result.out.strip() == str(made.path)
    assert "it holds pictures of the test set" in made.result.err
    scores = cli("evaluate", bundle, "--data", people, "--json").json
    text = " ".join(" ".join(page.text).split())
    for name in ("mean_average_precision", "rank_1", "mean_inverse_negative_penalty"):
        assert f" {100 * scores[name]:.1f} " in text
    low, high = scores["rank_1_interval"]
    assert f"95 %: {100 * low:.1f} to {100 * high:.1f}" in text
    assert f" {scores['valid_queries']} of {PEOPLE} people" in text
    for heading in ("Ranked lists", "Best and worst queries", "Cameras", "People", "Provenance"):
        assert heading in text
    assert "Mean absolute activation" in text
    assert "sha256:" in text
    # Four cameras in their table, all people in theirs.
    assert [f"c{camera} " in text for camera in range(1, 5)] == [True] * 4
    assert "50 more people" in text


def test_lists_are_marked_and_pictures_are_bounded(made, page):
    assert page.classes["list"] == 8 + 5 + 5
    lists = 18 * 11
    assert page.classes["crop query"] == 18 + 2 * 10
    assert page.classes["crop right"] + page.classes["crop wrong"] == lists - 18
    assert page.classes["crop right"] > 0
    assert page.tags["b"] == lists - 18
    assert page.tags["img"] == lists + 20
    assert page.tags["svg"] == 2
    assert made.path.stat().st_size < 2e6
    for source in page.loads[1:4]:
        picture = Image.open(io.BytesIO(base64.b64decode(source.partition(",")[2])))
        assert (picture.format, picture.size) == ("JPEG", (64, 128))


def test_nothing_is_loaded_and_nothing_runs(made, page):
    assert all(each.startswith("data:") for each in page.loads)
    assert not page.tags["script"]
    assert not page.tags["link"] - 1
    text = made.path.read_text()
    assert not re.search(r"https?://|@import|url\(", text)
    assert "default-src 'none'" in text


def test_a_browser_shows_all_of_it_and_asks_for_nothing(browser, made, page):  # noqa: F811
    dom, asked = browser.dom(made.path)
    assert asked == ["/page.html"]
    shown = Page(dom)
    for tag in ("img", "svg", "section", "table", "figure", "h2"):
        assert shown.tags[tag] == page.tags[tag], tag
    light, dark = (
        np.asarray(Image.open(browser.screenshot(made.path, dark)).convert("L")) / 255
        for dark in (False, True)
    )
    assert np.median(light) > 0.9
    assert np.median(dark) < 0.2
    # Both have ink: text, tiles, pictures.
    assert min(light.std(), dark.std()) > 0.05


def test_the_browser_of_these_tests_would_notice(browser, tmp_path):  # noqa: F811
    page = tmp_path / "curious.html"
    page.write_text('<!doctype html><img src="http://elsewhere.test/pixel.png">')
    _, asked = browser.dom(page)
    assert "/pixel.png" in asked


def test_a_run_shows_its_maps_and_a_bundle_alone_has_none(cli, bundle, trained, people, tmp_path):
    out = tmp_path / "report.html"
    assert cli("report", trained.path, "--data", people, "-o", out).code == 0
    assert "the last map of the trained network (run, Keras)" in out.read_text()
    assert cli("report", bundle, "--data", people, "-o", out).code == 0
    assert "Mean absolute activation" not in out.read_text()


def test_names_in_the_data_are_text(cli, bundle, people_copy, tmp_path):
    out = tmp_path / "report.html"
    root = people_copy.rename(tmp_path / "<img src=x>&people")
    assert cli("report", bundle, "--data", root, "-o", out).code == 0
    text = out.read_text()
    assert "<img src=x>" not in text
    assert "&lt;img src=x&gt;&amp;people" in text


def test_what_cannot_be_reported(refused, bundle, people, tmp_path):
    out = ("--data", people, "-o")
    assert "ending in .html" in refused(2, "report", bundle, *out, tmp_path / "report.pdf")
    assert "there is no folder" in refused(2, "report", bundle, *out, tmp_path / "no" / "a.html")
    assert "does not exist" in refused(2, "report", tmp_path / "no", *out, tmp_path / "a.html")
    assert "does not exist" in refused(
        2, "report", bundle, "--data", tmp_path / "no", "-o", tmp_path / "a.html"
    )
