"""The protocol is edited by forms: what nobody touches stays, faults stand beside their fields, another approves."""

import re
from html.parser import HTMLParser
from io import BytesIO
from uuid import UUID

import homes
import pytest
import signed_in

from hometrial.db import Database
from hometrial.protocol import consent_text, editing, loading
from hometrial.services import enrolling, migrating
from hometrial.services.trial import drafting, publishing
from hometrial.settings import Settings
from hometrial.staff import create_app
from hometrial.staff.pages.trial.sections import SECTIONS

pytestmark = pytest.mark.long


class Form(HTMLParser):
    """What a browser would send of the first form of a page that has the field `seen`."""

    def __init__(self, page):
        super().__init__()
        self.forms, self.select, self.area = [], None, None
        self.feed(page)
        self.fields = next(each for each in self.forms if any(n == "seen" for n, _ in each))

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        if tag == "form":
            self.forms.append([])
        elif tag == "input" and self.forms:
            kind, name = given.get("type", "text"), given.get("name")
            if (
                name
                and (kind not in ("checkbox", "radio") or "checked" in given)
                and kind != "file"
            ):
                self.forms[-1].append((name, given.get("value", "")))
        elif tag == "select":
            self.select = (given.get("name"), [])
        elif tag == "option" and self.select is not None:
            self.select[1].append((given.get("value", ""), "selected" in given))
        elif tag == "textarea":
            self.area = (given["name"], "")

    def handle_data(self, data):
        if self.area:
            self.area = (self.area[0], self.area[1] + data)

    def handle_endtag(self, tag):
        if tag == "select" and self.select:
            name, options = self.select
            chosen = [value for value, ticked in options if ticked] or [
                value for value, _ in options
            ]
            if name:
                self.forms[-1].append((name, chosen[0]))
            self.select = None
        elif tag == "textarea" and self.area:
            said = self.area[1].removeprefix("\n").replace("\n", "\r\n")
            self.forms[-1].append((self.area[0], said))
            self.area = None


def sent(page, changed=None, dropped=()):
    """Return the fields of the form as a browser sends them, with some of them changed."""
    changed = changed or {}
    fields = [(n, v) for n, v in Form(page).fields if n not in changed and (n, v) not in dropped]
    added = [
        (n, v) for n, each in changed.items() for v in (each if isinstance(each, list) else [each])
    ]
    found = {}
    for name, value in fields + added:
        found.setdefault(name, []).append(value)
    return found


@pytest.fixture(scope="module")
def database(home):
    database = Database(Settings(home=homes.beside(home, "drafts"), actor="tests"))
    migrating.require_newest(database)
    with database.transaction("test", "a site") as session:
        enrolling.default_site(session)
    yield database
    database.close()


@pytest.fixture(scope="module")
def app(database):
    return create_app(database)


@pytest.fixture
def writer(app, database):
    return signed_in.client(app, database, "wanda", ("data_manager", "investigator"))


@pytest.fixture
def approver(app, database):
    return signed_in.client(app, database, "abel", ("investigator",))


def token_in(page):
    return re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)[1]


def begin(client, begin_as, name="a draft", **more):
    page = client.get("/trial/drafts").text
    data = {"csrf_token": token_in(page), "name": name, "begin_as": begin_as, **more}
    done = client.post("/trial/drafts", data=data)
    assert done.status_code == 303, done.text
    return done.location


def last(database, address):
    with database.reading() as session:
        draft = drafting.find(session, _id(address))
        return drafting.newest(session, draft)


def _id(address):
    return UUID(address.rsplit("/", 1)[1])


@pytest.mark.parametrize("name", loading.shipped())
def test_every_form_of_a_draft_sent_back_untouched_changes_nothing(writer, database, name):
    address = begin(writer, f"shipped:{name}")
    documents = len(editing.plain(loading.shipped_text(name))["consent"]["documents"])
    forms = [f"{address}/part/{each.id}" for each in SECTIONS]
    forms += [f"{address}/words/{number}" for number in range(documents)]
    for form in [*forms, f"{address}/text"]:
        page = writer.get(form)
        assert page.status_code == 200, form
        done = writer.post(form, data=sent(page.text))
        assert done.status_code == 303, form
    kept = last(database, address)
    assert kept.number == 1, kept.because
    assert writer.get(f"{address}/file").text == loading.shipped_text(name)


