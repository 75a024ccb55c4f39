"""A coordinator's day on the demo's 75 people, click by click in a browser: features.md 5.1, within twenty minutes."""

import os
import re
import subprocess
import sys
import uuid
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import mailbox_server
import pytest
import signed_in
from browsing import shots, with_chromium
from flask import url_for
from playwright.sync_api import Page, sync_playwright
from serving import in_background
from sqlalchemy import text

from hometrial.db import Database
from hometrial.models import Participant, WithdrawalChoice
from hometrial.settings import Settings
from hometrial.staff import create_app
from hometrial.tasks import sending
from hometrial.tasks.engine import House

pytestmark = pytest.mark.long

DAY = 20 * 60
"""Seconds of a routine day (features.md 5.1)."""
READ, PRESS, TYPE = 12.0, 3.0, 0.3
"""Seconds to look through a page, to find and press something, and to type a character (keystroke-level model,
Card, Moran and Newell 1980, generously rounded: 1.35 s to think, 1.1 s to point, 0.28 s a key)."""


@dataclass
class Hand:
    """Somebody at a mouse: what they do is counted in the seconds that it takes a person."""

    page: Page
    seconds: float = 0.0
    pressed: int = 0
    seen: list[str] = field(default_factory=list)

    def read(self) -> str:
        """Look through the page that stands there."""
        self.page.wait_for_load_state("networkidle")
        self.seconds += READ
        self.seen.append(self.page.url)
        assert not self.page.locator("h1:has-text('Internal Server Error')").count(), self.page.url
        wide = self.page.evaluate("document.documentElement.scrollWidth - window.innerWidth")
        assert wide <= 0, (self.page.url, wide)
        return self.page.inner_text("main")

    def press(self, what, **options) -> str:
        """Press a link or a button that opens a page, and look through that."""
        found = self.page.locator(what, **options) if isinstance(what, str) else what
        with self.page.expect_navigation():
            found.first.click()
        self.seconds, self.pressed = self.seconds + PRESS, self.pressed + 1
        return self.read()

    def tick(self, what: str) -> None:
        """Tick a box, or choose one of several."""
        self.page.locator(what).first.check()
        self.seconds, self.pressed = self.seconds + PRESS, self.pressed + 1

    def fill(self, name: str, text: str) -> None:
        """Type into a field."""
        self.page.locator(f"main [name='{name}']").first.fill(text)
        self.seconds, self.pressed = self.seconds + PRESS + TYPE * len(text), self.pressed + 1

    def choose(self, name: str, value: str) -> None:
        """Choose from a list."""
        self.page.locator(f"main select[name='{name}']").first.select_option(value)
        self.seconds, self.pressed = self.seconds + PRESS, self.pressed + 1


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The study of `hometrial demo`; HOMETRIAL_DEMO names one that was made before."""
    home = Path(os.environ.get("HOMETRIAL_DEMO") or tmp_path_factory.mktemp("demo") / "home")
    if not home.exists():
        subprocess.run(
            [sys.executable, "-m", "hometrial", "demo", "--set-up-only"],
            env=os.environ | {"HOMETRIAL_HOME": str(home)},
            check=True,
            capture_output=True,
        )
    box = mailbox_server.Box()
    mail = mailbox_server.start(box)
    database = Database(Settings(home=home, **mailbox_server.told(mail.port)))
    yield database
    database.close()
    mail.stop()


@contextmanager
def at_desk(database, chromium, roles, name):
    """A browser of somebody of the staff, in front of the site."""
    import waitress

    app = create_app(database)
    server = waitress.create_server(app, host="127.0.0.1", port=0)
    thread = in_background(server)
    address = f"http://127.0.0.1:{server.effective_port}"
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=shots.FLAGS)
        context = browser.new_context(base_url=address, viewport={"width": 1024, "height": 768})
        context.add_cookies([signed_in.cookie(app, database, address, name, roles)])
        yield Hand(context.new_page())
        browser.close()
    server.close()
    thread.join(timeout=5)


@with_chromium
def test_a_routine_day_takes_less_than_twenty_minutes(chromium, demo):
    with at_desk(demo, chromium, ("coordinator",), "carla") as hand:
        today(hand)
        dead = send_a_link(hand, demo)
        remind_from_the_grid(hand)
        decide_rows(hand)
        log_a_call(hand)
        newcomer = somebody_new(hand)
        leaver = somebody_leaves(hand, {dead, newcomer})
        week(hand)
        assert hand.seconds < DAY, (hand.seconds, hand.pressed)
        hand.page.context.close()
    sys.stdout.write(
        f"a day of {hand.seconds / 60:.1f} minutes: {hand.pressed} presses, {len(hand.seen)} pages\n"
    )
    with demo.reading() as session:
        person = session.query(Participant).filter_by(code=leaver).one()
        chosen = session.query(WithdrawalChoice).filter_by(participant_id=person.id).all()
        assert "withdraw_completely" in {each.choice for each in chosen}
        assert person.status == "withdrawn"


def today(hand):
    """08:30: who there is, and what waits in the order of risk."""
    hand.page.goto("/")
    shown = hand.read()
    assert re.search(r"\d+ enrolled, \d+ active, \d+ paused, .*\d+ withdrawn", shown)
    kinds = [
        each.get_attribute("class").split("todo-")[1] for each in hand.page.locator("li.todo").all()
    ]
    graver = ["red_alert", "report_due", "adverse_event", "reconsent", "contact_due"]
    places = [kinds.index(each) for each in graver if each in kinds]
    assert places == sorted(places)
    assert len(places) >= 4
    for line in hand.page.locator("li.todo").all():
        assert (
            line.locator(".todo-do a, .todo-do button").count() == 1 or line.locator("code").count()
        )


def send_a_link(hand, demo):
    """A watch that has to be connected again: one press, and the work sleeps until the answer."""
    kinds = hand.page.locator("nav.kinds a", has_text="reconnect")
    if kinds.count():
        hand.press(kinds)
    line = hand.page.locator("li.todo-reconnect").first
    code = line.locator(".todo-who a").first.inner_text()
    shown = hand.press(line.get_by_role("button"))
    assert hand.page.locator(f"li.todo-reconnect:has-text('{code}')").count() == 0
    assert "Waiting for an answer" in shown
    hand.page.goto(f"/people/{code}")
    hand.read()
    messages = hand.press("nav.subnav a", has_text="Messages")
    assert "queued" in messages
    sending.send_now(House(demo, {}))
    hand.page.reload()
    assert "sent" in hand.read()
    hand.press("nav.subnav a", has_text="Doctor")
    return code


def remind_from_the_grid(hand):
    """The grid of days; people are chosen and written to, those on a bad day are left out by name."""
    hand.press("header a", has_text="Completeness")
    boxes = hand.page.locator(
        "main input[type=checkbox][name=code], main input[type=checkbox][name=who]"
    )
    assert boxes.count() > 20
    hand.page.get_by_role("button", name="Choose everybody shown").click()
    hand.seconds += PRESS
    shown = hand.press("main button", has_text="Write to the chosen")
    assert "left out" in shown.lower()
    assert "bad day" in shown
    done = hand.press("main form button", has_text="Send")
    assert "left out" in done.lower()


def decide_rows(hand):
    """What was set aside: one query's evidence, and its decision with a reason."""
    hand.page.goto("/quarantine")
    hand.read()
    shown = hand.press("main tbody a[href*='/queries/']")
    assert "not in the future" in shown.lower()
    hand.press("main tbody a")
    hand.page.locator("#confirm-as-error-reason").fill("the phone's clock stood a year ahead")
    hand.seconds += PRESS + TYPE * 36
    assert "confirmed" in hand.press("main button", has_text="Confirm as error")


