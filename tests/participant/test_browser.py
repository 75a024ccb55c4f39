"""The site in a real browser, without scripts: from a link to a watch, by finger and by keyboard."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from browsing import CHROMIUM, shots, with_chromium
from playwright.sync_api import Browser, Page, sync_playwright

from hometrial import participant

pytestmark = pytest.mark.long

CSS = (Path(participant.__file__).parent / "static" / "participant.css").read_text("utf-8")
EXPECTED = re.compile(r"status of 40[14]")  # pages that are shown with these on purpose


@pytest.fixture(scope="module")
def port() -> int:
    return shots.free_port()


@pytest.fixture(scope="module")
def public_url(port: int) -> str:
    """Another name than the clouds' 127.0.0.1, so that the way back crosses sites as in life."""
    return f"http://localhost:{port}"


@pytest.fixture(scope="module")
def served(place, port: int) -> Iterator[None]:
    place.enrol()  # somebody else, to whom an account can belong
    with shots.served(place.app, port):
        yield


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=shots.FLAGS)
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser, served: None, public_url: str) -> Iterator[Page]:
    """A phone of 320 px that runs no scripts."""
    context = browser.new_context(
        base_url=public_url, viewport={"width": 320, "height": 640}, java_script_enabled=False
    )
    yield context.new_page()
    context.close()


@with_chromium
def test_every_page_fits_a_small_phone_and_none_needs_a_script(
    chromium: str, page: Page, place
) -> None:
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    seen = []

    def look(name: str) -> None:
        seen.append(name)
        page.wait_for_load_state()  # a page that is only just coming has no element to measure
        assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
        assert page.locator("h1").count() == 1, name
        for button in page.locator("main button:visible, main a.main:visible").all():
            box = button.bounding_box()
            assert box, name
            assert box["height"] >= 44, name

    shots.walk(place, page, look)
    assert len(seen) == len(set(seen)) == 23
    assert [text for text in complaints if not EXPECTED.search(text)] == []


@with_chromium
def test_a_watch_is_connected_with_three_taps_after_the_way_in(
    chromium: str, page: Page, place
) -> None:
    shots.execute(place.database, "TRUNCATE wearable_account CASCADE")
    page.goto(place.enrol())
    page.get_by_role("button", name="Open my page").click()
    page.get_by_role(
        "button", name="Connect Google Health"
    ).click()  # 1; the next page goes on alone
    page.wait_for_url("**/google/**")
    page.select_option("#account", "1")
    page.get_by_role("button", name="Allow").click()  # 2
    page.wait_for_url("**/result")
    assert page.locator("h1").inner_text() == "Linked"
    assert "code=" not in page.url


@with_chromium
def test_a_watch_is_connected_by_keyboard_alone(chromium: str, page: Page, place) -> None:
    shots.execute(place.database, "TRUNCATE wearable_account CASCADE")
    page.goto(place.enrol())
    reach(page, "Open my page")
    reach(page, "Connect Google Health")
    page.wait_for_url("**/google/**")
    reach(page, "Allow")
    page.wait_for_url("**/result")
    assert page.locator("h1").inner_text() == "Linked"


def reach(page: Page, name: str) -> None:
    """Press Tab until a button has the focus, then Enter."""
    for _ in range(30):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if focused.count() and name in focused.inner_text():
            with page.expect_navigation():
                page.keyboard.press("Enter")
            return
    pytest.fail(f"{name} cannot be reached by Tab")


PAIRS = [("ink", "paper"), ("ink", "card"), ("soft", "paper"), ("soft", "card"), ("link", "paper"),
         ("link", "card"), ("on-main", "main")]  # fmt: skip


def luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "back", "least"), [*((*pair, 7) for pair in PAIRS),
                                                     ("frame", "paper", 3), ("frame", "card", 3)])  # fmt: skip
def test_text_stands_out_seven_to_one(scheme: str, text: str, back: str, least: float) -> None:
    light, dark = CSS.split("@media (prefers-color-scheme: dark)", 1)
    part = light if scheme == "light" else dark.split("\n}", 1)[0]
    palette = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", part))
    brighter, darker = sorted((luminance(palette[text]), luminance(palette[back])), reverse=True)
    assert (brighter + 0.05) / (darker + 0.05) >= least


def test_nothing_on_the_site_moves() -> None:
    assert not re.search(r"animation|transition|@keyframes", CSS)
