"""Today: in the order of risk, each with one thing to do; what was done about sleeps; many people ask no more."""

import re
from datetime import timedelta

import asked
import linked
import pytest
import signed_in
from flask.testing import FlaskClient

from hometrial import clock
from hometrial.models import Connection, Contact, Message, Pause, Query, WorkItem
from hometrial.services import consenting, enrolling, reaching, working
from hometrial.services.messaging import states
from hometrial.services.messaging.states import Step
from hometrial.services.safety import alerting
from hometrial.services.safety.alerting import Response
from hometrial.services.staffing.permissions import ACTIONS
from hometrial.services.trial import contacting, following, publishing
from hometrial.services.trial.contacting import Spoke
from hometrial.services.viewing import today
from hometrial.settings import Settings
from hometrial.staff import create_app, todo


@pytest.fixture
def mailing(study, monkeypatch):
    """A study that has a mail server set up."""
    chosen = Settings(
        home=study.database.settings.home,
        database_url=study.database.settings.database_url,
        smtp_host="127.0.0.1",
        smtp_tls="none",
        smtp_from="trial@example.org",
    )
    monkeypatch.setattr(study.database, "settings", chosen)
    return study


@pytest.fixture
def client(mailing) -> FlaskClient:
    return signed_in.client(create_app(mailing.database), mailing.database)


def in_trial(session, **more):
    """Return somebody of a trial with a linked account."""
    who = asked.in_trial(session)
    since = clock.now() - timedelta(days=30)
    consenting.grant(session, who, linked.CORE, since=since, source="test")
    return who, linked.link(session, who, **more)


def lines_of(page: str) -> list[str]:
    return [each.split("</li>")[0] for each in page.split('<li class="todo')[1:]]


def csrf(client: FlaskClient) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/people").text)
    assert found
    return found[1]


def dead_token(study):
    with study.database.transaction("test", "a dead token") as session:
        who, account = in_trial(session, status="reconnect_needed")
        working.open_item(session, who.id, "reconnect", "google-health", "refused 401 at 02:11")
        item = session.query(WorkItem).one().id
    return who, account, item


def test_the_head_tells_how_many_are_active_rest_and_left(study, client) -> None:
    with study.database.transaction("test", "people") as session:
        people = [in_trial(session)[0] for _ in range(5)]
        session.add(Pause(participant_id=people[0].id, start_at=clock.now() - timedelta(days=1), end_at=None, reason="x"))  # fmt: skip
        people[1].status = "withdrawn"
        linked.job(session, minutes=5)
        linked.worker(session)
    page = client.get("/").text
    assert re.search(
        r"5 enrolled, 3 active, 1 paused, 1 withdrawn; last good ingest \d+ min ago", page
    )
    assert re.search(r"1 job, the oldest for 5 min", page)
    assert "Nothing waits for you" in page


def test_safety_comes_first_then_the_system_then_the_rest(study, client) -> None:
    with study.database.transaction("test", "work") as session:
        who, _ = in_trial(session)
        for kind in ("quarantine", "reconnect", "dose_step", "red_alert"):
            working.open_item(session, who.id, kind, f"{kind}/x", f"the words of {kind}")
    found = lines_of(client.get("/").text)
    kinds = [re.match(r" todo-(\w+)", each)[1] for each in found]  # type: ignore[index]
    assert kinds == ["red_alert", "no_worker", "dose_step", "reconnect", "quarantine"]
    assert all(each.count('class="btn') == 1 for each in found if "no_worker" not in each)
    assert set(kinds) <= set(today.RISK)


def test_one_press_sends_a_note_and_the_work_sleeps_until_the_link_is_there_again(
    study, client
) -> None:
    who, account, item = dead_token(study)
    (line,) = [each for each in lines_of(client.get("/").text) if "refused 401" in each]
    address = re.search(r'action="([^"]+)"', line)
    assert address
    assert address[1] == f"/people/{who.code}/work/{item}/send"
    answer = client.post(address[1], data={"csrf_token": csrf(client)})
    assert (answer.status_code, answer.location) == (303, "/")
    page = client.get("/").text
    assert "refused 401" not in "".join(lines_of(page))
    assert "Waiting for an answer: 1" in page
    assert "status-queued" in page
    with study.database.reading() as session:
        (message,) = session.query(Message).all()
        assert (message.kind, message.participant_id) == ("watch", who.id)
        assert session.query(WorkItem).one().message_id == message.id
    # It closes by itself, asleep or not, once the account is active again.
    with study.database.transaction("test", "linked again") as session:
        session.query(Connection).filter_by(account_id=account.id).one().status = "active"
        session.flush()
        working.sweep(session)
    assert "refused 401" not in client.get("/").text


