"""A message is sent once, whatever the server answers and wherever the program stops; each step is told."""

from datetime import timedelta

import pytest
from mailbox_server import free_port
from posted import berlin

from hometrial.db import PARTICIPANT_ROLE, WORKER_ROLE
from hometrial.services import working
from hometrial.services.messaging import queueing, secrets, sending, states
from hometrial.services.messaging.states import MessageRefusedError, Step
from hometrial.tasks import sending as task

MINUTE = timedelta(minutes=1)
OPENS = berlin("17:00")


def items(post):
    with post.study.database.reading() as session:
        return [(each.item.kind, each.item.reason) for each in working.open_items(session)]


def ask(post, person, code="481 902"):
    key = secrets.key_of(post.study.database.settings)
    with post.study.database.transaction("site", role=PARTICIPANT_ROLE) as session:
        return queueing.queue_code(session, person.id, code, "en", key=key)


def test_a_refusal_that_may_end_is_tried_again_after_growing_pauses(post):
    post.person()
    post.box.to_recipient = "451 greylisted, come later"
    post.at(OPENS)
    for minute in range(1, 60):
        post.at(OPENS + minute * MINUTE)
    tries = [step for step in post.steps()[0] if step[0] == "sending"]
    # At 0, 1, 3, 7, 15 and 31 minutes.
    assert len(tries) == 6
    assert post.steps()[0][-1] == ("delayed", 451, "greylisted, come later")
    assert items(post) == []
    post.box.to_recipient = "250 OK"
    assert post.at(OPENS + 63 * MINUTE) == 1
    assert post.steps()[0][-1] == ("sent", 250, "taken as A1B2")


def test_pauses_never_grow_beyond_an_hour_and_end_with_the_window(post):
    post.person()
    post.box.to_recipient = "421 busy"
    moment = OPENS
    while moment < OPENS + timedelta(hours=5):
        post.at(moment)
        moment += timedelta(minutes=20)
    assert post.box.mails == []
    # At 21:00 quiet hours begin, and end after the window.
    assert post.ends()[0] == ("suppressed", "quiet hours last until it closes")


def test_what_no_server_takes_in_time_is_told_to_the_coordinator(post):
    person = post.person()
    post.at_clock(OPENS)
    ask(post, person)
    post.box.to_recipient = "451 later"
    for minute in range(12):
        post.at_clock(OPENS + minute * MINUTE)
        task.send_now(post.house)
    said = "no server took it in time; the last said: later"
    assert post.ends("code") == [("expired", said)]
    assert items(post) == [("message_refused", "a code by email did not arrive: 451 later")]


def test_a_refusal_for_good_is_not_tried_again_and_makes_work_until_a_message_arrives(post):
    post.person()
    post.box.to_recipient = "550 5.1.1 <ADDRESS> nobody here"
    post.at(OPENS)
    post.at(OPENS + 5 * MINUTE)
    assert post.steps()[0][-2:] == [
        ("sending", None, ""),
        ("refused", 550, "5.1.1 <[address]> nobody here"),
    ]
    assert items(post) == [
        ("message_refused", "a reminder by email did not arrive: 550 5.1.1 <[address]> nobody here")
    ]
    post.box.to_recipient = "250 OK"
    post.at(OPENS + timedelta(days=1))
    assert items(post) == []


def test_a_server_that_is_down_is_waited_for(post):
    post.person()
    settings = post.study.database.settings
    post.study.database.settings = settings.model_copy(update={"smtp_port": free_port()})
    post.at(OPENS)
    assert post.ends()[0][0] == "delayed"
    post.study.database.settings = settings
    assert post.at(OPENS + MINUTE) == 1


def test_without_a_server_set_up_it_is_said_so(post):
    post.person()
    settings = post.study.database.settings
    post.study.database.settings = settings.model_copy(update={"smtp_host": None})
    post.at(OPENS)
    assert post.ends() == [("delayed", "email is not set up in this study")]


def test_nobody_without_an_address_is_written_to(post):
    post.person(email=None)
    post.at(OPENS)
    assert post.ends() == [("refused", "there is no address for email on record")]
    assert items(post)[0][0] == "message_refused"


