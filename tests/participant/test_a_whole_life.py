"""One person's whole trial on the screen: from the invitation to the receipt of leaving.

Once on a phone without scripts and by keyboard alone, once on a desktop. Each screen is looked at by axe.
`HOMETRIAL_PICTURES=folder` keeps a picture of each.
"""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import agreed
import dosed
import mailbox_server
import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import CHROMIUM, shots, with_chromium
from playwright.sync_api import Browser, Page, sync_playwright

from hometrial.models import Participant
from hometrial.protocol import loading
from hometrial.services import auditing, enrolling, identifying
from hometrial.services.agreeing import discussing, signing, standing, texts
from hometrial.services.agreeing.discussing import Talk
from hometrial.services.agreeing.sealing import Keys
from hometrial.services.dosing import ordering
from hometrial.services.syncing import invitations
from hometrial.services.trial import answering, publishing, screening
from hometrial.services.trial.answering import Told
from hometrial.tasks import sending
from hometrial.tasks.engine import House

pytestmark = pytest.mark.long

EVENING = datetime(2026, 2, 3, 17, 30, tzinfo=UTC)
"""Half past six in Berlin: the diary is open, and the simulated watch has worn three days."""
TRIAL = (
    loading.shipped_text("ldn-case-series")
    .replace("{registry: null, id: null}", "{registry: ISRCTN, id: ISRCTN00000000}")
    .replace("ethics_reference: null", 'ethics_reference: "EK 17/2026"')
)
DIARY = "Evening diary"
SERIOUS = ("serious", "critical")


@pytest.fixture(scope="module")
def port() -> int:
    return shots.free_port()


@pytest.fixture(scope="module")
def public_url(port: int) -> str:
    return f"http://localhost:{port}"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=shots.FLAGS)
        yield found
        found.close()


@dataclass
class Team:
    """What the study's people and its worker do meanwhile."""

    place: object
    box: mailbox_server.Box
    code: str = ""

    def do(self, act):
        with self.place.database.transaction("dr-ada", "the trial goes on") as session:
            return act(session, enrolling.find_participant(session, self.code))

    def invite(self, email: str) -> str:
        with self.place.database.transaction("ann", "invite") as session:
            version = publishing.in_force(session, "ldn-case-series")
            if version is None:
                version = agreed.Trial(session, None).publish(TRIAL)
            opened = screening.open_screening(session, version, by="ann")
            person = session.get_one(Participant, opened.participant_id)
            enrolling.set_zone(session, person, "Europe/Berlin", source="test")
            key = self.place.database.settings.key("identity")
            identifying.keep(session, key, person.id, email=email, name="Zoë Müller")
            self.code = person.code
            return f"/join/{invitations.invite(session, person, 'test')}"

    def talk(self) -> None:
        held = Talk("video", "dr-ada", "passport shown by video", EVENING)
        self.do(lambda session, person: discussing.record(session, person, held, by="dr-ada"))

    def begin_the_drug(self) -> None:
        keys = Keys.of(self.place.database.settings)

        def act(session, person):
            (signature,) = signing.signatures(session, person)
            signing.countersign(session, keys, signature, agreed.INVESTIGATOR, by="dr-ada")
            opened = screening.of_person(session, person)
            answering.answer(session, opened, dosed.ANSWERS, Told("ann"))
            screening.decide(session, opened, by="ann")
            ordering.start(session, person, dosed.DOCTOR, formulation="liq")

        self.do(act)

    def last_code(self) -> str:
        """Send what waits, and read the code in the person's mailbox."""
        sending.send_now(House(self.place.database, {}))
        found = re.search(r"Your code is: ([\d ]+)", self.box.text())
        assert found, self.box.text()
        return found[1].strip()


