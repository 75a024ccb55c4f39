"""The pages of a day in a real browser: under axe in every colour, without sideways scrolling, large enough to hit.

HOMETRIAL_SHOTS=FOLDER keeps a picture of each.
"""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright
from tests.support.at_home import OWN_STEPS, world
from tests.support.dosed import DOCTOR, day

from hometrial.participant.looks import COOKIE, Look
from hometrial.protocol.dosing.amounts import TimeOfDay, once
from hometrial.services.dosing import ordering

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
CONTRAST = {"type": "rule", "values": ["color-contrast"]}
DOSE = f"/dose/{day(1)}/evening"


@pytest.fixture(scope="module")
def port():
    return shots.free_port()


@pytest.fixture(scope="module")
def here(shared_study, tmp_path_factory, port):
    folder = tmp_path_factory.mktemp("clock")
    address = f"http://localhost:{port}"
    with world(shared_study, folder, address) as made, shots.served(made.app, port):
        yield made


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as play:
        made = play.chromium.launch(executable_path=CHROMIUM, args=shots.FLAGS)
        yield made
        made.close()


def busy(here):
    """Somebody with everything at once: a split dose, a form, a report, medicines."""
    at_home = here.on_drug(*OWN_STEPS)
    at_home.somebody.took()
    at_home.at(1, 18).come()
    at_home.post("/problem/new/headache", severity="mild", since="today", still="yes", care="none")
    at_home.post(
        "/problem/new/allergic_reaction",
        severity="severe",
        since="today",
        still="yes",
        care="none",
    )
    at_home.post(
        "/medicines/new", name="Valerian root, drops", indication="sleep", began="long", still="yes"
    )
    return at_home


def opioid(here):
    at_home = here.on_drug()
    at_home.somebody.took()
    at_home.at(1, 18).come()
    at_home.post("/medicines/new", name="Tramadol", began="today", still="yes")
    return at_home


def bad(here):
    at_home = here.on_drug()
    at_home.somebody.took()
    at_home.at(1, 18).come()
    at_home.post("/bad-day", "/")
    return at_home


def split(here):
    at_home = here.on_drug()
    at_home.somebody.order(once("9", TimeOfDay.EVENING, "cap"))
    at_home.somebody.do(ordering.change, DOCTOR, split=True)
    at_home.somebody.took(time_of_day=TimeOfDay.MORNING)
    return at_home.at(1, 18)


def out(here):
    at_home = here.on_drug()
    at_home.post("/dose/run-out", reason="ran_out", since="0")
    return at_home.at(1, 18)


def held(here):
    at_home = here.on_drug()
    at_home.somebody.do(ordering.take_away, DOCTOR, ordering.Kind.HOLD)
    return at_home.at(1, 18)


def stepping(here):
    at_home = here.on_drug(*OWN_STEPS)
    at_home.somebody.took_each(range(28))
    return at_home.at(28, 18)


WALKS = {
    "busy": (
        busy,
        (
            "/", "/dose", f"{DOSE}/time", f"{DOSE}/missed", f"{DOSE}/amount", "/dose/change/2", "/dose/run-out",
            "/problem", "/problem/new", "/problem/new/headache", "/problem/new/allergic_reaction", "/problem/1", "/problem/2", "/medicines", "/medicines/new",
            "/medicines/1", "/medicines/1/stop", "/medicines/1/correct",
        ),
    ),
    "opioid": (opioid, ("/", "/medicines/1")),
    "bad": (bad, ("/bad-day", "/")),
    "split": (split, ("/",)),
    "out": (out, ("/", "/dose/again")),
    "held": (held, ("/",)),
    "stepping": (stepping, ("/", "/dose/step")),
}  # fmt: skip
SENT_EMPTY = ("/problem/new/headache", "/medicines/new", f"{DOSE}/time", "/dose/run-out")
"""Forms that are looked at once more after they were sent without a word."""


def faults(page, rules):
    found = Axe().run(page, options={"runOnly": rules}).response["violations"]
    return [(each["id"], [node["target"] for node in each["nodes"]][:3]) for each in found]


SMALL = """() => [...document.querySelectorAll('main button, main a.main, main a.second, main label.choice, main summary,'
  + ' main .ways a, main .asked a, main input:not([type=hidden]):not([type=radio]):not([type=checkbox]), main select')]
  .filter(each => each.checkVisibility() && each.getBoundingClientRect().height < 44)
  .map(each => each.outerHTML.slice(0, 90))"""


def looked_at(page, name, rules):
    page.wait_for_load_state()  # a page that is only just coming has no colours yet
    if KEPT:
        page.screenshot(path=Path(KEPT) / f"{name}.png", full_page=True)
    wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
    return [*faults(page, rules), *(["scrolls sideways"] if wide else []), *page.evaluate(SMALL)]


@with_chromium
@pytest.mark.parametrize("walk", WALKS)
def test_every_page_can_be_read_and_hit(here, browser, port, walk, chromium):
    make, paths = WALKS[walk]
    at_home = make(here)
    found = {}
    for width, theme, language in LOOKS:
        address = f"http://localhost:{port}"
        context = browser.new_context(base_url=address, viewport={"width": width, "height": 800})
        look = Look(theme=theme, language=language).written()
        context.add_cookies([{"name": COOKIE, "value": look, "url": address}])
        rules = (
            TAGS if width == LOOKS[0][0] else CONTRAST
        )  # what is in a page is the same in every colour
        page = context.new_page()
        page.goto(at_home.invitation())
        page.locator("main form button").click()
        for path in paths:
            page.goto(path)
            assert page.title(), path
            name = f"{walk}{path.replace('/', '-')}-{width}-{theme}"
            found[name] = looked_at(page, name, rules)
            if path in SENT_EMPTY:
                with page.expect_navigation():
                    page.locator("main form button.main").first.click()
                found[f"{name}-empty"] = looked_at(page, f"{name}-empty", rules)
        context.close()
    assert {name: each for name, each in found.items() if each} == {}


@with_chromium
def test_at_400_percent_nothing_scrolls_sideways(here, browser, port, chromium):
    at_home = busy(here)
    context = browser.new_context(
        base_url=f"http://localhost:{port}", viewport={"width": 320, "height": 256}
    )
    look = Look(size=28, language="de").written()
    context.add_cookies([{"name": COOKIE, "value": look, "url": f"http://localhost:{port}"}])
    page = context.new_page()
    page.goto(at_home.invitation())
    page.locator("main form button").click()
    for path in (
        "/",
        "/dose",
        f"{DOSE}/missed",
        "/problem/new/headache",
        "/problem/2",
        "/medicines/new",
    ):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
    context.close()


@with_chromium
def test_a_dose_is_told_with_the_keyboard_alone_and_a_second_press_is_the_same_dose(
    here, browser, port, chromium
):
    at_home = here.on_drug()
    context = browser.new_context(base_url=f"http://localhost:{port}", java_script_enabled=False)
    page = context.new_page()
    page.goto(at_home.invitation())
    page.locator("main form button").click()
    page.locator("main form button.main").first.focus()
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert "Noted today" in page.locator("main").inner_text()
    page.go_back()  # the page is asked for anew: what is noted cannot be pressed again
    assert "Noted today" in page.locator("main").inner_text()
    assert page.locator("main form button.main").count() == 0
    assert len(at_home.told) == 1
    context.close()