@pytest.mark.parametrize(("state", "is_back"), [("refused", True), ("suppressed", True), ("sent", False)])  # fmt: skip
def test_work_wakes_when_its_note_did_not_leave(study, client, state, is_back) -> None:
    who, _, item = dead_token(study)
    client.post(f"/people/{who.code}/work/{item}/send", data={"csrf_token": csrf(client)})
    with study.database.transaction("test", "the server answered") as session:
        states.record(
            session, session.query(Message).one(), Step(state, "server", reason="it says so")
        )
    assert ("refused 401" in "".join(lines_of(client.get("/").text))) is is_back


def test_work_that_slept_for_two_days_is_back(study, client, at_clock) -> None:
    who, _, item = dead_token(study)
    with study.database.transaction("test", "asleep") as session:
        found = session.get_one(WorkItem, item)
        working.put_to_sleep(session, found, clock.now() - timedelta(minutes=1), because="called")
    assert "refused 401" in "".join(lines_of(client.get("/").text))
    assert who.code in client.get("/").text


def test_nobody_on_a_bad_day_is_written_to_and_the_page_says_why(study, client) -> None:
    who, _, item = dead_token(study)
    with study.database.transaction("test", "rests") as session:
        session.add(Pause(participant_id=who.id, start_at=clock.now() - timedelta(days=1), end_at=None, reason="x"))  # fmt: skip
    answer = client.post(f"/people/{who.code}/work/{item}/send", data={"csrf_token": csrf(client)})
    assert answer.status_code == 409
    assert "the person rests from the study" in answer.text
    assert "refused 401" in "".join(lines_of(answer.text))
    with study.database.reading() as session:
        assert session.query(Message).count() == 0


def test_a_call_is_logged_from_its_line_and_its_work_sleeps_until_the_next_step(
    study, client
) -> None:
    with study.database.transaction("test", "not worn") as session:
        who, _ = in_trial(session)
        working.open_item(session, who.id, "not_worn", "watch", "not worn since Monday")
    (line,) = [each for each in lines_of(client.get("/").text) if "since Monday" in each]
    address = re.search(r'href="(/people/bulk/contact[^"]+)"', line)
    assert address
    form = client.get(address[1].replace("&amp;", "&")).text
    assert f'name="who" value="{who.code}"' in form
    item = re.search(r'name="item" value="([^"]+)"', form)
    assert item
    day = clock.now().date() + timedelta(days=3)
    said = {"csrf_token": csrf(client), "who": who.code, "item": item[1], "way": "phone",
            "outcome": "no_answer", "note": "rang twice", "next_on": day.isoformat(), "next_step": "call again"}  # fmt: skip
    assert client.post("/people/bulk/contact", data=said | {"next_step": ""}).status_code == 422
    answer = client.post("/people/bulk/contact", data=said)
    assert answer.status_code == 303
    page = client.get("/").text
    assert "since Monday" not in "".join(lines_of(page))
    assert "phone: no answer" in page
    with study.database.reading() as session:
        (row,) = session.query(Contact).all()
        assert (row.note, row.next_on, row.recorded_by) == ("rang twice", day, "staff:tests")


def test_what_one_cause_does_to_many_is_one_line(study, client) -> None:
    with study.database.transaction("test", "an end") as session:
        people = [in_trial(session, provider="fitbit")[0] for _ in range(4)]
        for who in people:
            working.open_item(session, who.id, "relink_before_end", "fitbit", "fitbit ends soon")
    found = [each for each in lines_of(client.get("/").text) if "fitbit ends soon" in each]
    assert len(found) == 1
    assert "4 people: fitbit ends soon" in found[0]
    assert all(f"/people/{who.code}" in found[0] for who in people)
    assert 'href="/providers"' in found[0]