@dataclass
class Person:
    """Somebody at a screen: by keyboard alone, or with a pointer."""

    page: Page
    keyboard: bool
    copy: Page | None = None
    seen: list[str] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def look(self, name: str) -> None:
        """Have axe look at the screen, and see that nothing is wider than it."""
        self.page.wait_for_load_state()
        self.seen.append(name)
        assert self.page.locator("h1").count() == 1, name
        assert self.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
        for fault in Axe().run(self._scripted()).response["violations"]:
            if fault["impact"] in SERIOUS:
                self.faults.append(f"{name}: {fault['id']}: {fault['nodes'][0]['html'][:120]}")
        folder = os.environ.get("HOMETRIAL_PICTURES")
        if folder:
            Path(folder).mkdir(parents=True, exist_ok=True)
            kind = "phone" if self.keyboard else "desktop"
            number = f"{len(self.seen):02}"
            self.page.screenshot(path=Path(folder) / f"{kind}-{number}-{name}.png", full_page=True)

    def _scripted(self) -> Page:
        """Return this screen where scripts run, which axe needs: itself, or a copy of what stands on it."""
        if self.copy is None:
            return self.page
        self.copy.goto("/health")  # our own styles load for pages of our own alone
        self.copy.set_content(self.page.content())
        return self.copy

    def press(self, name: str) -> None:
        """Press a button or follow a link."""
        if not self.keyboard:
            self.page.locator("main").locator("button, a, summary").filter(
                has_text=re.compile(rf"^\s*{re.escape(name)}")
            ).first.click()
        else:
            self._tab_to(
                lambda found: found["text"].strip().startswith(name) and found["does"], name
            )
            with self.page.expect_navigation():
                self.page.keyboard.press("Enter")
        self.page.wait_for_load_state()

    def choose(self, label: str) -> None:
        """Choose one of several, or tick a box."""
        if not self.keyboard:
            self.page.get_by_label(label, exact=True).first.check()
            return
        self._tab_to(lambda found: found["chosen"] is not None, label)
        for _ in range(40):
            found = self._focused()
            if found["text"].strip() == label:
                self.page.keyboard.press("Space")
                return
            if found["type"] == "radio" and not found["is_last"]:
                self.page.keyboard.press("ArrowDown")
            else:
                self._tab_to(lambda found: found["chosen"] is not None, label, from_top=False)
        pytest.fail(f"{label} cannot be chosen by keyboard")

    def type(self, label: str, words: str) -> None:
        """Write into a field."""
        if not self.keyboard:
            self.page.get_by_label(label, exact=True).fill(words)
            return
        self._tab_to(lambda found: found["writes"] and label in found["text"], label)
        self.page.keyboard.type(words)

    def answer_anything(self) -> None:
        """Choose the first answer there is, whatever the question, or type the smallest number."""
        first = self.page.locator("main form input:not([type=hidden]), main form textarea").first
        if not first.count():
            pytest.fail(
                f"nothing is asked on {self.page.url}: {self.page.locator('main').inner_text()}"
            )
        kind = first.get_attribute("type")
        if kind in ("radio", "checkbox"):
            if not self.keyboard:
                first.check()
                return
            self._tab_to(lambda found: found["chosen"] is not None, "an answer")
            self.page.keyboard.press("Space")
        else:
            words = first.get_attribute("min") or "0"
            if not self.keyboard:
                first.fill(words)
                return
            self._tab_to(lambda found: found["writes"], "a field")
            self.page.keyboard.type(words)

    def _focused(self) -> dict:
        return self.page.evaluate(
            """() => {
                const e = document.activeElement;
                const label = e.labels && e.labels.length ? e.labels[0].innerText : e.innerText || '';
                const box = e.type === 'radio' || e.type === 'checkbox';
                const group = box && e.type === 'radio'
                    ? [...document.getElementsByName(e.name)].filter(each => each.form === e.form) : [];
                return {
                    name: e.name || '', text: label, type: e.type || e.tagName, chosen: box ? e.checked : null,
                    is_last: group.length === 0 || group[group.length - 1] === e,
                    does: e.tagName === 'BUTTON' || e.tagName === 'A' || e.tagName === 'SUMMARY',
                    writes: e.tagName === 'TEXTAREA' || (e.tagName === 'INPUT' && !box),
                };
            }"""
        )

    def _tab_to(self, wanted, name: str, *, from_top: bool = True) -> None:
        """Press Tab until what is wanted has the focus."""
        if from_top and wanted(self._focused()):
            return
        for _ in range(120):
            self.page.keyboard.press("Tab")
            if wanted(self._focused()):
                return
        pytest.fail(f"{name} cannot be reached by Tab on {self.page.url}")


def consents(person: Person, team: Team) -> None:
    """Come in, read piece by piece, answer the questions, decide about each kind of data, talk, sign."""
    reads(person)
    answers_wrongly(person)
    answers_rightly(person, team)
    person.look("all answers are right")
    person.press("Go on")
    person.look("what to share")
    for kind in ("heart_rate", "steps", "sleep"):
        decides_about(person, kind)
    person.press("Next")
    person.look("a talk comes first")
    assert "Before you sign, we talk" in person.page.content()
    team.talk()
    signs(person, team)


