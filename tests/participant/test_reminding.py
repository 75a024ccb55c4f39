"""The page of reminders: how and when somebody is written to, a break, remind me later, and what was sent."""

import re
from datetime import time

import pytest
from mailbox_server import Box, Server, start, told
from posted import Post, berlin

from hometrial.db import Database
from hometrial.models import Participant
from hometrial.participant import create_app
from hometrial.services.asking import resting
from hometrial.services.messaging import silences, wishes
from hometrial.services.syncing import invitations


@pytest.fixture(scope="module")
def served(shared_study):
    """A site whose study sends mail."""
    box = Box()
    controller = start(box)
    settings = told(controller.port, public_url="http://localhost")
    shared_study.database.settings = shared_study.database.settings.model_copy(update=settings)
    own = Database(shared_study.database.settings)
    yield (
        Post(shared_study, Server(box, controller.port, settings), None),
        create_app(own, clouds={}),
    )
    own.close()
    controller.stop()


@pytest.fixture
def come(served, at_clock):
    """Let somebody come to their page on the first evening; returns their browser and how they are called."""
    post, app = served
    post.at_clock = at_clock
    at_clock(berlin("17:00"))

    def visit(protocol="ldn-mecfs"):
        count = post.study.one("SELECT count(*) FROM participant")
        person = post.person(protocol, email=f"p{count}@example.net")
        with post.study.database.transaction("staff") as session:
            invitation = invitations.invite(session, session.get_one(Participant, person.id), "x")
        client = app.test_client()
        path = f"/join/{invitation}"
        client.post(path, data={"csrf_token": token(client, path)})
        return client, person

    return visit


def token(client, page="/reminders"):
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get(page).text)
    return found[1]


def send(client, path, **form):
    return client.post(f"/reminders{path}", data={"csrf_token": token(client)} | form)


def wanted(served, person):
    post, _ = served
    with post.study.database.reading() as session:
        return wishes.wanted_by(session, person.id)


HOW = {"by_email": "y", "language": "en"}


def test_the_page_says_how_somebody_is_written_to(come):
    client, _ = come()
    page = client.get("/reminders").text
    assert "By e-mail, English" in page
    assert "Quiet between 21:00 and 09:00" in page
    assert "At most 3 messages a day" in page
    assert "When something opens" in page


def test_a_choice_is_kept_and_shown(come, served):
    client, person = come()
    answer = send(client, "/how", **HOW, preferred_at="19:30", quiet_from="22:00", quiet_to="08:00")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/reminders")
    assert wanted(served, person) == wishes.Wanted(
        "en", preferred_at=time(19, 30), quiet_from=time(22), quiet_to=time(8)
    )
    page = client.get("/reminders").text
    assert "If it can be, at 19:30" in page
    assert "Quiet between 22:00 and 08:00" in page
    assert 'value="19:30"' in client.get("/reminders/how").text


def test_the_same_choice_twice_is_kept_once(come, served):
    client, person = come()
    for _ in range(2):
        assert send(client, "/how", **HOW, preferred_at="19:30").status_code == 303
    post, _ = served
    count = "SELECT count(*) FROM reminder_choice WHERE participant_id = :id"
    assert post.study.one(count, id=person.id) == 1


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"preferred_at": "23:00"}, "This time is in your quiet time."),
        ({"quiet_from": "22:00"}, "Please say when the quiet time ends"),
        ({"quiet_to": "07:00"}, "Please say when the quiet time begins"),
        ({"quiet_from": "07:00", "quiet_to": "07:00"}, "another time than it begins"),
        ({"by_sms": "y"}, "We cannot send text messages in this study."),
        ({"by_push": "y"}, "We cannot send to an app in this study."),
        ({"preferred_at": "25:00"}, "The best time for you"),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field_and_what_was_typed_stays(
    come, served, form, said
):
    client, person = come()
    answer = send(client, "/how", **HOW, **form)
    assert answer.status_code == 400
    assert said in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert 'id="refused"' in answer.text
    for name, value in form.items():
        if ":" in value:
            assert f'name="{name}" type="time" value="{value}"' in answer.text
    assert wanted(served, person) == wishes.Wanted("en")


