"""The page of the service in headless Chromium, by clicks and keys."""

import shutil
from contextlib import ExitStack, contextmanager

import httpx2 as httpx
import pytest
from bireid_runtime.gallery import Gallery
from selenium import webdriver
from selenium.common.exceptions import TimeoutException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select, WebDriverWait
from served import KEY, calibrate, crop, listening

_OPTIONS = (
    *("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    "--window-size=1100,1400",
)


@pytest.fixture(scope="module")
def driver(tmp_path_factory):
    """Chromium under its driver, both Debian's."""
    chromium, program = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or program is None:
        pytest.skip("no Chromium with a driver (apt-get install chromium chromium-driver)")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    for each in (*_OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(each)
    service = webdriver.ChromeService(executable_path=program)
    driver = webdriver.Chrome(options=options, service=service)
    yield driver
    driver.quit()


class Page:
    """What a person does on the page and sees there."""

    def __init__(self, driver, requests, location, folder):
        self.driver, self.requests = driver, requests
        self.location, self._folder = location, folder

    def find(self, selector):
        return self.driver.find_element(By.CSS_SELECTOR, selector)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def texts(self, selector):
        script = "return [...document.querySelectorAll(arguments[0])].map((e) => e.textContent)"
        return self.driver.execute_script(script, selector)

    def named(self, name):
        """Click the button of that accessible name."""
        script = (
            "return document.querySelector('#main').ariaBusy === 'false' && "
            "[...document.querySelectorAll('button')].find((e) => !e.closest('[hidden]') && "
            "(e.getAttribute('aria-label') ?? e.textContent) === arguments[0])"
        )
        self.until(lambda: self.driver.execute_script(script, name)).click()

    def until(self, said):
        """Wait for something to be true, and give it."""
        wait = WebDriverWait(self.driver, 20, poll_frequency=0.05)
        try:
            return wait.until(lambda driver: said())
        except TimeoutException as error:
            raise AssertionError(f"never true; the page says {self.problem()}") from error

    def problem(self):
        """What the page says went wrong."""
        return self.texts("#problem:not([hidden])")

    def drop(self, seed):
        path = self._folder / f"{seed}.jpg"
        path.write_bytes(crop(seed))
        self.find("#file").send_keys(str(path))

    def choose(self, gallery):
        """Choose a gallery, once the page has listed it."""
        self.until(lambda: gallery in self.texts("#gallery option"))
        Select(self.find("#gallery")).select_by_visible_text(gallery)

    def people(self):
        script = (
            "return [...document.querySelectorAll('#people-rows tr')].map((row) => "
            "[row.querySelector('th').textContent, row.querySelector('.number').textContent])"
        )
        return dict(self.driver.execute_script(script))

    def enrol(self, seed, **parameters):
        answer = self.requests.post("/v1/entries", content=crop(seed), params=parameters)
        return answer.json()["entry"]


@pytest.fixture
def opened(driver, embedder, tmp_path):
    """Opens the page on a gallery that a function fills, and sees that nothing is reported."""
    location = tmp_path / "shop.gallery"
    Gallery.create(location, embedder.fingerprint, 256).close()

    @contextmanager
    def opened(fill=lambda page: None, more=(), **settings):
        with ExitStack() as kept:
            address = kept.enter_context(listening(embedder, [str(location), *more], **settings))
            requests = kept.enter_context(httpx.Client(base_url=address))
            page = Page(driver, requests, location, tmp_path)
            fill(page)
            driver.get_log("browser")
            driver.get(address)
            kept.callback(driver.get, "about:blank")
            yield page
            found = [each for each in driver.get_log("browser") if each["level"] == "SEVERE"]
        # Without a key, the first requests are refused, and the browser says so.
        assert [each for each in found if "401" not in each["message"]] == []

    return opened


def two_people(page):
    calibrate(page.location, 0.9)
    page.enrol(1, person="Ada", camera="door", at=1_700_000_000)
    page.enrol(2, person="Bob", camera="till", at=1_700_003_600)


def test_a_crop_is_ranked_and_the_threshold_says_what_it_means(opened):
    with opened(two_people) as page:
        page.until(lambda: page.people() == {"Ada": "1", "Bob": "1"})
        page.drop(1)
        page.until(lambda: len(page.all("#hits li")) == 2)
        assert page.texts("#hits .who") == ["Ada", "Bob"]
        assert float(page.texts("#hits .score")[0]) > 0.99
        assert page.find("#answer").text.startswith("This is Ada (score 1.000")
        assert ["door" in text for text in page.texts("#hits .where")] == [True, False]
        # The slider begins at the strictest calibrated threshold.
        assert page.find("#threshold-value").text == "0.900"
        assert "false matches 0.1 % (0.05 % to 0.2 %)" in page.find("#rates").text
        assert "With 2 entries" in page.find("#rates").text
        assert page.texts("#hits .mark") == ["\u2713 match", "below the threshold"]
        page.named("false matches 10 %")
        assert page.find("#threshold-value").text == "0.200"
        assert "false matches 10 % (0.05 % to 20 %)" in page.find("#rates").text
        slider = page.find("#threshold")
        slider.send_keys(Keys.HOME)
        assert page.texts("#hits .mark") == ["\u2713 match"] * 2
        slider.send_keys(Keys.ARROW_RIGHT)
        assert page.find("#threshold-value").text == "-0.999"
        assert "Below all calibrated thresholds" in page.find("#rates").text
        # Of cameras and times.
        page.find("#filter-camera").send_keys("till")
        page.until(lambda: page.texts("#hits .who") == ["Bob"])


def test_enrolling_can_be_undone(opened):
    with opened() as page:
        page.drop(3)
        page.until(lambda: page.find("#enrol-do").is_enabled())
        page.until(lambda: "calibrate" in page.find("#answer").text)
        page.find("#enrol-name").send_keys("Cy")
        page.find("#enrol-camera").send_keys("gate")
        page.find("#enrol-days").send_keys("30", Keys.ENTER)
        page.until(lambda: page.people() == {"Cy": "1"})
        page.until(lambda: page.texts("#hits .who") == ["Cy"])
        (entry,) = page.requests.get("/v1/entries").json()
        assert (entry["label"], entry["camera"]) == ("Cy", "gate")
        with Gallery.open(page.location) as gallery, gallery.contents() as contents:
            (part,) = contents.entries
            assert part.expires[0] - part.at[0] == pytest.approx(30 * 86400, abs=60)
        page.named("Undo")
        page.until(lambda: page.people() == {})
        assert page.requests.get("/v1/entries").json() == []


def test_people_are_united_renamed_and_forgotten(opened):
    with opened(two_people) as page:
        page.until(lambda: len(page.people()) == 2)
        for name in ("Ada", "Bob"):
            page.find(f"[aria-label='Tick {name}']").send_keys(Keys.SPACE)
        page.named("Merge those ticked")
        page.until(lambda: page.people() == {"Ada": "2"})
        page.named("Undo")
        page.until(lambda: page.people() == {"Ada": "1", "Bob": "1"})

        page.named("Rename Bob")
        field = page.find("#naming-text")
        assert page.driver.switch_to.active_element == field
        field.clear()
        field.send_keys("Bo", Keys.ENTER)
        page.until(lambda: page.people() == {"Ada": "1", "Bo": "1"})
        page.named("Rename Bo")
        page.find("#naming-text").send_keys("by", Keys.ESCAPE)
        page.until(lambda: not page.find("#naming").is_displayed())

        # Forgetting waits, and nothing has gone until then.
        page.named("Forget Bo")
        page.until(lambda: page.people() == {"Ada": "1"})
        assert len(page.requests.get("/v1/people").json()) == 2
        page.named("Undo")
        page.until(lambda: page.people() == {"Ada": "1", "Bo": "1"})
        page.named("Forget Bo")
        page.named("Do it now")
        page.until(lambda: not page.find("#undo").is_displayed())
        page.until(lambda: len(page.requests.get("/v1/people").json()) == 1)
        # Whoever leaves the page with something pending has meant it.
        page.named("Forget Ada")
        page.driver.get("about:blank")
        page.until(lambda: page.requests.get("/v1/people").json() == [])


def test_timeline_moves_and_removes_entries_and_what_expired_goes(opened):
    def fill(page):
        two_people(page)
        page.enrol(3, person="Ada", camera="till", at=1_700_090_000)
        page.enrol(4, person="Ada", camera="till", at=1_700_180_000)

    with opened(fill) as page:
        page.named("Timeline of Ada")
        page.until(lambda: len(page.all("#timeline-entries li")) == 3)
        assert page.find("#timeline-heading").text == "Timeline of Ada"
        assert page.driver.switch_to.active_element == page.find("#timeline-heading")
        assert page.texts("#timeline-chart text")[:2] == ["door", "till"]
        across = [float(each.get_attribute("cx")) for each in page.all("#timeline-chart circle")]
        # The latest comes first, and the farthest right.
        assert (across[1] - across[2]) / (across[0] - across[2]) == pytest.approx(0.5)
        assert across[0] > across[2] == 110
        page.named("Move entry 3")
        page.find("#naming-text").send_keys("Bob", Keys.ENTER)
        page.until(lambda: page.people() == {"Ada": "2", "Bob": "2"})
        page.until(lambda: len(page.all("#timeline-entries li")) == 2)
        page.named("Remove entry 4")
        page.until(lambda: len(page.all("#timeline-entries li")) == 1)
        page.named("Do it now")
        page.until(lambda: page.people() == {"Ada": "1", "Bob": "2"})
        assert page.texts("#facts dd")[:2] == ["3", "2"]
        page.requests.post(
            "/v1/entries", content=crop(5), params={"person": "Di", "at": 1, "expires": 2}
        )
        page.named("Remove what has expired")
        page.until(lambda: "(1 removed)" in page.find("#expire").text)


def test_galleries_are_chosen_and_mistakes_are_said(opened, embedder, tmp_path):
    Gallery.create(tmp_path / "office.gallery", embedder.fingerprint, 256).close()
    with opened(
        lambda page: None, [f"work={tmp_path / 'office.gallery'}"], keep_crops=True
    ) as page:
        page.enrol(1, person="Eve <b>bold</b>", gallery="work")
        page.choose("work")
        page.until(lambda: page.people() == {"Eve <b>bold</b>": "1"})
        page.drop(1)
        page.until(lambda: page.texts("#hits .who") == ["Eve <b>bold</b>"])
        # The crop that was kept is drawn: its corner has the colour that was sent.
        script = (
            "return [...document.querySelector('#hits canvas').getContext('2d')"
            ".getImageData(2, 2, 1, 1).data]"
        )
        page.until(lambda: page.driver.execute_script(script)[3] == 255)
        path = tmp_path / "text.png"
        path.write_text("no image")
        page.find("#file").send_keys(str(path))
        page.until(lambda: page.problem() == ["text.png is no image that this browser can show"])


def test_a_late_answer_is_not_shown_in_another_gallery(opened, embedder, tmp_path):
    Gallery.create(tmp_path / "office.gallery", embedder.fingerprint, 256).close()
    with opened(more=[f"work={tmp_path / 'office.gallery'}"]) as page:
        page.enrol(1, person="Ada", gallery="shop")
        page.enrol(2, person="Eve", gallery="work")
        page.choose("work")
        page.until(lambda: page.people() == {"Eve": "1"})
        page.driver.execute_script(
            "const sent = window.fetch; const held = new Promise((go) => { window.release = go; });"
            "window.fetch = async (url, ...rest) => { const found = await sent(url, ...rest);"
            "if (url.searchParams.get('gallery') === 'shop') await held; return found; };"
        )
        page.choose("shop")
        page.choose("work")
        page.driver.execute_script("window.release()")
        page.until(lambda: page.find("#main").get_attribute("aria-busy") == "false")
        assert page.people() == {"Eve": "1"}
        assert page.texts("#facts dd")[:2] == ["1", "1"]


def test_an_offer_to_undo_ends_with_its_gallery(opened, embedder, tmp_path):
    Gallery.create(tmp_path / "office.gallery", embedder.fingerprint, 256).close()
    with opened(more=[f"work={tmp_path / 'office.gallery'}"]) as page:
        # The entry of the same number in the other gallery.
        page.enrol(1, person="Ada", gallery="work")
        page.choose("shop")
        page.drop(2)
        page.until(lambda: page.find("#enrol-do").is_enabled())
        page.find("#enrol-name").send_keys("Eve")
        page.named("Enrol")
        page.until(lambda: page.people() == {"Eve": "1"})
        assert page.find("#undo").is_displayed()
        page.choose("work")
        page.until(lambda: page.people() == {"Ada": "1"})
        assert not page.find("#undo").is_displayed()


def test_with_a_key_the_page_asks_for_it(opened):
    with opened(api_key=KEY) as page:
        page.until(lambda: page.find("#key").is_displayed())
        assert "API key" in page.problem()[0]
        page.find("#key-text").send_keys(KEY, Keys.ENTER)
        page.until(lambda: not page.find("#key").is_displayed())
        page.until(lambda: page.texts("#facts dd")[:2] == ["0", "0"])
        page.drop(1)
        page.until(lambda: "Unknown" in page.find("#answer").text)


def _luminance(color):
    channels = [int(part) / 255 for part in color[color.index("(") + 1 : -1].split(",")[:3]]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_everything_has_a_name_and_is_read_in_light_and_dark(opened):
    with opened(two_people) as page:
        # The first stop of the keyboard leads past the head of the page.
        page.find("body").send_keys(Keys.TAB)
        assert page.driver.switch_to.active_element.text == "To the crop"
        page.drop(1)
        page.until(lambda: len(page.all("#hits li")) == 2)
        page.named("Timeline of Ada")
        page.until(lambda: page.all("#timeline-chart svg"))
        for each in page.all("input, select, button, canvas, svg, section, form, dialog"):
            if each.is_displayed():
                assert each.accessible_name, each.get_attribute("outerHTML")[:200]
        colors = []
        for scheme in ("light", "dark"):
            media = [{"name": "prefers-color-scheme", "value": scheme}]
            page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": media})
            script = (
                "const of = (s, name) => getComputedStyle(document.querySelector(s))[name];"
                "return [of('body', 'backgroundColor'), of('body', 'color'),"
                " of('.note', 'color'), of('nav a', 'color'), of('#problem', 'color')]"
            )
            paper, *inks = page.driver.execute_script(script)
            colors.append(paper)
            for ink in inks:
                dark, light = sorted((_luminance(paper), _luminance(ink)))
                assert (light + 0.05) / (dark + 0.05) >= 4.5, (scheme, ink)
        assert colors[0] != colors[1]
        page.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
