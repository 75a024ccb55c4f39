"""What the trial costs people equals what the logs of messages and of answers hold, by person and by severity."""

import re
from datetime import UTC, datetime

import enrolled
import homes
import pytest
import signed_in
from sqlalchemy import text

from hometrial import clock
from hometrial.db import Database
from hometrial.models import Message, MessageState
from hometrial.protocol import burden, loading
from hometrial.services import enrolling, migrating
from hometrial.services.asking import opening, saving, submitting
from hometrial.services.asking.opening import Manner
from hometrial.services.asking.saving import Entry
from hometrial.services.trial import following, publishing
from hometrial.services.viewing import minutes
from hometrial.settings import Settings
from hometrial.staff import create_app

LOGS = """
SELECT p.code,
  (SELECT coalesce(sum(a.seconds), 0) / 60 FROM answer a JOIN response r ON r.id = a.response_id
     JOIN sitting s ON s.id = a.sitting_id WHERE r.participant_id = p.id AND NOT s.is_staff),
  (SELECT count(*) FROM message m JOIN message_state s ON s.message_id = m.id
     WHERE m.participant_id = p.id AND s.state = 'sent' AND m.kind <> 'code')
FROM participant p
"""


SIGNED, REMINDED, NOW = (datetime(2026, 11, day, 12, tzinfo=UTC) for day in (1, 20, 22))


@pytest.fixture(scope="module")
def database(home, tmp_path_factory):
    database = Database(Settings(home=homes.beside(home, "costs"), actor="tests"))
    migrating.require_newest(database)
    board = tmp_path_factory.mktemp("costs") / "clock"
    try:
        _at(board, SIGNED)
        with database.transaction("test", "three people") as session:
            version = enrolled.published(session)
            people = [_person(session, version, each) for each in ("severe", "severe", "mild")]
        _at(board, REMINDED)
        with database.transaction("test", "reminded, answered, left") as session:
            for number, person in enumerate(people):
                for place in range(number + 1):
                    _reminded(session, person, "reminder" if place else "code")
            _answered(session, people[0])
            enrolled.withdraw(session, people[2])
    finally:
        clock.unfollow()
    yield database
    database.close()


def _at(board, moment):
    clock.turn(board, moment)
    clock.follow(board)


def _person(session, version, severity):
    person = enrolled.eligible(session, version, me_severity=severity)
    enrolling.set_zone(session, person, "Europe/Berlin", source="test")
    following.anchor(session, person, "consent", SIGNED.date(), because="signed")
    return person


def _reminded(session, person, kind):
    at = REMINDED
    message = Message(
        audience="participant", participant_id=person.id, kind=kind, channel="email",
        language="en", created_at=at, created_by="test",
    )  # fmt: skip
    session.add(message)
    session.flush()
    for number, (state, next_at) in enumerate(
        (("planned", REMINDED), ("sending", None), ("sent", None)), 1
    ):
        session.add(
            MessageState(
                message_id=message.id, number=number, state=state, at=at, by="test", next_at=next_at
            )
        )
        session.flush()


def _answered(session, person):
    manner = Manner(by=person.code, language="en", device={"screen": "320x640"})
    sitting = opening.open_form(session, person, "phq9", "V0#1", manner)
    for place in range(9):
        entry = Entry(f"phq9_{place + 1}", 0, None, place, 6.5)
        saving.save(session, person, sitting.id, entry)
    submitting.submit(session, person, sitting.id)


def test_minutes_and_reminders_equal_the_logs(database, at_clock):
    at_clock(NOW)
    with database.reading() as session:
        version = publishing.in_force(session, "ldn-mecfs")
        shown = minutes.fairness(session, version, weeks=4)
        logs = {code: (spent, sent) for code, spent, sent in session.execute(text(LOGS))}
    assert {each.code: (round(each.spent, 4), each.reminders) for each in shown.people} == {
        code: (round(spent, 4), sent) for code, (spent, sent) in logs.items()
    }
    assert max(each.spent for each in shown.people) == pytest.approx(9 * 6.5 / 60)
    assert sorted(each.reminders for each in shown.people) == [0, 1, 2]


def test_groups_hold_everybody_once_and_say_who_left(database, at_clock):
    at_clock(NOW)
    with database.reading() as session:
        version = publishing.in_force(session, "ldn-mecfs")
        shown = minutes.fairness(session, version, weeks=4)
    assert shown.variable.id == "me_severity"
    told = {each.name: (each.people, each.left) for each in shown.groups}
    assert told == {"severe": (2, 0), "mild": (1, 1)}
    severe = next(each for each in shown.groups if each.name == "severe")
    spent = [each.spent_a_week for each in shown.people if each.group == "severe"]
    assert severe.spent == pytest.approx(sum(spent) / 2)


def test_what_is_asked_is_the_plan_up_to_the_day(database, at_clock):
    at_clock(NOW)
    with database.reading() as session:
        version = publishing.in_force(session, "ldn-mecfs")
        shown = minutes.fairness(session, version, weeks=4)
    plan = burden.minutes_by_day(publishing.of(version), "IMM")
    stayed = next(each for each in shown.people if not each.has_left)
    assert stayed.asked == pytest.approx(sum(n for day, n in plan.items() if day < stayed.days))


@pytest.mark.parametrize("name", loading.shipped())
def test_the_minutes_of_the_epochs_are_those_of_the_plan(name):
    protocol = publishing.read(loading.shipped_text(name), name)
    for arm in protocol.arms:
        epochs = burden.burden_by_epoch(protocol, arm.id)
        inside = sum(each.per_day * each.days for each in epochs if each.epoch)
        total = sum(burden.minutes_by_day(protocol, arm.id).values())
        after = [each for each in epochs if each.epoch is None]
        assert inside <= total + len(epochs)
        assert after or inside == pytest.approx(total, abs=0.01 * sum(e.days for e in epochs))
        fullest = max(each.fullest.minutes for each in epochs)
        assert fullest == burden.burden_of(protocol, arm.id).day.minutes


def test_the_page_shows_it_by_severity(database, at_clock):
    at_clock(NOW)
    app = create_app(database)
    page = (
        signed_in.client(app, database, "mona", ("monitor",), ("S-01",)).get("/trial/burden").text
    )
    assert re.search(r'<th scope="row">severe</th><td class="n">2</td>', page)
    assert re.search(r'<th scope="row">mild</th><td class="n">1</td><td class="n">1', page)
