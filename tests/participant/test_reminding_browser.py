"""The pages of reminders in a real browser: under axe, narrow and wide, and by keyboard without scripts."""

import importlib.util
import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from mailbox_server import free_port, told
from playwright.sync_api import sync_playwright
from posted import Post, berlin

from hometrial.db import Database
from hometrial.models import Participant
from hometrial.participant import create_app
from hometrial.services.syncing import invitations

pytestmark = pytest.mark.long

_SPEC = importlib.util.spec_from_file_location(
    "participant_shots", Path(__file__).with_name("shots.py")
)
shots = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(shots)
CHROMIUM = shutil.which("chromium")
# Without a browser on the machine there is nothing here to run.
with_chromium = pytest.mark.parametrize("chromium", [CHROMIUM] if CHROMIUM else [])
PAGES = ("/reminders", "/reminders/how", "/reminders/messages")


@pytest.fixture
def come(study, at_clock):
    """Serve a site in whose study a diary is open; returns its address and a link to a person's page."""
    at_clock(berlin("17:20"))
    port = free_port()
    update = told(1, public_url=f"http://localhost:{port}")
    study.database.settings = study.database.settings.model_copy(update=update)
    person = Post(study, None, at_clock).person()
    with study.database.transaction("staff") as session:
        link = invitations.invite(session, session.get_one(Participant, person.id), "test")
    own = Database(study.database.settings)
    with shots.served(create_app(own, clouds={}), port):
        yield f"http://localhost:{port}", f"/join/{link}"
    own.close()


def violations(page):
    page.wait_for_load_state()  # what is only just coming has no colours or sizes yet
    return [each["id"] for each in Axe().run(page).response["violations"]]


@with_chromium
def test_axe_finds_nothing_and_nothing_scrolls_sideways(come, chromium):
    base, link = come
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=shots.FLAGS)
        page = browser.new_page(base_url=base)
        page.goto(link)
        page.locator("main form button").first.click()
        for width, scheme in ((320, "light"), (1280, "dark")):
            page.set_viewport_size({"width": width, "height": 700})
            page.emulate_media(color_scheme=scheme)
            for path in PAGES:
                page.goto(path)
                assert violations(page) == [], (path, width)
                assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.goto("/reminders/how")
        page.fill("#preferred_at", "23:00")
        page.get_by_role("button", name="Keep this").click()
        assert page.locator("#preferred_at").get_attribute("aria-invalid") == "true"
        assert violations(page) == []
        browser.close()


@with_chromium
def test_something_is_put_off_by_keyboard_without_scripts(come, chromium):
    base, link = come
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=shots.FLAGS)
        page = browser.new_context(base_url=base, java_script_enabled=False).new_page()
        page.goto(link)
        with page.expect_navigation():
            page.locator("main form button").first.press("Enter")
        page.goto("/reminders")
        button = page.get_by_role("button", name="In 1 hour: 18:20 today")
        assert button.bounding_box()["height"] >= 48
        with page.expect_navigation():
            button.press("Enter")
        assert "We do not write to you until 18:20 today." in page.locator("main").inner_text()
        browser.close()