def test_many_people_and_items_ask_no_more_questions(study, client) -> None:
    with study.database.transaction("test", "a trial") as session:
        version = following.version_of(session, asked.in_trial(session))
    counts = []
    for more in (3, 27):
        with study.database.transaction("test", "people with work") as session:
            for _ in range(more):
                who = linked.person(session)
                following.move(
                    session, who, publishing.find(session, version.protocol, version.version)
                )
                linked.link(session, who, status="reconnect_needed")
                for kind in ("reconnect", "not_worn", "visit_due"):
                    working.open_item(session, who.id, kind, "x", kind)
        for address in ("/", "/people", "/today/week"):
            client.get(address)
            with linked.counted(study.database) as statements:
                assert client.get(address).status_code == 200
            counts.append(len(statements))
    assert counts[:3] == counts[3:]
    assert max(counts) < 55


def test_the_week_tells_what_is_overdue_and_what_people_were_asked(study, client) -> None:
    with study.database.transaction("test", "a week") as session:
        who, account = in_trial(session)
        linked.take_in(
            session, account, linked.beats([61, 400, 63], clock.now() - timedelta(hours=5))
        )
        session.query(Query).update({"opened_at": clock.now() - timedelta(days=9)})
        spoke = Spoke(clock.now(), "phone", "ann", "reached", note="=1+1")
        contacting.log(session, who, spoke, recorded_by="ann")
    page = client.get("/today/week").text
    assert re.search(r"0 of \d+ planned", page)
    assert "1; 1 came this week" in page
    assert "1 open for more than a week" in page
    answer = client.get("/today/contacts.csv")
    assert answer.mimetype == "text/csv"
    head, row = answer.text.splitlines()
    assert head.split(",")[:3] == ["person", "at", "direction"]
    assert row.startswith(f"{who.code},")
    assert ",'=1+1," in row


@pytest.mark.parametrize("role", ["monitor", "statistician", "admin"])
def test_who_does_not_work_with_people_is_led_away_from_today(study, role) -> None:
    with study.database.transaction("test", "a site") as session:
        linked.person(session)
    client = signed_in.client(create_app(study.database), study.database, "other", (role,))
    answer = client.get("/")
    assert answer.status_code == 303
    assert answer.location != "/"


def test_work_of_another_site_is_not_seen_nor_touched(study) -> None:
    with study.database.transaction("test", "two sites") as session:
        linked.person(session)
        there = reaching.add_site(session, "S-02", name="Other")
        who = enrolling.add_participant(session, site=there)
        working.open_item(session, who.id, "no_data", "google-health", "silent there")
        item = session.query(WorkItem).one().id
    client = signed_in.client(
        create_app(study.database), study.database, "here", ("coordinator",), ("S-01",)
    )
    assert "silent there" not in client.get("/").text
    answer = client.post(f"/people/{who.code}/work/{item}/send", data={"csrf_token": csrf(client)})
    assert answer.status_code == 409
    assert "not yours" in answer.text


def test_every_kind_of_work_has_a_way_and_each_way_leads_to_a_page(study) -> None:
    app = create_app(study.database)
    there = set(app.view_functions)
    ways = {**todo.WAYS, **todo.TOGETHER}
    assert set(today.RISK) <= set(todo.WAYS)
    # The page of the system may be left out: then its lines have no button, but say the command.
    assert {way.endpoint for way in ways.values()} - there <= {"system.page"}
    assert {way.action for way in ways.values()} <= set(ACTIONS)


def test_of_two_alerts_the_one_that_is_due_first_comes_first_with_the_time_that_is_left(
    study, client
) -> None:
    with study.database.transaction("test", "alerts") as session:
        later, sooner = (in_trial(session)[0] for _ in range(2))
        for who, hours in ((later, 20), (sooner, 2)):
            response = Response("call today", "investigator", timedelta(hours=hours), "1")
            alerting.raise_alert(
                session, who, rule="SE1", level="red", values={}, response=response
            )
    first, second = (each for each in lines_of(client.get("/").text) if "Red alert" in each)
    assert sooner.code in first
    assert "h left" in first or "min left" in first
    assert later.code in second
