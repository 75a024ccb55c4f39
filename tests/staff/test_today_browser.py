"""Today and the list of people in a real browser: under axe in both colours, never wider than the screen, by keyboard alone."""

import shutil
import threading
from collections.abc import Iterator

import asked
import linked
import pytest
import signed_in
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, sync_playwright
from werkzeug.serving import make_server

from hometrial.services import working
from hometrial.services.noticing import rounds
from hometrial.staff import create_app

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no browser on this machine"),
]
FLAGS = ["--no-sandbox", "--disable-gpu"]


@pytest.fixture(scope="module")
def site(shared_study) -> Iterator[tuple[str, dict[str, str]]]:
    database = shared_study.database
    with database.transaction("test", "people with work") as session:
        for number in range(4):
            who = asked.in_trial(session)
            linked.link(session, who, status="reconnect_needed" if number else "active")
            for kind in ("reconnect", "red_alert", "quarantine")[:number]:
                working.open_item(session, who.id, kind, f"{kind}/x", f"the words of {kind}")
        rounds.whole(session)
        session.flush()
    app = create_app(database)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    yield address, signed_in.cookie(app, database, address)
    server.shutdown()
    thread.join()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield found
        found.close()


def opened(browser: Browser, site, **look) -> BrowserContext:
    address, cookie = site
    context = browser.new_context(base_url=address, **look)
    context.add_cookies([cookie])
    return context


PAGES = ("/", "/people", "/today/week", "/people/bulk/relink?who=P-0001&who=P-0002", "/people/bulk/contact?who=P-0001")  # fmt: skip


@pytest.mark.parametrize(("width", "colours"), [(1440, "light"), (1024, "dark"), (390, "light"), (390, "dark")])  # fmt: skip
def test_axe_finds_nothing_and_no_page_is_wider_than_the_screen(
    browser, site, width, colours
) -> None:
    context = opened(browser, site, viewport={"width": width, "height": 900}, color_scheme=colours)
    page = context.new_page()
    for address in PAGES:
        page.goto(address)
        assert page.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, (
            address
        )
        found = Axe().run(page)
        assert found.violations_count == 0, (address, found.generate_report())
    context.close()


def test_people_are_chosen_and_named_by_keyboard_alone_without_scripts(browser, site) -> None:
    context = opened(browser, site, java_script_enabled=False)
    page = context.new_page()
    page.goto("/people")
    page.get_by_role("checkbox", name="P-0002", exact=True).focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Note about the watch").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/people/bulk/relink?*who=P-0002*")
    assert page.get_by_role("heading", name="A note about the watch").is_visible()
    assert page.get_by_role("heading", name="For 1 person").is_visible()
    context.close()


def test_a_person_is_found_from_every_page(browser, site) -> None:
    context = opened(browser, site)
    page = context.new_page()
    page.goto("/")
    page.get_by_role("searchbox").first.fill("p-0003")
    page.keyboard.press("Enter")
    page.wait_for_url("**/people/P-0003")
    context.close()
