"""Leaving, own data, own charts and the team's page in a real browser: under axe, narrow, large enough to hit.

HOMETRIAL_SHOTS=FOLDER keeps a picture of each.
"""

import importlib.util
import os
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright
from tests.support.agreed import ACT, APPROVED, Trial
from tests.support.linked import link

from hometrial import clock
from hometrial.models import DailyMetric, Gap
from hometrial.participant.looks import COOKIE, Look
from hometrial.services import reaching
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.syncing import invitations
from hometrial_ingest.data_types import DataType

pytestmark = pytest.mark.long

_SPEC = importlib.util.spec_from_file_location("shots", Path(__file__).with_name("shots.py"))
shots = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(shots)
CHROMIUM = shutil.which("chromium")
# Without a browser on the machine there is nothing here to run.
with_chromium = pytest.mark.parametrize("chromium", [CHROMIUM] if CHROMIUM else [])
LOOKS = [(320, "light", "en"), (390, "dim", "de"), (1280, "dark", "en")]
KEPT = os.environ.get("HOMETRIAL_SHOTS")
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SHOWN = APPROVED.replace(
    "energy_budget:", 'own_charts: {shown: true, because: "agreed"}\nenergy_budget:'
)
PAGES = (
    "/team", "/team?sent=message", "/team/call", "/team/message", "/leaving", "/leaving/receipt", "/leaving/back/stop_wearable",
    "/mine", "/charts",
)  # fmt: skip


@pytest.fixture(scope="module")
def public_url():
    return f"http://localhost:{shots.free_port()}"


@pytest.fixture(scope="module")
def browser(place, public_url):
    with shots.served(place.app, int(public_url.rpartition(":")[2])), sync_playwright() as play:
        made = play.chromium.launch(executable_path=CHROMIUM, args=shots.FLAGS)
        yield made
        made.close()


@pytest.fixture(scope="module")
def version(place):
    with place.database.transaction("staff") as session:
        told = {"phone": "+49 30 450 50", "email": "team@example.org", "hours": "Weekdays, 9 to 15"}
        reaching.set_site(session, "S-01", name="Centre A", **told)
        return Trial(session, Keys.of(place.database.settings)).publish(SHOWN)


def way_in(place, version):
    """Return the link of somebody who signed, with a watch and some days of steps."""
    with place.database.transaction("staff") as session:
        trial = Trial(session, Keys.of(place.database.settings))
        act = replace(ACT, granted=(DataType.HEART_RATE, DataType.STEPS))
        person, _ = trial.signed(session.merge(version), act)
        link(session, person)
        today = clock.now().date()
        for number in range(1, 28):
            if number % 7 == 0:
                session.add(
                    Gap(
                        participant_id=person.id, stream="steps", day=today - timedelta(days=number),
                        start_at=clock.now() - timedelta(days=number), end_at=clock.now() - timedelta(days=number, hours=-9), cause="not_worn",
                        rule_version=1,
                    )
                )  # fmt: skip
                continue
            for metric, value in (
                ("steps", 900 + 517 * number % 4100), ("sleep_minutes", 390 + 31 * number % 120), ("rhr_sleep", 58 + number % 6),
            ):  # fmt: skip
                session.add(
                    DailyMetric(
                        participant_id=person.id, day=today - timedelta(days=number), metric=metric,
                        value=value, rule=metric, rule_version=2, computed_at=clock.now(),
                    )
                )  # fmt: skip
        path = f"/join/{invitations.invite(session, person, 'test')}"
    place.sims.clock.advance(timedelta(minutes=2))
    return path


def open_page(browser, public_url, look):
    width, theme, language = look
    context = browser.new_context(
        base_url=public_url, viewport={"width": width, "height": 800}, has_touch=True
    )
    size = 28 if width == 320 else 20  # the narrowest with the largest letters
    value = Look(theme, size, False, language).written()
    context.add_cookies([{"name": COOKIE, "value": value, "url": public_url}])
    return context, context.new_page()