def test_a_language_that_there_is_not_is_refused(come, served):
    client, person = come()
    assert send(client, "/how", by_email="y", language="xx").status_code == 400
    assert wanted(served, person) == wishes.Wanted("en")


def test_who_switches_all_off_is_told_so(come):
    client, _ = come()
    send(client, "/how", language="de")
    assert "Not at all: everything stands on your page." in client.get("/reminders").text


def test_a_break_begins_and_ends(come, served):
    client, person = come()
    assert send(client, "/pause", until="2026-03-09").status_code == 303
    page = client.get("/reminders").text
    assert "We do not write to you until 00:00 on Monday 9 March." in page
    post, _ = served
    with post.study.database.reading() as session:
        found = silences.silence(session, session.get_one(Participant, person.id))
    assert found.until == berlin("00:00", 9)
    assert send(client, "/go-on").status_code == 303
    assert "We do not write to you" not in client.get("/reminders").text
    assert send(client, "/go-on").status_code == 303


@pytest.mark.parametrize(
    ("until", "said"),
    [
        ("", "Please choose a day."),
        ("2026-03-02", "Please choose a day after today."),
        ("2025-01-01", "Please choose a day after today."),
        ("2027-01-01", "more than three months away"),
        ("9 March", "Write to me again from this day on"),
    ],
)
def test_a_break_that_cannot_be_is_refused_beside_its_field(come, until, said):
    client, _ = come()
    answer = send(client, "/pause", until=until)
    assert answer.status_code == 400
    assert said in answer.text
    assert "<details open>" in answer.text
    assert "We do not write to you until" not in client.get("/reminders").text


def test_something_open_is_put_off(come):
    client, _ = come()
    page = client.get("/reminders").text
    assert "In 1 hour: 18:00 today" in page
    assert "In 3 hours: 20:00 today" in page
    assert send(client, "/later", later="in_1_hour").status_code == 303
    page = client.get("/reminders").text
    assert "We do not write to you until 18:00 today." in page
    assert "In 1 hour" not in page


@pytest.mark.parametrize("later", ["", "never"])
def test_a_forged_time_is_refused_and_changes_nothing(come, later):
    client, _ = come()
    answer = send(client, "/later", later=later)
    assert answer.status_code == 409
    assert "This time cannot be chosen any more. Nothing was changed." in answer.text


def test_a_time_that_was_offered_and_is_quiet_by_now_is_refused(come, served):
    client, _ = come()
    post, _ = served
    for at in ("17:25", "17:50"):
        post.at_clock(berlin(at))
        assert "In 3 hours" in client.get("/reminders").text
    sent = {"csrf_token": token(client), "later": "in_3_hours"}
    post.at_clock(berlin("18:10"))
    assert client.post("/reminders/later", data=sent).status_code == 409
    assert "We do not write to you" not in client.get("/reminders").text


def test_on_a_bad_day_the_page_says_that_nobody_writes(come, served):
    client, person = come()
    post, _ = served
    post.do(resting.tap, person, by="participant")
    page = client.get("/reminders").text
    assert "We do not write to you until 17:00 on Wednesday 4 March." in page
    assert "One short question may still come." in page
    assert "Write to me again now" not in page


def test_every_message_is_listed_with_what_became_of_it_and_no_others(come, served):
    client, _ = come()
    other, _ = come()
    post, _ = served
    post.at(berlin("17:00"))
    assert "Something is waiting" in client.get("/reminders/messages").text
    assert "It was sent." in client.get("/reminders/messages").text
    assert client.get("/reminders/messages").text.count('<div class="card">') == 1
    assert other.get("/reminders/messages").text.count('<div class="card">') == 1


def test_the_page_speaks_german(come):
    client, _ = come()
    client.set_cookie("look", "auto.20.0.de")
    assert "Wie wir Ihnen schreiben" in client.get("/reminders").text
    assert "Ruhe zwischen 21:00 und 09:00" in client.get("/reminders").text
    assert "Etwas ist offen. Sollen wir Sie später erinnern?" in client.get("/reminders").text


def test_without_a_visit_and_without_a_token_nothing_is_done(served, come):
    _, app = served
    assert app.test_client().get("/reminders").status_code == 401
    client, _ = come()
    assert client.post("/reminders/go-on").status_code == 400
