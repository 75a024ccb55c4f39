"""The commands of messages tell each with all that became of it, and send one again on request."""

import json

import pytest
from click.testing import CliRunner
from posted import berlin

from hometrial.cli.message import message
from hometrial.services.messaging import burden
from hometrial.tasks import sending


@pytest.fixture
def call(post):
    def run(*arguments, fails=False):
        result = CliRunner().invoke(message, arguments, obj=post.study.database)
        assert bool(result.exception) is fails, result.output
        return str(result.exception) if fails else result.output

    return run


def one(post):
    return str(post.study.rows("SELECT id FROM message ORDER BY created_at LIMIT 1")[0][0])


def test_a_message_is_listed_with_its_state_and_told_step_by_step(post, call):
    person = post.person()
    post.box.to_recipient = "451 later"
    post.at(berlin("17:00"))
    post.box.to_recipient = "250 OK"
    post.at(berlin("17:01"))
    assert f"{person.code}  reminder by email  sent" in call("list", person.code)
    told = call("history", one(post))
    assert "about ldn_diary of ldn_diary@2026-03-02 (open)" in told
    assert (
        "3. 2026-03-02 16:00:00 UTC delayed 451, to be sent at 2026-03-02 16:01:00 UTC: later"
        in told
    )
    assert "5. 2026-03-02 16:01:00 UTC sent 250: taken as A1B2 (worker)" in told
    assert "zoe@" not in told


def test_json_says_how_many_went_out_in_a_week(post, call):
    person = post.person()
    for day in (2, 3, 9):
        post.at(berlin("17:00", day))
        post.at(berlin("22:30", day))
    found = json.loads(call("list", "--json"))
    assert [each["week"] for each in found["weeks"]] == ["2026-03-02", "2026-03-09"]
    first = found["weeks"][0]
    assert (first["participant"], first["total"], first["sent"]) == (
        person.code, 2, {"reminder": 2},
    )  # fmt: skip
    assert first["not_sent"] == {"suppressed": 2}
    assert {each["state"] for each in found["messages"]} == {"sent", "suppressed"}


def test_a_week_is_that_of_the_persons_own_calendar(post, call):
    here = post.person()
    there = post.person(zone="Pacific/Auckland", email="ari@example.net")
    post.at_clock(berlin("17:00", 8))  # Sunday evening, and Monday in Auckland
    for person in (here, there):
        call("test", person.code)
    sending.send_now(post.house)
    with post.study.database.reading() as session:
        weeks = [(each.code, each.first.isoformat(), each.total) for each in burden.weeks(session)]
    assert weeks == [(here.code, "2026-03-02", 1), (there.code, "2026-03-09", 1)]


def test_a_message_is_sent_once_more_in_quiet_hours_as_a_new_one(post, call):
    post.person()
    post.box.to_recipient = "550 no"
    post.at(berlin("17:00"))
    post.box.to_recipient = "250 OK"
    post.at_clock(berlin("22:00"))
    assert "is queued" in call("resend", one(post))
    sending.send_now(post.house)
    assert len(post.box.mails) == 1
    rows = post.study.rows("SELECT resends FROM message WHERE resends IS NOT NULL")
    assert [str(row[0]) for row in rows] == [one(post)]
    assert post.study.rows(
        "SELECT DISTINCT task_name FROM jobs.procrastinate_jobs WHERE task_name = 'send messages'"
    )


def test_what_is_still_to_be_sent_is_not_sent_again(post, call):
    post.person()
    post.box.to_recipient = "451 later"
    post.at(berlin("17:00"))
    assert "still to be sent" in call("resend", one(post), fails=True)


def test_a_test_says_that_messages_arrive(post, call):
    person = post.person()
    post.at_clock(berlin("12:00"))
    call("test", person.code)
    sending.send_now(post.house)
    assert "This is a test: messages arrive here." in post.box.text()
    assert "sms is not set up" in call("test", person.code, "--channel", "sms", fails=True)


def test_the_study_is_paused_and_goes_on(post, call):
    post.person()
    post.at_clock(berlin("12:00"))
    call("pause", "--until", "2026-03-09T08:00", "--because", "words are corrected")
    assert post.at(berlin("17:00")) == 0
    call("go-on")
    assert post.at(berlin("17:01")) == 1


def test_an_unknown_message_is_said_to_be_so(post, call):
    said = call("history", "00000000-0000-0000-0000-000000000000", fails=True)
    assert "hometrial message list" in said
