"""A code on its way to a person is sealed, read by the worker alone, and destroyed in time."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import ProgrammingError

from hometrial.db import PARTICIPANT_ROLE, STUDY_ROLE, WORKER_ROLE
from hometrial.errors import TrialError
from hometrial.services import enrolling
from hometrial.services.messaging import queueing, secrets, states
from hometrial.services.messaging.states import MessageRefusedError

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
CODE = "481 902"


@pytest.fixture
def person(study, at_clock):
    at_clock(NOW)
    with study.database.transaction("staff") as session:
        return enrolling.add_participant(session)


@pytest.fixture
def key(study):
    return secrets.key_of(study.database.settings)


def ask(study, person, key, code=CODE):
    with study.database.transaction("participant-site", role=PARTICIPANT_ROLE) as session:
        return queueing.queue_code(session, person.id, code, "en", key=key)


def test_a_code_waits_sealed_and_stands_nowhere_in_clear(study, person, key):
    message = ask(study, person, key)

    dumped = " ".join(
        str(row)
        for table in ("message", "message_topic", "message_state", "audit.entry")
        for row in study.rows(f"SELECT to_jsonb(t)::text FROM {table} t")  # noqa: S608
    )
    sealed = study.one("SELECT encode(sealed, 'escape') FROM vault.message_secret")
    assert CODE not in dumped
    assert CODE not in sealed
    assert "message_secret" not in dumped
    with study.database.transaction("worker", role=WORKER_ROLE) as session:
        assert secrets.read(session, key, message.id) == CODE
        assert [each.state for each in states.history(session, message.id)] == ["queued"]


@pytest.mark.parametrize("role", [PARTICIPANT_ROLE, STUDY_ROLE])
def test_nobody_but_the_worker_reads_a_code(study, person, key, role):
    message = ask(study, person, key)

    with (
        pytest.raises(ProgrammingError, match="permission denied"),
        study.database.transaction("x", role=role) as session,
    ):
        secrets.read(session, key, message.id)


def test_another_key_opens_no_code_and_no_code_opens_for_another_message(study, person, key):
    message = ask(study, person, key)
    other = ask(study, person, key, "222")

    with (
        study.database.transaction("worker", role=WORKER_ROLE) as session,
        pytest.raises(TrialError, match="another key"),
    ):
        secrets.read(session, b"x" * 32, message.id)
    swap(study, message.id, other.id)
    with (
        study.database.transaction("worker", role=WORKER_ROLE) as session,
        pytest.raises(TrialError, match="tampered"),
    ):
        secrets.read(session, key, message.id)


def swap(study, message_id, other_id):
    with study.database.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE vault.message_secret s SET sealed = o.sealed FROM vault.message_secret o"
            " WHERE s.message_id = %s AND o.message_id = %s",
            (message_id, other_id),
        )


def test_after_ten_minutes_a_code_is_gone(study, person, key, at_clock):
    message = ask(study, person, key)
    at_clock(NOW + timedelta(minutes=10))

    with study.database.transaction("worker", role=WORKER_ROLE) as session:
        assert secrets.read(session, key, message.id) is None
        secrets.destroy_overdue(session)
    assert study.one("SELECT count(*) FROM vault.message_secret") == 0


def test_a_newer_code_takes_the_place_of_one_that_waits(study, person, key, at_clock):
    first = ask(study, person, key)
    at_clock(NOW + timedelta(seconds=30))
    ask(study, person, key, "333")

    with study.database.reading() as session:
        last = states.last_step(session, first.id)
    assert (last.state, last.reason) == ("suppressed", "a newer code was asked for")


@pytest.mark.parametrize(
    ("code", "language"), [("", "en"), ("  ", "en"), ("1" * 33, "en"), ("1", "xx")]
)
def test_no_code_and_a_language_without_words_are_refused(study, person, key, code, language):
    with (
        pytest.raises(MessageRefusedError),
        study.database.transaction("participant-site", role=PARTICIPANT_ROLE) as session,
    ):
        queueing.queue_code(session, person.id, code, language, key=key)
