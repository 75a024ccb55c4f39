"""Forms without a network, in a real browser: kept on the device, sent once, never lost, never twice."""

import contextlib
import importlib.util
import itertools
import os
import random
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import serving
import waitress
from answering import DIARY, EVENING, GAD7, SIDE_EFFECTS, TAKING, Answerer, Board, Form, link, site
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, sync_playwright
from sqlalchemy import text
from wire import Wire

from hometrial import clock, participant
from hometrial.models import Participant
from hometrial.questionnaires import conditions, loading, portable
from hometrial.questionnaires.answers import shown_items
from hometrial.services.safety import alerts

_HERE = Path(__file__).parent
CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.long,
    pytest.mark.skipif(CHROMIUM is None, reason="there is no browser here"),
]
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
STATIC = Path(participant.__file__).parent / "static"


def free_port() -> int:
    spec = importlib.util.spec_from_file_location("offline_shots", _HERE / "shots.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.free_port()


class Town:
    """A site with a wire to it, and people with phones."""

    def __init__(self, app, database, wire, play):
        self.app, self.database, self.wire, self.play = app, database, wire, play
        self.address = f"http://localhost:{wire.port}"

    def person(self) -> Answerer:
        return Answerer(self.app, self.database)

    @contextlib.contextmanager
    def phone(self, folder: Path, **more) -> Iterator[Page]:
        """The person's phone with its page open; what it keeps stays in the folder."""
        context = self.play.chromium.launch_persistent_context(
            str(folder), executable_path=CHROMIUM, args=FLAGS, base_url=self.address,
            viewport={"width": 320, "height": 640}, locale="en-GB", **more,
        )  # fmt: skip
        context.set_default_timeout(10_000)
        page = context.pages[0]
        try:
            yield page
        finally:
            context.close()

    def come_in(self, page: Page, who: Answerer) -> None:
        page.goto(link(self.database, who.code))
        page.get_by_role("button", name="Open my page").click()


@pytest.fixture(scope="module")
def town(shared_study) -> Iterator[Town]:
    port, behind = free_port(), free_port()
    app, own = site(shared_study.database, f"http://localhost:{port}")
    server = waitress.create_server(app, host="127.0.0.1", port=behind, threads=4)
    serving.in_background(server)
    wire = Wire(port, behind)
    wire.mend()
    with sync_playwright() as play:
        yield Town(app, shared_study.database, wire, play)
    wire.cut()
    server.close()
    own.close()


@pytest.fixture(autouse=True)
def whole(town) -> Iterator[None]:
    yield
    town.wire.loses = lambda _: False
    town.wire.cut()
    town.wire.mend()


def ready(page: Page) -> None:
    page.wait_for_selector("html[data-ready]", state="attached")


def begin(town: Town, page: Page, form: Form) -> None:
    town.come_in(page, form.who)
    page.goto(form.path)
    ready(page)
    page.get_by_role("button", name="Begin").click()
    page.get_by_role("link", name="I know how it works").click()
    page.get_by_role("button", name="Next").first.wait_for()


def choose(page: Page, words: str) -> None:
    page.get_by_role("radio", name=words, exact=True).check()
    before = page.url
    page.get_by_role("button", name="Next").first.click()
    page.wait_for_url(lambda url: url != before)
    page.wait_for_selector("main h1:not(:text('No network'))")


def cut(town: Town) -> None:
    town.wire.cut()


def finish(page: Page) -> None:
    page.get_by_role("button", name="Hand in my answers").first.click()
    page.get_by_role("heading", name="Thank you").wait_for()


def kept(page: Page) -> str:
    return page.locator("#kept").inner_text()


def until(page: Page, holds) -> None:
    """Wait until something holds on the server, for ten seconds at most."""
    for _ in range(100):
        if holds():
            return
        page.wait_for_timeout(100)
    pytest.fail("it never came to that")


def rows(form: Form, table: str) -> int:
    with form.who.session() as session:
        query = f"SELECT count(*) FROM {table} t JOIN participant p ON p.id = t.participant_id WHERE p.code = :code"  # noqa: S608
        return session.execute(text(query), {"code": form.who.code}).scalar_one()


PLAIN = """async () => {
  const base = await new Promise((good) => { const r = indexedDB.open("hometrial-asking"); r.onsuccess = () => good(r.result); });
  const rows = await new Promise((good) => { const r = base.transaction("kept").objectStore("kept").getAll(); r.onsuccess = () => good(r.result); });
  const key = await new Promise((good) => { const r = base.transaction("keys").objectStore("keys").get("own"); r.onsuccess = () => good(r.result); });
  const urls = [];
  for (const name of await caches.keys()) for (const each of await (await caches.open(name)).keys()) urls.push(new URL(each.url).pathname);
  return { bodies: rows.map((row) => new TextDecoder("latin1").decode(row.body)), fields: [...new Set(rows.flatMap(Object.keys))], count: rows.length,
    extractable: key?.extractable ?? null, urls };
}"""


def test_a_form_begun_with_a_network_is_finished_without_and_arrives_once(town, tmp_path):
    form = Form(town.person(), "phq9", "V0#1")
    with town.phone(tmp_path) as page:
        begin(town, page, form)
        for _ in range(6):
            choose(page, "Not at all")
        cut(town)
        choose(page, "Several days")
        page.get_by_text("1 answer is kept on this device and will be sent.").wait_for()
        choose(page, "Not at all")
        choose(page, "Several days")  # thoughts of death: help is shown without a network
        assert page.get_by_role("link", name="112").get_attribute("href") == "tel:112"
        assert page.url.endswith("/phq9_9/call-now")
        page.get_by_role("link", name="Go on").click()
        choose(page, "Somewhat difficult")
        finish(page)
        assert form.submissions() == []
        nothing_is_readable(page)
        town.wire.mend()
        page.get_by_role("link", name="To your page").click()
        until(page, lambda: form.submissions() == ["submitted"])
        assert sorted(form.words()) == sorted(
            [(f"phq9_{n}", 0) for n in (1, 2, 3, 4, 5, 6, 8)]
            + [("phq9_7", 1), ("phq9_9", 1), ("phq9_10", 1)]
        )
        assert rows(form, "answer_upload") == 1
        page.goto(form.path)
        ready(page)
        assert "Received at" in page.locator("main").inner_text()
        assert form.submissions() == ["submitted"]
    the_team_was_told(form)


def nothing_is_readable(page: Page) -> None:
    """What lies on the device is encrypted by a key that cannot leave it; no page of anybody is in its caches."""
    stored = page.evaluate(PLAIN)
    assert stored["extractable"] is False
    assert sorted(stored["fields"]) == ["body", "iv", "kind", "n"]
    assert not [body for body in stored["bodies"] if "phq9" in body]
    pages = {url for url in stored["urls"] if not url.startswith("/static/")}
    assert pages == {"/ask/without-network"}


def the_team_was_told(form: Form) -> None:
    with form.who.session() as session:
        person = session.query(Participant).filter_by(code=form.who.code).one()
        (state,) = alerts.states(session, person=person)
        assert (state.alert.rule, state.alert.level) == ("phq9.self_harm_thoughts", "red")
        assert state.alert.due_at - state.alert.created_at == timedelta(hours=24)


def test_who_has_only_seen_the_first_page_answers_without_a_network_and_sends_from_there(
    town, tmp_path
):
    form = Form(town.person(), *GAD7)
    with town.phone(tmp_path) as page:
        town.come_in(page, form.who)
        page.goto("/")
        ready(page)
        cut(town)
        page.goto(form.path)
        page.get_by_role("button", name="Begin").click()
        choose(page, "Not at all")
        choose(page, "Several days")
        page.get_by_text("2 answers are kept on this device and will be sent.").wait_for()
        town.wire.mend()
        page.goto("/")
        until(page, lambda: len(form.words()) == 2)


def test_a_browser_that_was_closed_goes_on_and_sends_when_the_page_is_opened_again(town, tmp_path):
    form = Form(town.person(), *GAD7)
    with town.phone(tmp_path) as page:
        begin(town, page, form)
        choose(page, "Not at all")
        cut(town)
        choose(page, "Several days")
    with town.phone(tmp_path) as page:
        page.goto("/")
        page.get_by_role("link", name="GAD-7").click()
        page.get_by_text("1 answer is kept on this device and will be sent.").wait_for()
        page.get_by_role("button", name="Begin").click()
        for _ in range(5):
            choose(page, "Nearly every day")
        finish(page)
        town.wire.mend()
        page.reload()  # the visit ended with the browser
        assert page.get_by_role("heading", name="Your page is closed").count() == 1
        assert form.submissions() == []
        page.goto("/ask/without-network")
        page.get_by_text("Open your page again to send what is kept here.").wait_for()
        town.come_in(page, form.who)
        page.goto(form.path)
        until(page, lambda: form.submissions() == ["submitted"])
        assert [value for _, value in form.words()] == [0, 1, 3, 3, 3, 3, 3]


def test_what_another_device_handed_in_first_holds_and_that_is_told(town, tmp_path):
    form = Form(town.person(), *GAD7)
    with town.phone(tmp_path) as page:
        begin(town, page, form)
        cut(town)
        for _ in range(7):
            choose(page, "Nearly every day")
        finish(page)
        other = Form(Answerer(town.app, town.database, code=form.who.code), *GAD7)
        other.begin()
        for n in range(1, 8):
            other.answer(f"gad7_{n}", 0)
        other.who.post(f"{other.path}/all-answers")
        town.wire.mend()
        page.goto(form.path)
        page.get_by_text("handed in before, from another device").wait_for()
        assert form.submissions() == ["submitted"]
        assert {value for _, value in form.words()} == {0}
        assert rows(form, "answer_upload") == 1  # kept as it came, each word refused
        assert page.evaluate("Keeping.unsent()") == 0
        page.get_by_role("button", name="I have read this").click()
        page.reload()
        ready(page)
        assert kept(page) == ""


def test_an_answer_of_the_server_that_is_lost_makes_nothing_double(town, tmp_path):
    form = Form(town.person(), *GAD7)
    with town.phone(tmp_path) as page:
        begin(town, page, form)
        cut(town)
        for _ in range(7):
            choose(page, "Several days")
        finish(page)
        town.wire.loses = lambda data: data.startswith(b"POST /ask/send")
        town.wire.mend()
        assert page.evaluate("Keeping.send()") == "no_network"
        assert town.wire.lost >= 1  # a browser may try again by itself
        assert form.submissions() == ["submitted"]  # it had arrived, and the phone does not know
        assert page.evaluate("Keeping.unsent()") == 7
        town.wire.loses = lambda _: False
        assert page.evaluate("Keeping.send()") in ("sent", "nothing")  # the worker may be first
        assert page.evaluate("Keeping.unsent()") == 0
        assert (len(form.words()), form.submissions()) == (7, ["submitted"])
        assert rows(form, "answer_upload") == 1


def test_an_answer_on_its_way_when_the_wire_is_cut_is_not_lost(town, tmp_path):
    form = Form(town.person(), *GAD7)
    with town.phone(tmp_path) as page:
        begin(town, page, form)
        town.wire.loses = lambda data: data.startswith(b"POST /ask/gad7")
        choose(page, "Several days")  # saved, but the phone hears nothing of it
        town.wire.loses = lambda _: False
        until(page, lambda: set(form.words()) == {("gad7_1", 1)})
        choose(page, "Not at all")
        until(page, lambda: ("gad7_2", 0) in form.words())
        page.context.clear_cookies()  # the visit ended meanwhile
        page.get_by_role("radio", name="Nearly every day").check()
        page.get_by_role("button", name="Next").first.click()
        page.get_by_role("heading", name="Your page is closed").wait_for()
        town.come_in(page, form.who)
        page.goto(form.path)
        until(page, lambda: ("gad7_3", 3) in form.words())


def test_nobody_s_answers_are_thrown_away_by_closing_the_page_unasked(town, tmp_path):
    form = Form(town.person(), *GAD7)
    with town.phone(tmp_path) as page:
        begin(town, page, form)
        town.wire.loses = lambda data: data.startswith((b"POST /ask/", b"GET /ask/send"))
        choose(page, "Several days")
        close = page.locator("form[action='/leave'] button")
        page.goto("/team")
        close.click()
        page.get_by_text("1 answer is only on this device and could not be sent.").wait_for()
        page.get_by_role("link", name="Keep my page open").click()
        assert page.evaluate(PLAIN)["count"] > 0
        town.wire.loses = lambda _: False
        page.goto("/team")
        close.click()
        page.get_by_role("heading", name="Your page is closed").wait_for()
        assert set(form.words()) == {("gad7_1", 1)}
        stored = page.evaluate(PLAIN)
        assert (stored["count"], stored["extractable"]) == (0, None)


def test_answers_of_somebody_else_wait_for_them(town, tmp_path):
    form, next_one = Form(town.person(), *GAD7), Form(town.person(), *GAD7)
    with town.phone(tmp_path) as page:
        begin(town, page, form)
        cut(town)
        choose(page, "Several days")
        page.context.clear_cookies()
        town.wire.mend()
        town.come_in(page, next_one.who)
        page.goto(next_one.path)
        page.get_by_text("They belong to somebody else who used this device").wait_for()
        assert form.words() == next_one.words() == []
        page.context.clear_cookies()
        town.come_in(page, form.who)
        page.goto(form.path)
        until(page, lambda: form.words() == [("gad7_1", 1)])
        assert next_one.words() == []


def test_too_ill_and_no_answer_work_without_a_network(town, tmp_path):
    form, ill = Form(town.person(), *GAD7), None
    with town.phone(tmp_path) as page:
        begin(town, page, form)
        cut(town)
        page.get_by_role("button", name="Next").first.click()
        page.get_by_text("Please answer, or say that you prefer not to.").wait_for()
        page.get_by_role("link", name="I prefer not to answer").click()
        page.get_by_role("radio", name="I am not sure").check()
        page.get_by_role("button", name="Yes, leave it out").click()
        page.get_by_role("button", name="Back").first.click()
        page.goto("/ask/phq9/V0%231")
        page.get_by_role("button", name="I am too ill to answer").click()
        page.get_by_role("heading", name="Noted").wait_for()
        ill = Form(form.who, "phq9", "V0#1")
        town.wire.mend()
        page.goto("/team")
        until(page, lambda: ill.submissions() == ["too_ill"])
        assert form.words() == [("gad7_1", "not_sure")]


@pytest.fixture(scope="module")
def rules_page(town) -> Iterator[Page]:
    browser = town.play.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
    page = browser.new_page()
    page.add_script_tag(content=(STATIC / "rules.js").read_text("utf-8") + ";window.Rules = Rules;")
    yield page
    browser.close()


def answers_to(instrument, choose: random.Random):
    """Return possible answers, some of them blank."""
    found = {}
    for item in instrument.items:
        if choose.random() < 0.25:
            continue
        if item.type == "choice":
            found[item.id] = choose.choice(instrument.option_sets[item.options]).value
        elif item.type == "scale":
            found[item.id] = choose.randint(item.low, item.high)
        elif item.type in ("integer", "decimal"):
            found[item.id] = int(choose.uniform(item.low, item.high))
    return found


def test_the_device_shows_what_the_server_would_ask_of_every_instrument(rules_page):
    choice = random.Random(7)  # noqa: S311
    for name, instrument in loading.shipped().items():
        cases = [answers_to(instrument, choice) for _ in range(60)]
        found = rules_page.evaluate(
            "([items, cases]) => cases.map((answers) => Rules.asked(items, answers))",
            [portable.shown_rules(instrument), cases],
        )
        assert [tuple(each) for each in found] == [shown_items(instrument, c) for c in cases], name


def test_what_hangs_on_hidden_questions_alone_is_hidden_on_the_device_too(rules_page):
    shipped = loading.named("ldn_me_weekly")
    first = shipped.item("opioid")
    chain = {"b": "opioid == 1", "c": "b == 1", "d": "c == 1 or opioid == 1", "e": "d == 1"}
    follow = [
        first.model_copy(update={"id": name, "show_if": rule}) for name, rule in chain.items()
    ]
    made = shipped.model_copy(update={"items": (first, *follow)})
    names = ["opioid", *chain]
    cases = [
        {name: value for name, value in zip(names, values, strict=True) if value is not None}
        for values in itertools.product([None, 0, 1], repeat=len(names))
    ]
    found = rules_page.evaluate(
        "([items, cases]) => cases.map((answers) => Rules.asked(items, answers))",
        [portable.shown_rules(made), cases],
    )
    assert [tuple(each) for each in found] == [shown_items(made, case) for case in cases]


RULES = [
    "a == 1", "a != 1", "a < 2 and b >= 1", "a > 1 or b <= 1", "not a == 1", "1 < a <= 3", "a in [1, 2]",
    "a not in [1, 2]", "any_gt([a, b], 1)", "answered(a)", "not answered(b) or a == 3",
    "(a == 1 and b == 1) or not (a > 2 or b > 2)", "a == b", "a == -1", "a >= 0.5",
]  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_the_device_decides_every_form_of_a_rule_as_the_server_does(rules_page, rule):
    values = [None, -1, 0, 1, 2, 3]
    cases = [{"a": a, "b": b} for a in values for b in values]
    found = rules_page.evaluate(
        "([rule, cases]) => cases.map((values) => Rules.decide(rule, values))",
        [portable.rule(rule)["rule"], cases],
    )
    assert found == [conditions.holds(conditions.parse(rule), case) for case in cases]


def test_a_whole_form_is_answered_by_keyboard_alone(town, tmp_path):
    form = Form(town.person(), *GAD7)
    with town.phone(tmp_path) as page:
        town.come_in(page, form.who)
        page.goto(form.path)
        press(page, "Begin")
        page.get_by_role("heading", name="How it works").wait_for()
        press(page, "I know how it works")
        for n in range(1, 8):
            page.wait_for_url(f"**/gad7_{n}")
            tab_to(page, "input[type=radio]:focus")
            page.keyboard.press("Space")
            page.keyboard.press("ArrowDown")
            page.keyboard.press("Enter")
        page.wait_for_url("**/all-answers")
        press(page, "Hand in my answers")
        until(page, lambda: form.submissions() == ["submitted"])
    assert [value for _, value in form.words()] == [1] * 7


def tab_to(page: Page, selector: str) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.locator(selector).count():
            return
    pytest.fail(f"{selector} cannot be reached by Tab")


def press(page: Page, name: str) -> None:
    """Press Tab until what has this name has the focus, then Enter."""
    for _ in range(40):
        page.keyboard.press("Tab")
        focused = page.locator(":focus")
        if focused.count() and name in focused.inner_text():
            page.keyboard.press("Enter")
            page.wait_for_load_state()
            return
    pytest.fail(f"{name} cannot be reached by Tab")


def test_a_whole_form_is_answered_without_any_script(town, tmp_path):
    form = Form(town.person(), *GAD7)
    with town.phone(tmp_path, java_script_enabled=False) as page:
        town.come_in(page, form.who)
        page.goto(form.path)
        page.get_by_role("button", name="Begin").click()
        page.get_by_role("radio", name="Warm").check()
        page.get_by_role("button", name="Next").click()
        page.get_by_role("link", name="Go on").click()
        for n in range(1, 8):
            page.wait_for_url(f"**/gad7_{n}")
            page.get_by_role("radio", name="Not at all").check()
            page.get_by_role("button", name="Next").last.click()
        page.get_by_role("button", name="Hand in my answers").first.click()
        assert "Received at" in page.locator("main").inner_text()
    assert form.submissions() == ["submitted"]


def test_every_kind_of_page_can_be_used_by_everybody(town, tmp_path_factory, tmp_path):
    """Every screen has no fault that axe finds, no sideways scrolling at 320 px, and targets of 48 px."""
    board = Board(tmp_path_factory.mktemp("clock"), EVENING)
    try:
        taker = Answerer(town.app, town.database, **TAKING)
        newcomer = Answerer(town.app, town.database)
        with town.phone(tmp_path, service_workers="block") as page:
            for each in (
                lambda: walk_taker(town, page, taker),
                lambda: walk_newcomer(town, page, newcomer),
            ):
                for name in each():
                    judge(page, name)
    finally:
        board.file.unlink()
        clock.unfollow()


def walk_taker(town: Town, page: Page, who: Answerer) -> Iterator[str]:
    """Show each kind of question."""
    town.come_in(page, who)
    yield from walk_diary(page, Form(who, *DIARY))
    page.goto(Form(who, *SIDE_EFFECTS).path)
    page.get_by_role("button", name="Begin").click()
    yield "several together"


def walk_diary(page: Page, diary: Form) -> Iterator[str]:
    """Show the first page, a choice, a number, a time, each refused once."""
    page.goto(diary.path)
    yield "start"
    page.get_by_role("button", name="Begin").click()
    yield "practice"
    page.get_by_role("button", name="Next").click()
    yield "practice refused"
    page.get_by_role("link", name="I know how it works").click()
    go = page.get_by_role("button", name="Next").first
    yield "choice"
    go.click()
    yield "refused"
    page.get_by_role("radio", name="Yes, but differently").check()
    go.click()
    yield "number"
    page.get_by_role("textbox").fill("1000")
    go.click()
    yield "number refused"
    page.get_by_role("textbox").fill("1,5")
    go.click()
    yield "time"
    yield from walk_scale(page, diary)


def walk_scale(page: Page, diary: Form) -> Iterator[str]:
    """Show a scale, whose numbers fit on a small phone without scrolling, and what follows questions."""
    page.goto(f"{diary.path}/fatigue")
    yield "scale"
    assert page.locator(".numbers").bounding_box()["height"] < 640
    for name, path in {
        "no answer": "fatigue/no-answer",
        "pause": "fatigue/pause",
        "all answers": "all-answers",
    }.items():
        page.goto(f"{diary.path}/{path}")
        yield name
    page.get_by_role("button", name="I am too ill to answer").click()
    yield "too ill"


def walk_newcomer(town: Town, page: Page, who: Answerer) -> Iterator[str]:
    """Show help, the end, and what is shut."""
    phq9 = Form(who, "phq9", "V0#1")
    phq9.begin()
    for n in range(1, 10):
        phq9.answer(f"phq9_{n}", 0)
    who.post(f"{phq9.path}/all-answers")
    town.come_in(page, who)
    page.goto(f"{phq9.path}/phq9_9/call-now")
    yield "call now"
    page.goto(phq9.path)
    for summary in page.locator("summary").all():
        summary.click()
    yield "done"
    page.goto("/ask/ldn_diary/none")
    yield "not asked"
    page.goto("/ask/without-network")
    page.get_by_text("Nothing is kept here to answer").wait_for()
    yield "without network"


PICTURES = os.environ.get("HOMETRIAL_PICTURES")
"""A folder that gets a picture of every page, for whoever wants to look at them."""


def judge(page: Page, name: str) -> None:
    if PICTURES:
        photograph(page, Path(PICTURES), name)
    page.wait_for_load_state()  # a page that is only just coming has no sizes yet
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa"]})
    assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0, name
    assert page.locator("h1:visible").count() == 1, name
    for target in page.locator("main :is(button, a.main, a.second, .choice):visible").all():
        box = target.bounding_box()
        assert round(box["height"]) >= 48, f"{name}: {target.inner_text()}"


def photograph(page: Page, folder: Path, name: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for width, scheme in ((320, "light"), (390, "dark"), (1280, "light")):
        page.set_viewport_size({"width": width, "height": 800})
        page.emulate_media(color_scheme=scheme)
        page.screenshot(path=folder / f"{name}-{width}-{scheme}.png", full_page=True)
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 320, "height": 640})


VISUAL = """<label for="v-field">How is your health today?</label><input id="v-field" name="answer-v" data-line data-low="0"
data-high="100" data-low-text="worst" data-high-text="best"><div id="kept"></div>"""


def test_a_line_shows_no_mark_before_the_first_touch_and_no_number(rules_page):
    page = rules_page
    page.set_content(VISUAL)
    page.add_style_tag(path=STATIC / "asking.css")
    page.add_script_tag(path=STATIC / "asking.js")
    line, field = page.get_by_role("slider"), page.locator("#v-field")
    mark = page.locator(".line span")
    assert (field.input_value(), mark.is_visible(), field.is_visible()) == ("", False, False)
    box = line.bounding_box()
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 5)
    assert field.input_value() == "50"
    assert mark.is_visible()
    assert "50" not in page.locator("body").inner_text()
    line.press("ArrowRight")
    page.get_by_role("button", name="+ best").click()
    assert field.input_value() == "52"
    line.press("7")
    line.press("3")
    assert field.input_value() == "73"
    line.press("End")
    assert field.input_value() == "100"