def reads(person: Person) -> None:
    page = person.page
    person.look("the invitation")
    person.press("Open my page")
    person.look("today, before anything is signed")
    person.press("Read and decide")
    person.look("what taking part means")
    person.press("Begin")
    person.look("a piece to read")
    person.press("Next")
    person.press("Save and rest")
    person.look("rest from reading")
    page.goto("/consent")
    person.press("Go on")
    while "/read/" in page.url:
        person.press("Next")


def signs(person: Person, team: Team) -> None:
    page = person.page
    page.goto("/consent")
    person.press("Go on")
    proves_who(person, team)
    person.look("the signature")
    person.press("Sign")
    person.look("a signature without a name is refused")
    assert page.locator(".refused").count() == 1
    person.type("Your full name, as in your passport", "Zoë Müller")
    ticks_the_meaning(person)
    person.press("Sign")
    person.look("signed")
    assert team.do(standing.consented_at) is not None


def proves_who(person: Person, team: Team) -> None:
    """Prove anew who one is, by the code that a real mail brings."""
    page = person.page
    if "/confirm" not in page.url:
        return
    person.look("is it you")
    person.press("Send me a code")
    person.look("the code")
    person.type("The code from the message", team.last_code())
    person.press("Go on")


def answers_wrongly(person: Person) -> None:
    """Give the first answer to each question, of which some are wrong: the pieces come again."""
    page = person.page
    person.look("a question about the study")
    person.press("Next")
    person.look("no answer is refused")
    while page.url.rstrip("/").split("/")[-1].isdigit():
        person.answer_anything()
        person.press("Next")
    person.look("what came of the answers")


def answers_rightly(person: Person, team: Team) -> None:
    """Read again what was answered wrongly, and answer right."""
    page = person.page
    for _ in range(40):
        if page.url.endswith("/questions/right"):
            return
        if page.url.rstrip("/").split("/")[-1].isdigit():
            person.choose(right_answer(page, team))
        person.press("Go on" if page.url.endswith("/again") else "Next")
    pytest.fail(f"the questions do not end: {page.url}")


def right_answer(page: Page, team: Team) -> str:
    """Return the right option of the question on the screen, from the trial's own questions."""
    asked = page.locator("legend").first.inner_text().strip()

    def act(session, person):
        (offer,) = texts.offered(session, person, "en")
        for each in offer.quiz.questions:
            if each.text.strip() == asked:
                return next(option.label for option in each.options if option.id == each.right)
        raise AssertionError(asked)

    return team.do(act)


def decides_about(person: Person, kind: str) -> None:
    """Say yes to a kind of data."""
    group = person.page.locator(f"input[name={kind}][value=yes]")
    if not person.keyboard:
        group.check()
        return
    person._tab_to(lambda found: found["name"] == kind, kind)
    person.page.keyboard.press("Space")
    assert group.is_checked(), "the first choice is yes"


def ticks_the_meaning(person: Person) -> None:
    box = person.page.locator("input[name=means]")
    if not person.keyboard:
        box.check()
        return
    person._tab_to(lambda found: found["name"] == "means", "what signing means")
    person.page.keyboard.press("Space")


def links_a_watch(person: Person, account: int) -> None:
    """Go to the simulated cloud and come back linked."""
    page = person.page
    page.goto("/watch")
    person.look("connect a watch")
    person.press("Connect Google Health")
    page.wait_for_url("**/google/**")
    page.select_option("#account", str(account))
    page.get_by_role("button", name="Allow").click()  # not a page of ours
    page.wait_for_url("**/result")
    person.look("linked")
    assert page.locator("h1").inner_text() == "Linked"


def takes_the_first_dose(person: Person) -> None:
    page = person.page
    page.goto("/")
    person.look("today, with the first dose")
    person.press("Taken")
    person.look("the dose is noted")


