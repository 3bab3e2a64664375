"""The page in a real browser: it shows, notes open on focus, filters work, nothing is refused or fetched."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sayso import Classifier
from sayso.report import render_article

TEXT = (
    "The army reportedly destroyed fifteen vehicles near Tal Marin. "
    "“We lost the road,” said Mayor Lena Haddad.\nThe council meets on Monday. Why now?"
)
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
    "--disable-background-networking", "--disable-component-update",
)  # fmt: skip

webdriver = pytest.importorskip("selenium.webdriver")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        pytest.skip("chromium and chromedriver are not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in (*OPTIONS, f"--user-data-dir={tmp_path_factory.mktemp('profile')}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    started = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    yield started
    started.quit()


@pytest.fixture
def page(browser, classifier: Classifier, tmp_path: Path):  # type: ignore[no-untyped-def]
    path = tmp_path / "page.html"
    path.write_text(render_article(TEXT, classifier.analyze(TEXT), "Road lost"), encoding="utf-8")
    browser.set_window_size(1400, 1000)
    browser.get(path.as_uri())
    return browser


def sentences(page):  # type: ignore[no-untyped-def]
    return page.find_elements("css selector", "article .s")


def note_of(page, sentence):  # type: ignore[no-untyped-def]
    return page.find_element("id", sentence.get_attribute("aria-describedby"))


def test_every_sentence_is_tinted_and_can_be_focused(page) -> None:  # type: ignore[no-untyped-def]
    found = sentences(page)
    assert [s.get_attribute("data-label") for s in found] == ["hedge", "claim", "fact", "none"]
    assert len({s.value_of_css_property("background-color") for s in found}) == 4
    assert {s.get_attribute("tabindex") for s in found} == {"0"}


def test_note_opens_on_focus_and_closes(page) -> None:  # type: ignore[no-untyped-def]
    claim = sentences(page)[1]
    note = note_of(page, claim)
    assert not note.is_displayed()
    page.execute_script("arguments[0].focus()", claim)
    assert note.is_displayed()
    assert "Mayor Lena Haddad" in note.text
    assert "official" in note.text
    page.execute_script("arguments[0].blur()", claim)
    assert not note.is_displayed()


def test_note_opens_on_hover(page) -> None:  # type: ignore[no-untyped-def]
    hedge = sentences(page)[0]
    webdriver.ActionChains(page).move_to_element_with_offset(hedge, 0, 0).perform()
    assert note_of(page, hedge).is_displayed()


def test_keys_step_and_filter_hides_the_tint(page) -> None:  # type: ignore[no-untyped-def]
    webdriver.ActionChains(page).send_keys("jj").perform()
    assert page.switch_to.active_element == sentences(page)[1]
    fact = sentences(page)[2]
    before = fact.value_of_css_property("background-color")
    page.find_element("id", "show-fact").click()
    assert fact.value_of_css_property("background-color") != before
    webdriver.ActionChains(page).send_keys("j").perform()
    assert page.switch_to.active_element == sentences(page)[3]  # the fact in between is unchecked
    webdriver.ActionChains(page).send_keys("k").perform()
    assert page.switch_to.active_element == sentences(page)[1]


def test_pointer_covers_the_focused_note_and_gives_it_back(page) -> None:  # type: ignore[no-untyped-def]
    hedge, claim = sentences(page)[:2]
    page.execute_script("arguments[0].focus()", hedge)
    webdriver.ActionChains(page).move_to_element_with_offset(claim, 0, 0).perform()
    assert note_of(page, claim).is_displayed() and not note_of(page, hedge).is_displayed()
    webdriver.ActionChains(page).move_to_element(page.find_element("tag name", "h1")).perform()
    assert note_of(page, hedge).is_displayed() and not note_of(page, claim).is_displayed()
    webdriver.ActionChains(page).send_keys(webdriver.Keys.ESCAPE).perform()
    assert not note_of(page, hedge).is_displayed()


def test_notes_open_without_script(browser, page) -> None:  # type: ignore[no-untyped-def]
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})
    try:
        page.refresh()
        webdriver.ActionChains(page).send_keys(webdriver.Keys.TAB * 6).perform()
        focused = page.switch_to.active_element
        assert focused == sentences(page)[1]  # after the four checkboxes
        assert note_of(page, focused).is_displayed()
        assert not page.find_element("css selector", "[data-script]").is_displayed()
    finally:
        browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": False})


def test_dark_mode_changes_the_paper(browser, page) -> None:  # type: ignore[no-untyped-def]
    papers = set()
    for scheme in ("light", "dark"):
        feature = {"name": "prefers-color-scheme", "value": scheme}
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [feature]})
        papers.add(page.find_element("tag name", "body").value_of_css_property("background-color"))
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})
    assert len(papers) == 2


@pytest.mark.parametrize("width", [360, 768, 1400])
def test_focused_note_stays_on_the_screen(browser, page, width: int) -> None:  # type: ignore[no-untyped-def]
    metrics = {"width": width, "height": 700, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
    try:
        page.refresh()
        for sentence in sentences(page):
            page.execute_script("arguments[0].focus()", sentence)
            note = page.execute_script("return arguments[0].getBoundingClientRect().toJSON()", note_of(page, sentence))
            assert note["left"] >= 0 and note["right"] <= width
            assert note["top"] >= 0 and note["bottom"] <= 700.5  # half a pixel for rounding
        assert page.execute_script("return document.documentElement.scrollWidth") <= width
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_nothing_is_fetched_or_refused(page) -> None:  # type: ignore[no-untyped-def]
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []
    requests = [e["message"] for e in page.get_log("performance") if "Network.requestWillBeSent" in e["message"]]
    assert [message for message in requests if re.search(r'"url":"(?:https?|wss?):', message)] == []


def test_screenshot_is_a_picture(page, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert page.save_screenshot(str(tmp_path / "page.png"))
    assert (tmp_path / "page.png").stat().st_size > 20_000
