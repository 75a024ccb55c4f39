"""The pages of consent in a real browser: every page under axe, 320 px wide, large enough to touch, by keyboard alone."""

import importlib.util
import os
import shutil
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright
from sqlalchemy import select
from tests.support.agreed import Trial

from hometrial import clock
from hometrial.models import Participant
from hometrial.services.agreeing import discussing, understanding
from hometrial.services.agreeing.discussing import Talk
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.entering import freshness
from hometrial.services.syncing import invitations

pytestmark = pytest.mark.long

_HERE = Path(__file__).parent
_SPEC = importlib.util.spec_from_file_location("participant_shots", _HERE / "shots.py")
shots = importlib.util.module_from_spec(_SPEC)
_SPEC.loader.exec_module(shots)
CHROMIUM = shutil.which("chromium")
# Without a browser on the machine there is nothing here to run.
with_chromium = pytest.mark.parametrize("chromium", [CHROMIUM] if CHROMIUM else [])
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SMALL = """() => [...document.querySelectorAll('main button, main a.main, main a.second, main .choice')]
  .filter(e => e.getBoundingClientRect().height < 48).map(e => e.textContent.trim())"""
WIDE = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def port():
    return shots.free_port()


@pytest.fixture(scope="module")
def public_url(port):
    return f"http://localhost:{port}"


@pytest.fixture(scope="module")
def keys(place):
    return Keys.of(place.database.settings)


@pytest.fixture(scope="module")
def version(place, keys):
    with place.database.transaction("staff") as session:
        return Trial(session, keys).publish()


class Reader:
    """Somebody at their own screen, and what others do for them meanwhile."""

    def __init__(self, place, keys, version, page):
        self.place, self.keys, self.page = place, keys, page
        with place.database.transaction("staff") as session:
            person = Trial(session, keys).person(session.merge(version))
            self.code = person.code
            path = f"/join/{invitations.invite(session, person, 'test')}"
        page.goto(path)
        page.locator("main button").click()

    def does(self, act):
        with self.place.database.transaction("test") as session:
            chosen = select(Participant).where(Participant.code == self.code)
            return act(Trial(session, self.keys), session.scalars(chosen).one())

    def looks_at(self, address, name):
        """Open a page and hold it to the rules; keep a picture where one is asked for."""
        self.page.goto(address)
        folder = os.environ.get("HOMETRIAL_SHOTS")
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            self.page.wait_for_load_state()  # what is only just coming has no colours or sizes yet
            found = Axe().run(self.page, options={"runOnly": TAGS})
            assert found.violations_count == 0, found.generate_report()
            if folder:
                width = self.page.viewport_size["width"]
                picture = Path(folder) / f"{name}-{width}-{scheme}.png"
                self.page.screenshot(path=picture, full_page=True)
        assert self.page.evaluate(WIDE) <= 0, name
        assert self.page.evaluate(SMALL) == [], name


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=shots.FLAGS)
        yield found
        found.close()


@pytest.fixture(params=[320, 1280])
def reader(request, browser, place, keys, version, public_url, port, monkeypatch):
    monkeypatch.setattr(freshness, "confirmed", lambda *_, **__: "e-mail code")
    size = {"width": request.param, "height": 800}
    with shots.served(place.app, port):
        context = browser.new_context(base_url=public_url, viewport=size)
        yield Reader(place, keys, version, context.new_page())
        context.close()


@with_chromium
def test_every_page_is_accessible_narrow_and_large_enough_to_touch(reader, chromium):
    reader.looks_at("/consent", "start")
    reader.looks_at("/consent/read/research", "read")
    reader.looks_at("/consent/read/drug", "read-list")
    reader.looks_at("/consent/rest", "rest")
    reader.looks_at("/consent/no", "no")
    reader.does(lambda t, p: t.read(p, t.offer(p)))
    reader.looks_at("/consent/questions/1", "question")
    reader.page.locator("button[value=next]").click()
    assert reader.page.locator("[aria-invalid=true]").count() == 1
    wrong(reader)
    reader.looks_at("/consent/questions/again", "again")
    reader.does(lambda t, p: t.read(p, t.offer(p)))
    reader.does(lambda t, p: understanding.answer(t.session, p, t.offer(p), t.answers(t.offer(p))))
    reader.looks_at("/consent/questions/right", "understood")
    reader.looks_at("/consent/choices", "choices")
    for each in reader.page.locator("input[value=no]").all():
        each.check()
    reader.page.get_by_role("button", name="Next").click()
    reader.looks_at("/consent/talk", "talk")
    talk = Talk("video", "dr-ada", "passport shown", clock.now())
    reader.does(lambda t, p: discussing.record(t.session, p, talk, by="dr-ada"))
    reader.looks_at("/consent/sign", "sign")
    reader.looks_at("/consent/sign?by=scribe", "sign-helped")
    reader.page.get_by_role("button", name="Sign").click()
    assert reader.page.locator("#refused a").count() == 4
    reader.page.goto("/consent/sign")
    reader.page.get_by_label("Your full name").fill("Zoë Müller")
    reader.page.get_by_label("This is my signature").check()
    reader.page.get_by_role("button", name="Sign").click()
    reader.page.wait_for_url("**/consent/signed")
    for address in ("signed", "copies", "sharing", "sharing/steps"):
        reader.looks_at(f"/consent/{address}", address.replace("/", "-"))


def wrong(reader):
    """Have a try fail."""

    def fail(trial, person):
        offer = trial.offer(person)
        first = offer.quiz.questions[0]
        other = next(each.id for each in first.options if each.id != first.right)
        understanding.answer(
            trial.session, person, offer, trial.answers(offer, **{first.id: other})
        )

    reader.does(fail)


@with_chromium
def test_a_section_is_read_and_left_by_keyboard_alone(reader, chromium):
    reader.page.goto("/consent")
    reader.page.get_by_role("link", name="Begin").focus()
    reader.page.keyboard.press("Enter")
    reader.page.wait_for_url("**/consent/read/research")
    reader.page.get_by_role("button", name="Next").first.focus()
    reader.page.keyboard.press("Enter")
    reader.page.wait_for_url("**/consent/read/length")
    reader.page.get_by_role("button", name="Save and rest").focus()
    reader.page.keyboard.press("Space")
    reader.page.wait_for_url("**/consent/rest")