def writes_the_diary(person: Person) -> None:
    """Answer the diary, a question a screen, resting once on the way, and hand it in."""
    page = person.page
    page.goto("/")
    person.press(DIARY)
    person.look("the diary")
    person.press("Begin")
    if page.url.split("?")[0].endswith("/practice"):
        person.look("how it works")
        person.press("I know how it works")
    for number in range(40):
        if page.url.split("?")[0].endswith("/all-answers"):
            break
        if number == 0:
            person.look("a question of the diary")
            person.press("Next")
            person.look("a question without an answer")
        person.answer_anything()
        if number == 1:
            person.press("Save and rest")
            person.look("rest from the diary")
            page.goto("/")
            person.press(DIARY)
            person.press("Go on")
            continue
        person.press("Next")
    person.look("the answers of the diary")
    person.press("Hand in my answers")
    person.look("the diary is handed in")


def has_a_bad_day(person: Person) -> None:
    page = person.page
    page.goto("/")
    person.press("Bad day")
    person.look("a bad day")
    assert "Nothing else is needed today" in page.locator("h1").inner_text()
    page.goto("/")
    person.look("today, on a bad day")
    person.press("I am better")
    person.look("better")


def reports_a_side_effect(person: Person) -> None:
    page = person.page
    page.goto("/problem")
    person.look("problems")
    person.press("Report a new problem")
    person.look("which problem")
    person.press("Headache")
    person.look("a new problem")
    person.press("Send to the team")
    person.look("a problem without its facts is refused")
    assert page.locator("[aria-invalid=true], .why").count() > 0
    for name in ("severity", "since", "still", "care"):
        first_of(person, name)
    person.press("Send to the team")
    person.look("the problem is reported")
    assert "We have it" in page.content()


def first_of(person: Person, name: str) -> None:
    """Choose the first option of a named group."""
    first = person.page.locator(f"input[name={name}]").first
    if not person.keyboard:
        first.check()
        return
    person._tab_to(lambda found: found["name"] == name, name)
    person.page.keyboard.press("Space")


def leaves(person: Person, team: Team) -> None:
    """Leave whole, and see that nothing more is asked, while the receipt stays."""
    page = person.page
    page.goto("/leaving")
    person.look("stop or leave")
    person.press("Go on: see it once more")
    person.look("nothing was chosen")
    person.choose("Leave the study completely")
    person.press("Go on: see it once more")
    person.look("is this right")
    person.press("Yes, leave the study now")
    person.look("the receipt")
    assert team.do(standing.withdrawn_at) is not None
    page.goto("/")
    person.look("today, after leaving")
    page.goto("/mine")
    person.look("all that is held")
    page.goto("/consent/copies")
    person.look("copies of what was signed")


@pytest.fixture(scope="module")
def mail():
    box = mailbox_server.Box()
    controller = mailbox_server.start(box)
    yield box, mailbox_server.told(controller.port)
    controller.stop()


@pytest.fixture(scope="module")
def team(place, mail, public_url, port) -> Iterator[Team]:
    box, settings = mail
    place.sims.clock.set(EVENING)
    told = settings | {"public_url": public_url}
    place.database.settings = place.database.settings.model_copy(update=told)
    with shots.served(place.app, port):
        yield Team(place, box)


LOOKS = [
    pytest.param(
        {
            "viewport": {"width": 320, "height": 640},
            "java_script_enabled": False,
            "color_scheme": "dark",
        },
        True,
        id="a phone without scripts, by keyboard",
    ),
    pytest.param({"viewport": {"width": 1280, "height": 900}}, False, id="a desktop"),
]


@with_chromium
@pytest.mark.parametrize(("look", "keyboard"), LOOKS)
def test_a_person_goes_all_the_way_from_the_invitation_to_the_receipt(
    chromium, browser, team, public_url, look, keyboard
):
    context = browser.new_context(base_url=public_url, **look)
    context.set_default_timeout(8000)
    beside = browser.new_context(base_url=public_url, **look | {"java_script_enabled": True})
    person = Person(context.new_page(), keyboard, beside.new_page() if keyboard else None)
    person.page.goto(team.invite(f"{'zoe' if keyboard else 'zora'}@example.org"))
    consents(person, team)
    links_a_watch(person, 1 if keyboard else 2)
    team.begin_the_drug()
    takes_the_first_dose(person)
    writes_the_diary(person)
    has_a_bad_day(person)
    reports_a_side_effect(person)
    leaves(person, team)
    assert person.faults == []
    assert len(person.seen) > 40
    context.close()
    beside.close()
    with team.place.database.reading() as session:
        report = auditing.verify(session, team.place.database.settings.key("audit"), ())
    assert report.problems == ()
