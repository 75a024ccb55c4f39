"""Of many people at once it is the same answer, and the same number of questions."""

from datetime import UTC, datetime, timedelta
from itertools import product

import asked
import enrolled
import linked
import pytest

from hometrial.models import BadDay, Pause
from hometrial.services.messaging import silenced, silences

NOW = datetime(2026, 3, 20, 12, tzinfo=UTC)


@pytest.fixture
def session(study, at_clock):
    at_clock(NOW)
    with study.database.transaction("test", "rests") as opened:
        yield opened


def pause(session, person):
    session.add(Pause(participant_id=person.id, start_at=NOW - timedelta(days=1), end_at=NOW + timedelta(days=2), reason="x"))  # fmt: skip


def tap(session, person, kind="begun", hours=3):
    at = NOW - timedelta(hours=hours)
    session.add(BadDay(participant_id=person.id, kind=kind, severity=None, at=at, by="self"))


def rest(kind, hours):
    def act(session, person):
        silences.rest(session, person, kind, NOW + timedelta(hours=hours), by="self")

    return act


ACTS = {
    "pause": pause,
    "bad day": tap,
    "better": lambda session, person: tap(session, person, "over", 1),
    "old bad day": lambda session, person: tap(session, person, "begun", 24 * 9),
    "rest on it": rest("bad_day", 5),
    "snooze": rest("snooze", 1),
    "own pause": rest("pause", 9),
    "withdrawal": enrolled.withdraw,
}


def people_of_all_kinds(session):
    """Return somebody for each pair of things that can happen."""
    found = [asked.in_trial(session)]
    for pair in product(ACTS.values(), repeat=2):
        person = asked.in_trial(session)
        for act in pair:
            act(session, person)
        found.append(person)
    session.flush()
    return found


def test_many_at_once_are_silent_for_the_same_reason_as_each_alone(session):
    found = people_of_all_kinds(session)
    together = silenced.of_people(session, found)
    alone = {each.id: silences.silence(session, each) for each in found}
    assert together == {person: why for person, why in alone.items() if why is not None}
    assert {each.kind for each in together.values()} == {"pause", "bad_day", "snooze", "withdrawn"}


def test_a_pause_of_the_study_silences_everybody_who_did_not_leave(session):
    one, gone = asked.in_trial(session), asked.in_trial(session)
    enrolled.withdraw(session, gone)
    silences.rest(session, None, "pause", NOW + timedelta(days=1), by="ann")
    found = silenced.of_people(session, [one, gone])
    assert (found[one.id].kind, found[gone.id].kind) == ("pause", "withdrawn")


def test_the_number_of_questions_is_the_same_for_many(study, session):
    found = people_of_all_kinds(session)
    counts = []
    for some in (found[:12], found):
        with linked.counted(study.database) as statements:
            silenced.of_people(session, some)
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 9