def log_a_call(hand):
    """Somebody to be called: the call is logged, and the work about it ends."""
    hand.page.goto("/?kind=contact_due")
    hand.read()
    line = hand.page.locator("li.todo-contact_due").first
    code = line.locator(".todo-who a").first.inner_text()
    hand.press(line.locator(".todo-do a"))
    hand.choose("way", "phone")
    hand.choose("outcome", "reached")
    hand.fill("note", "slept badly, wants to go on")
    hand.press("main form button", has_text="Log it")
    hand.page.goto("/?kind=contact_due")
    hand.read()
    assert hand.page.locator(f"li.todo-contact_due:has-text('{code}')").count() == 0


def somebody_new(hand):
    """A new person: the screening is opened, answered as far as it is known, and the link is there with its code."""
    hand.page.goto("/enrol")
    hand.read()
    hand.fill("zone", "Europe/Berlin")
    shown = hand.press("main button", has_text="Open the screening")
    code = re.search(r"P-\d+", shown)[0]
    hand.fill("answer-age", "41")
    hand.choose("answer-mecfs_criteria", "ICC2011")
    hand.fill("answer-illness_months", "30")
    shown = hand.press(
        "main form[action$='/answers'] button[type=submit], main form[action$='/answers'] button"
    )
    assert "Cannot be decided yet" in shown
    hand.fill("email", "new.person@example.org")
    hand.press("main form[action$='/contact'] button")
    shown = hand.press("main form[action$='/invitation'] button")
    assert hand.page.locator("main svg").count()
    assert "/join/" in shown
    return code