def test_an_address_that_another_key_sealed_is_never_used(post):
    first, second = post.person(), post.person(email="other@example.net")
    with post.study.database.engine.begin() as connection:
        connection.exec_driver_sql("ALTER TABLE identity.identity DISABLE TRIGGER USER")
        connection.exec_driver_sql(
            "UPDATE identity.identity i SET email = o.email FROM identity.identity o"
            " WHERE i.participant_id = %s AND o.participant_id = %s",
            (first.id, second.id),
        )
    assert post.at(OPENS) == 1
    assert post.box.recipients == ["other@example.net"]
    assert ("refused", "email belongs to another row: the table was tampered with") in post.ends()


class StoppedError(BaseException):
    """The program is killed."""


class Killed:
    """A channel at which the program is killed, before the server hears of it or after."""

    def __init__(self, real=None):
        self.real = real

    def send(self, address, note):
        if self.real is not None:
            self.real.send(address, note)
        raise StoppedError


@pytest.mark.parametrize("arrived", [False, True])
def test_after_a_crash_between_claim_and_answer_nothing_is_sent_twice(post, arrived):
    post.person()
    post.at_clock(OPENS)
    task.plan_now(post.house)
    real = task.channels.channels_of(post.study.database.settings)["email"]
    with pytest.raises(StoppedError):
        task.send_now(post.house, {"email": Killed(real if arrived else None)})
    assert len(post.box.mails) == arrived
    # Another worker that is at it cannot be told from one that died, until no server can still be waited for.
    for minute in (1, 9):
        assert post.at(OPENS + minute * MINUTE) == arrived
        assert post.steps()[0][-1][0] == "sending"
    assert post.at(OPENS + 10 * MINUTE) == arrived
    assert post.ends() == [("unknown", sending.LOST)]
    assert post.at(OPENS + 60 * MINUTE) == arrived


def test_a_line_that_breaks_after_the_words_is_told_as_unknown(post):
    post.person()
    post.box.hangs_up = True
    post.at(OPENS)
    post.box.hangs_up = False
    assert post.at(OPENS + 30 * MINUTE) == 0
    ((state, reason),) = post.ends()
    assert state == "unknown"
    assert reason.startswith("the line broke before the server answered")


def test_two_workers_cannot_claim_the_same_message(post):
    post.person()
    post.at_clock(OPENS)
    task.plan_now(post.house)
    ((message_id,),) = post.study.rows("SELECT id FROM message")
    settings = post.study.database.settings
    for expected in (True, False):
        with post.study.database.transaction("worker", role=WORKER_ROLE) as session:
            key = secrets.key_of(settings)
            found = sending.claim(session, key, settings.public_url, message_id)
        assert (found is not None) is expected


def test_after_the_end_of_a_message_nothing_follows(post):
    post.person()
    post.at(OPENS)
    with post.study.database.transaction("worker") as session:
        (message,) = [
            session.get_one(states.Message, row[0])
            for row in post.study.rows("SELECT id FROM message")
        ]
        with pytest.raises(MessageRefusedError, match="is sent: nothing follows"):
            states.record(session, message, Step("planned", "x", next_at=OPENS))


def test_a_code_is_sent_at_once_in_quiet_hours_on_bad_days_and_then_destroyed(post):
    person = post.person()
    post.at_clock(berlin("23:30"))
    ask(post, person)
    task.send_now(post.house)
    assert "Your code is: 481 902" in post.box.text()
    assert post.box.mails[0]["Subject"] == "Your code to sign in"
    assert post.study.one("SELECT count(*) FROM vault.message_secret") == 0
    assert "481 902" not in " ".join(
        row[0] for row in post.study.rows("SELECT to_jsonb(t)::text FROM audit.entry t")
    )


def test_a_code_counts_for_no_days_reminders_and_comes_first(post):
    person = post.person()
    post.at_clock(OPENS)
    task.plan_now(post.house)
    ask(post, person)
    task.send_now(post.house)
    assert [mail["Subject"] for mail in post.box.mails] == [
        "Your code to sign in",
        "Something short is waiting for you",
    ]