SMALL = """() => [...document.querySelectorAll('main button, main input:not([type=hidden]), main textarea, main summary,'
  + ' main a.main, main a.second, main a.plain')]
  .map(each => [(each.closest('label') || each).getBoundingClientRect().height, each.outerHTML.slice(0, 90)])
  .filter(([height]) => height > 0 && height < 47.9)"""


def faults(page, name, look):
    """Return what axe, a ruler and the size of what is tapped find on a page."""
    if KEPT:
        Path(KEPT).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=f"{KEPT}/{name}-{look[0]}-{look[1]}.png", full_page=True)
    page.wait_for_load_state()  # what is only just coming has no colours or sizes yet
    found = Axe().run(page, options={"runOnly": TAGS}).response["violations"]
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    return [
        *((each["id"], [node["target"] for node in each["nodes"]][:3]) for each in found),
        *(["scrolls sideways"] if wide else []),
        *page.evaluate(SMALL),
    ]


@with_chromium
@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look[0]}-{look[1]}-{look[2]}")
def test_every_page_can_be_read_and_used(place, browser, public_url, version, look, chromium):
    assert chromium
    context, page = open_page(browser, public_url, look)
    found = {}

    def examine(name):
        found[name] = faults(page, name, look)

    page.goto("/team")
    examine("team-no-visit")
    page.goto(way_in(place, version))
    press_main(page)
    stop_parts(page, examine)
    page.goto("/team/message")
    page.locator("textarea").fill("The parcel came open.")
    press_main(page)
    for address in PAGES:
        page.goto(address)
        examine(address.strip("/").replace("/", "-").replace("?", "-"))
    page.locator("main summary").first.click()
    examine("charts-numbers")
    leave(page, examine)
    context.close()
    assert {name: each for name, each in found.items() if each} == {}


def press_main(page):
    page.locator("main form button.main").click()


def stop_parts(page, examine):
    """Choose nothing, then the watch and the diaries, with a reason."""
    page.goto("/leaving")
    press_main(page)
    examine("leaving-refused")
    page.locator("input[value=stop_wearable]").check()
    page.locator("input[value=stop_diaries]").check()
    page.locator("#reason").fill("Too much at the moment.")
    press_main(page)
    examine("check")
    press_main(page)
    page.wait_for_url("**/leaving/receipt")


def leave(page, examine):
    """Leave the study, and look at what is left then."""
    page.goto("/leaving")
    page.locator("input[value=withdraw_completely]").check()
    press_main(page)
    press_main(page)
    examine("receipt-of-leaving")
    for address in ("/watch", "/leaving"):
        page.goto(address)
        examine(f"left-{address.strip('/')}")


@with_chromium
def test_everything_is_taken_along_and_left_by_keyboard_alone(
    place, browser, public_url, version, chromium
):
    assert chromium
    context, page = open_page(browser, public_url, LOOKS[0])
    page.goto(way_in(place, version))
    page.locator("form button.main").click()
    page.goto("/mine")
    with page.expect_download() as coming:
        press(page, "a.main")
    assert coming.value.suggested_filename.startswith("everything-P-")
    assert Path(coming.value.path()).read_bytes()[:2] == b"PK"
    page.goto("/leaving")
    press(page, "input[value=withdraw_completely]", "Space")
    for address in ("**/leaving/check", "**/leaving/receipt"):
        press(page, "button.main")
        page.wait_for_url(address)
    assert page.get_by_text("You have left the study").count() == 1
    context.close()


def press(page, wanted, key="Enter"):
    """Go to an element by the keyboard, as somebody without a mouse does, and press a key there."""
    for _ in range(80):
        page.keyboard.press("Tab")
        if page.evaluate("wanted => document.activeElement.matches(wanted)", wanted):
            break
    else:
        raise AssertionError(f"{wanted} is not reached by Tab")
    page.keyboard.press(key)