def somebody_leaves(hand, others):
    """The call of somebody who leaves: three plain choices, read back, confirmed, with a receipt."""
    hand.page.goto("/people?status=enrolled")
    hand.read()
    codes = [each.inner_text() for each in hand.page.locator("main tbody th a").all()]
    code = next(each for each in reversed(codes) if each not in others)
    hand.press("main tbody th a", has_text=code)
    hand.press("nav.subnav a", has_text="Rest and leaving")
    hand.press("main a", has_text="stop")
    hand.tick("main input[name='choices'][value='withdraw_completely']")
    hand.fill("reason", "moves abroad")
    shown = hand.press("main button", has_text="Read it back")
    assert "cannot be taken back" in shown
    shown = hand.press("main form button")
    assert "receipt" in shown.lower()
    return code


def week(hand):
    """Friday: the week, and the log of contacts as a file."""
    hand.page.goto("/today/week")
    shown = hand.read()
    assert "Median wear" in shown
    with hand.page.expect_download() as taken:
        hand.page.get_by_role("link", name="the whole log as CSV").click()
    hand.seconds += PRESS
    assert "slept badly" in Path(taken.value.path()).read_text(encoding="utf-8-sig")


GETS = {
    "code": "SELECT code FROM participant p WHERE EXISTS (SELECT FROM dose_event d WHERE d.participant_id = p.id) ORDER BY code LIMIT 1",
    "name": "SELECT name FROM staff_account ORDER BY name LIMIT 1",
    "version_id": "SELECT id FROM protocol_version ORDER BY version LIMIT 1",
    "batch_id": "SELECT id FROM batch LIMIT 1",
    "verdict_id": "SELECT id FROM verdict LIMIT 1",
    "row_id": "SELECT id FROM quarantined_row LIMIT 1",
    "query_id": "SELECT id FROM query LIMIT 1",
    "alert_id": "SELECT id FROM alert LIMIT 1",
}
"""Where the ids of an address are found in the demo's study; the page of what is not there says so."""


def test_no_page_of_the_demo_fails(demo):
    app = create_app(demo)
    with demo.engine.connect() as connection:
        values = {name: connection.execute(text(query)).scalar() for name, query in GETS.items()}
    values |= {"when": "2026-11-20", "day": "2026-11-20", "number": 1, "form": "csv", "how": "new"}
    browser = signed_in.client(app, demo, "everybody")
    opened, refused = [], {}
    for rule in app.url_map.iter_rules():
        if "GET" not in rule.methods or rule.endpoint in ("static", "bootstrap.static"):
            continue
        told = {name: values.get(name) or uuid.UUID(int=0) for name in rule.arguments}
        if "any(html, pdf)" in rule.rule:
            told["form"] = "html"
        with app.test_request_context():
            address = url_for(rule.endpoint, **{**told, **(rule.defaults or {})})
        answer = browser.get(address)
        assert answer.status_code < 500, (address, answer)
        (opened if answer.status_code == 200 else refused.setdefault(answer.status_code, [])).append(rule.rule)  # fmt: skip
        answer.close()
    assert len(opened) > 60, refused