def test_arms_doses_visits_and_criteria_are_edited_without_code(writer, database):
    address = begin(writer, "shipped:ldn-mecfs")

    def edit(part, changed, dropped=()):
        page = writer.get(f"{address}/part/{part}").text
        done = writer.post(f"{address}/part/{part}", data=sent(page, changed, dropped))
        assert done.status_code == 303, done.text

    edit("arms", {"arms.1.label": "Waits", "arms.+.id": "LATE", "arms.+.titration": "standard"})
    edit("doses", {"titrations.0.steps.4.mg": "4.25", "titrations.0.hold.1.!gone": "y"})
    edit(
        "doses",
        {
            "titrations.0.stop.+.id": "S7",
            "titrations.0.stop.+.when.!variable": "egfr",
            "titrations.0.stop.+.when.!sign": "<",
            "titrations.0.stop.+.when.!value": "30",
            "titrations.0.stop.+.action": "stop_and_contact",
        },
    )
    edit("schedule", {"visits.5.window": "-2, 5"}, dropped=[("visits.5.forms", "phq8")])
    edit(
        "eligibility",
        {
            "eligibility.exclusion.4.rule.!variable": "pregnant",
            "eligibility.exclusion.4.rule.!sign": "yes",
            "eligibility.exclusion.4.rule.!join": "or",
        },
    )
    said = editing.plain(last(database, address).body)
    assert [each["id"] for each in said["arms"]] == ["IMM", "DEL", "LATE"]
    assert said["arms"][1]["label"] == "Waits"
    plan = said["titrations"][0]
    assert plan["steps"][4]["mg"] == 4.25
    assert [each["id"] for each in plan["hold"]] == ["H1"]
    assert plan["stop"][-1] == {"id": "S7", "when": "egfr < 30", "action": "stop_and_contact"}
    assert said["visits"][5]["window"] == [-2, 5]
    assert "phq8" not in said["visits"][5]["forms"]
    assert said["eligibility"]["exclusion"][4]["rule"] == "(egfr < 30) or pregnant"
    assert last(database, address).body.count("# ") == loading.shipped_text("ldn-mecfs").count("# ")


def test_a_fault_stands_beside_its_field_and_what_was_typed_is_kept(writer, database):
    address = begin(writer, "shipped:ldn-mecfs")
    part = f"{address}/part/schedule"
    page = writer.get(part).text
    done = writer.post(part, data=sent(page, {"visits.5.day": "week four"}), follow_redirects=True)
    assert done.status_code == 200
    assert re.search(r'id="visits.5.day"[^>]*value="week four"[^>]*aria-invalid="true"', done.text)
    assert re.search(r'id="visits.5.day-wrong">Input should be a valid integer', done.text)
    overview = writer.get(address).text
    assert "visits.5.day" in overview
    assert "Hand in for approval" not in overview


def test_a_rule_that_is_none_is_told_in_the_checkers_words(writer, database):
    address = begin(writer, "shipped:ldn-mecfs")
    part = f"{address}/part/eligibility"
    typed = {"eligibility.inclusion.0.rule": "age >"}
    done = writer.post(part, data=sent(writer.get(part).text, typed), follow_redirects=True)
    assert re.search(r'id="eligibility.inclusion.0.rule-wrong">[^<]*is no rule', done.text)


def test_the_burden_is_added_up_while_it_is_edited_and_nothing_is_kept(writer, database):
    address = begin(writer, "shipped:ldn-mecfs")
    page = writer.get(f"{address}/part/schedule").text
    assert "above the budget" not in page
    typed = sent(page, {"forms.13.minutes": "9"})
    said = writer.post(f"{address}/burden", data=typed)
    assert said.status_code == 200
    assert "above the budget" in said.text
    assert re.search(r"ldn_diary 9 .*= [\d.]+ minutes", said.text)
    assert last(database, address).number == 1
    writer.post(f"{address}/part/schedule", data=typed)
    overview = writer.get(address).text
    assert re.search(r"minutes_any_week</code>[^<]*ldn_diary[^<]*minutes", overview)


def test_who_saves_second_is_told_what_was_saved_and_overwrites_nothing(writer, approver, database):
    address = begin(writer, "shipped:ldn-mecfs")
    part = f"{address}/part/about"
    mine, theirs = writer.get(part).text, approver.get(part).text
    typed = {"title": "Theirs", "because": "a shorter title"}
    assert approver.post(part, data=sent(theirs, typed)).status_code == 303
    refused = writer.post(part, data=sent(mine, {"title": "Mine"}))
    assert refused.status_code == 409
    assert "staff:abel saved revision 2" in refused.text
    assert "a shorter title" in refused.text
    assert ">Mine</textarea>" in refused.text
    again = writer.post(part, data=sent(refused.text))
    assert again.status_code == 409, "what was refused stays refused until the newest is opened"
    assert editing.plain(last(database, address).body)["title"] == "Theirs"


