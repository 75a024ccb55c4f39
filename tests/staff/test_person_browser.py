"""The pages about one person in a real browser: under axe in both colours, never wider than the screen, by keyboard."""

import shutil
import threading
from collections.abc import Iterator

import pytest
import signed_in
from agreed import Trial
from axe_playwright_python.sync_playwright import Axe
from dosed import DOCTOR, NURSE, eligible
from playwright.sync_api import Browser, sync_playwright
from werkzeug.serving import make_server

from hometrial import clock
from hometrial.services import working
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.dosing import medicating, ordering
from hometrial.services.trial import contacting
from hometrial.services.trial.contacting import Spoke
from hometrial.staff import create_app

CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no browser on this machine"),
]
FLAGS = ["--no-sandbox", "--disable-gpu"]
PAGES = (
    "P-0001", "P-0001/doses", "P-0001/doses/order", "P-0001/visits", "P-0001/questionnaires",
    "P-0001/medicines", "P-0001/contacts", "P-0001/contacts/new", "P-0001/messages", "P-0001/leaving",
    "P-0001/leaving/stop", "P-0001/events", "P-0001/laboratory/new", "P-0001/identity", "P-0001/audit",
    "P-0002/consent", "P-0003/consent/paper/main/en",
)  # fmt: skip


@pytest.fixture(scope="module")
def site(shared_study) -> Iterator[tuple[str, dict[str, str]]]:
    database = shared_study.database
    with database.transaction("test", "people") as session:
        person = eligible(session)
        ordering.start(session, person, DOCTOR, formulation="liq")
        medicating.add(session, person, NURSE, medicating.Told("Vitamin D", began="2009"))
        spoke = Spoke(clock.now(), "phone", "nurse", "no_answer", note="no answer at noon")
        contacting.log(session, person, spoke, recorded_by="nurse")
        working.open_item(session, person.id, "dose_call", "D2", "call the person")
        trial = Trial(session, Keys.of(database.settings))
        version = trial.publish()
        trial.signed(version)
        trial.person(version)
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


def opened(browser: Browser, site, **look):
    address, cookie = site
    context = browser.new_context(base_url=address, **look)
    context.add_cookies([cookie])
    return context


@pytest.mark.parametrize(("width", "colours"), [(1024, "light"), (390, "dark")])
def test_axe_finds_nothing_and_no_page_is_wider_than_the_screen(
    browser, site, width, colours
) -> None:
    context = opened(browser, site, viewport={"width": width, "height": 900}, color_scheme=colours)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(f"{page.url} {message.text}"))
    for path in PAGES:
        page.goto(f"/people/{path}")
        wide = page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, path
        found = Axe().run(page)
        assert found.violations_count == 0, (path, found.generate_report())
    assert complaints == []
    context.close()


def test_a_withdrawal_call_is_walked_by_keyboard_to_its_receipt(browser, site) -> None:
    context = opened(
        browser, site, viewport={"width": 1440, "height": 900}, java_script_enabled=False
    )
    page = context.new_page()
    page.goto("/people/P-0002/leaving/stop")
    page.get_by_label("Stop the watch").focus()
    page.keyboard.press("Space")
    page.get_by_label("What they said").focus()
    page.keyboard.type("it bothers her at night")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.get_by_text("Read this to P-0002").wait_for()
    page.get_by_role("button", name="They confirm: stop it now").focus()
    page.keyboard.press("Enter")
    page.get_by_text("It is stopped. The receipt stands below").wait_for()
    assert page.get_by_role("heading", name="Stop the watch").is_visible()
    assert page.get_by_role("link", name="Receipt as PDF").is_visible()
    context.close()
