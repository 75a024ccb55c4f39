"""The site in a real browser: nothing refused by its own policy, drawn, and usable on a phone."""

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import signed_in
from flask import Flask
from playwright.sync_api import Browser, sync_playwright

from hometrial.db import Database

pytestmark = pytest.mark.long

_spec = importlib.util.spec_from_file_location("shots", Path(__file__).with_name("shots.py"))
assert _spec is not None
assert _spec.loader is not None
shots = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(shots)

CHROMIUM = shutil.which("chromium")
# Without a browser on the machine there is nothing here to run.
with_chromium = pytest.mark.parametrize("chromium", [CHROMIUM] if CHROMIUM else [])


@pytest.fixture(scope="module")
def site(app: Flask) -> Iterator[str]:
    with shots.served(app) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=shots.FLAGS)
        yield found
        found.close()


@with_chromium
def test_no_page_complains_and_none_is_wider_than_a_phone(
    chromium: str, app: Flask, database: Database, site: str, browser: Browser
) -> None:
    context = browser.new_context(base_url=site, viewport={"width": 390, "height": 844})
    context.add_cookies([signed_in.cookie(app, database, site)])
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    pages = shots.pages_of(page)
    assert {"person", "day", "batch", "report", "query", "row"} <= set(pages)
    for name, address in pages.items():
        page.goto(address, wait_until="networkidle")
        page.wait_for_function(shots.DRAWN)
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert name == "report" or wide <= 0, name
    assert complaints == []
    context.close()


@with_chromium
def test_the_chart_is_drawn_in_the_browser(
    chromium: str, app: Flask, database: Database, site: str, browser: Browser
) -> None:
    context = browser.new_context(base_url=site, viewport={"width": 1200, "height": 900})
    context.add_cookies([signed_in.cookie(app, database, site)])
    page = context.new_page()
    page.goto("/people/P-0001")
    page.wait_for_selector(".drawing[role=img] canvas")
    box = page.locator(".drawing canvas").bounding_box()
    assert box is not None
    assert box["width"] > 900
    assert box["height"] > 400
    context.close()


@with_chromium
def test_without_scripts_the_same_chart_is_a_picture(
    chromium: str, app: Flask, database: Database, site: str, browser: Browser
) -> None:
    context = browser.new_context(base_url=site, java_script_enabled=False)
    context.add_cookies([signed_in.cookie(app, database, site)])
    page = context.new_page()
    page.goto("/people/P-0001", wait_until="networkidle")
    box = page.locator("noscript img, figure img").first.bounding_box()
    assert box is not None
    assert box["height"] > 200
    context.close()


@with_chromium
def test_a_row_is_decided_by_keyboard_alone(
    chromium: str, app: Flask, database: Database, site: str, browser: Browser
) -> None:
    context = browser.new_context(base_url=site)
    context.add_cookies([signed_in.cookie(app, database, site)])
    page = context.new_page()
    page.goto("/quarantine?rule=local_time_is_unambiguous")
    page.locator("main tbody a").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/queries/**")
    page.locator("main tbody a").nth(9).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#confirm-as-error-reason")
    page.locator("#confirm-as-error-reason").focus()
    page.keyboard.type("decided from the keyboard")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.wait_for_selector("[role=status]")
    assert "confirmed by staff:tests" in page.inner_text("main")
    context.close()