def test_consent_words_and_quiz_are_edited_by_section(writer, database):
    address = begin(writer, "shipped:ldn-mecfs")
    form = f"{address}/words/0"
    typed = {
        "words.benefit": "You may feel better, or not.",
        "questions.0.because": "You may stop.",
    }
    done = writer.post(form, data=sent(writer.get(form).text, typed), follow_redirects=True)
    assert done.status_code == 200
    words = drafting.words_of(last(database, address))["consent/ldn-mecfs.en.md"]
    before = loading_words()
    assert "## What good may come of it {#benefit}\n\nYou may feel better, or not.\n" in words.text
    assert words.text.count("{#") == before.count("{#")
    assert "because: You may stop." in words.quiz or 'because: "You may stop."' in words.quiz
    empty = writer.post(form, data=sent(writer.get(form).text, {"words.benefit": ""}))
    assert empty.status_code == 303
    assert "section benefit says nothing" in writer.get(form).text


def loading_words():
    protocol = publishing.read(loading.shipped_text("ldn-mecfs"), "x")
    return consent_text.shipped(protocol.consent.documents[0])[0]


def test_a_file_begins_a_draft_and_is_given_back_as_it_came(writer, database):
    body = "# mine\nschema: protocol/1\ntitle: [\n"
    page = writer.get("/trial/drafts").text
    done = writer.post(
        "/trial/drafts",
        data={
            "csrf_token": token_in(page), "name": "mine", "begin_as": "file:",
            "file": (BytesIO(body.encode()), "mine.yaml"),
        },
    )  # fmt: skip
    assert writer.get(f"{done.location}/file").text == body
    assert "no YAML" in writer.get(done.location).text
    assert writer.get(f"{done.location}/part/arms").status_code == 200


def test_a_draft_is_handed_in_approved_by_another_and_published(writer, approver, database):
    address = begin(writer, "shipped:ldn-mecfs", "first version")
    form = writer.get(address).text
    refused = writer.post(f"{address}/submission", data={"csrf_token": token_in(form), "seen": 1})
    assert (refused.status_code, "Say why it is changed" in refused.text) == (422, True)
    data = {"csrf_token": token_in(form), "seen": 1, "reason": "the trial begins"}
    done = writer.post(f"{address}/submission", data=data)
    assert done.status_code == 303, done.text
    version = done.location
    mine = writer.get(version).text
    assert "somebody else approves it" in mine
    itself = writer.post(
        f"{version}/approval", data={"csrf_token": token_in(form), "reason": "good"}
    )
    assert (itself.status_code, "somebody else has to approve it" in itself.text) == (422, True)
    page = approver.get(f"{version}/approval").text
    approved = approver.post(
        f"{version}/approval", data={"csrf_token": token_in(page), "reason": "read it"}
    )
    assert approved.status_code == 303, approved.text
    page = approver.get(version).text
    assert (
        approver.post(f"{version}/publication", data={"csrf_token": token_in(page)}).status_code
        == 303
    )
    with database.reading() as session:
        present = publishing.in_force(session, "ldn-mecfs")
        assert (present.loaded_by, present.approved_by) == ("staff:wanda", "staff:abel")
        assert present.body == loading.shipped_text("ldn-mecfs")
    shown = writer.get("/trial").text
    assert "version 1.0.0" in shown
    assert writer.get(f"{version}/file").text == loading.shipped_text("ldn-mecfs")


def test_only_who_may_edit_sees_drafts(app, database):
    for role in ("coordinator", "monitor", "statistician"):
        client = signed_in.client(app, database, f"a-{role}".replace("_", "-"), (role,))
        assert client.get("/trial").status_code == 200, role
        assert client.get("/trial/drafts").status_code == 403, role


@pytest.mark.parametrize("weird", ["5", "[1, x]", "{a: [b]}", "null", "[{id: 7, window: y}]"])
def test_every_page_of_a_draft_opens_whatever_its_file_says(writer, database, weird):
    address = begin(writer, "empty:")
    keys = sorted({key for each in SECTIONS for key in each.top})
    body = "".join(f"{key}: {weird}\n" for key in keys)
    form = sent(writer.get(f"{address}/text").text, {"body": body})
    assert writer.post(f"{address}/text", data=form).status_code == 303
    for page in ("", *(f"/part/{each.id}" for each in SECTIONS), "/changes", "/text"):
        assert writer.get(f"{address}{page}").status_code == 200, page
    part = f"{address}/part/arms"
    added = sent(writer.get(part).text, {"arms.+.id": "ONE"})
    assert writer.post(part, data=added).status_code == 303


def test_a_file_that_forms_cannot_change_says_so_and_is_mended_as_text(writer, database):
    address = begin(writer, "empty:")
    for body in ("title: [\n", "- a\n- list\n"):
        form = sent(writer.get(f"{address}/text").text, {"body": body})
        assert writer.post(f"{address}/text", data=form).status_code == 303
        page = writer.get(f"{address}/part/arms")
        assert page.status_code == 200
        assert "Forms cannot change this file" in page.text
