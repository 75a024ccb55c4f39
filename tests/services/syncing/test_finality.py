"""A day is final when its device has handed it over and nobody reads it again."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from wearer import enrol

from hometrial.models import DayChunk
from hometrial.services import consenting, enrolling
from hometrial.services.comparing import day_number
from hometrial.services.syncing import coverage, finality
from hometrial.services.syncing.finality import because
from hometrial_ingest.data_types import DataType
from hometrial_ingest.signals import Signal

BEGIN = datetime(2026, 3, 2, 23, tzinfo=UTC)  # midnight in Berlin
DAY = day_number(BEGIN.date()) + 1
LATER = BEGIN + timedelta(days=15)
HOUR = timedelta(hours=1)


@pytest.fixture
def session(study):
    with study.database.transaction("test") as session:
        yield session


@pytest.fixture
def wearer(session):
    wearer = enrol(session)
    for signal in (Signal.HEART_RATE, Signal.STEPS):
        wearer.put(session, signal, DAY, [{"at": wearer.start(DAY), "value": 60.0}])
    return wearer


def _states(session):
    chunks = session.execute(select(DayChunk.stream, DayChunk.state).where(DayChunk.is_current))
    return dict(map(tuple, chunks))


def _know(session, account, end, stream="heart_rate", start=BEGIN):
    coverage.add(session, account, stream, [(start, end)])


def test_a_day_is_final_when_it_is_known_whole_and_its_window_is_over(session, wearer):
    account = wearer.link(session, BEGIN)
    _know(session, account, BEGIN + 24 * HOUR)
    assert finality.settle(session, LATER - HOUR) == 0
    assert finality.settle(session, LATER) == 1
    assert _states(session) == {"heart_rate": "final", "steps": "provisional"}
    assert finality.settle(session, LATER) == 0


def test_a_day_that_the_device_has_not_handed_over_whole_is_waited_for(session, wearer):
    _know(session, wearer.link(session, BEGIN), BEGIN + 23 * HOUR)
    assert finality.settle(session, LATER + 900 * HOUR) == 0


def test_every_account_that_delivers_is_waited_for(session, wearer):
    accounts = [wearer.link(session, BEGIN), wearer.link(session, BEGIN, consents=())]
    _know(session, accounts[0], BEGIN + 24 * HOUR)
    assert finality.settle(session, LATER) == 0
    _know(session, accounts[1], BEGIN + 24 * HOUR)
    assert finality.settle(session, LATER) == 1


@pytest.mark.parametrize(
    ("link", "settled"),
    [
        ({"status": "retired"}, 2), ({"status": "unlinked"}, 2), ({"status": "reconnect_needed"}, 0),
        ({"streams": ["steps"]}, 1),
    ],
)  # fmt: skip
def test_an_account_that_brings_nothing_more_is_not_waited_for(session, wearer, link, settled):
    wearer.link(session, BEGIN, **link)
    assert finality.settle(session, LATER) == settled


def test_of_the_first_day_only_what_consent_covers_is_waited_for(session, wearer):
    account = wearer.link(session, BEGIN + 9 * HOUR)
    _know(session, account, BEGIN + 24 * HOUR, start=BEGIN + 9 * HOUR)
    assert finality.settle(session, LATER) == 1


@pytest.mark.parametrize(("keep_late", "settled"), [(True, 0), (False, 1)])
def test_after_a_withdrawal_what_may_still_come_is_waited_for(session, wearer, keep_late, settled):
    wearer.link(session, BEGIN)
    owner = enrolling.find_participant(session, wearer.code)
    consenting.withdraw(
        session, owner, [DataType.HEART_RATE], since=BEGIN + 30 * HOUR, keep_late=keep_late, source="t"
    )  # fmt: skip
    assert finality.settle(session, LATER) == settled


def test_days_of_people_without_an_account_are_left_to_their_archives(session, wearer):
    assert finality.settle(session, LATER) == 0


def test_only_the_people_named_are_settled(session, wearer):
    account = wearer.link(session, BEGIN)
    _know(session, account, BEGIN + 24 * HOUR)
    stranger = enrol(session, "P-0002")
    assert finality.settle(session, LATER, [stranger.id]) == 0
    assert finality.settle(session, LATER, [wearer.id]) == 1


def test_that_a_day_became_final_stands_in_the_audit_trail(session, wearer):
    _know(session, wearer.link(session, BEGIN), BEGIN + 24 * HOUR)
    finality.settle(session, LATER)
    trail = session.execute(
        text(
            "SELECT old->>'state', new->>'state' FROM audit.entry"
            " WHERE table_name = 'public.day_chunk' AND operation = 'UPDATE'"
        )
    )
    assert [tuple(row) for row in trail] == [("provisional", "final")]


def test_every_signal_has_the_stream_that_brings_it():
    assert finality.STREAM_OF.keys() == set(Signal)


SYNCED = datetime(2026, 3, 9, 7, 40, 12, tzinfo=UTC)
READ = datetime(2026, 3, 9, 8, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "change", "synced", "words"),
    [
        (None, "added", SYNCED, "read 2026-03-09T08:00Z"),
        ("provisional", "added", SYNCED, "samples came to it: read 2026-03-09T08:00Z"),
        ("provisional", "revised", SYNCED, "the provider changed samples: read 2026-03-09T08:00Z"),
        (
            "final", "added", SYNCED,
            "device handed over late: last sync 2026-03-09T07:40Z after the day was final",
        ),
        ("final", "added", None, "samples came to it after the day was final: read 2026-03-09T08:00Z"),
        (
            "final", "absent", SYNCED,
            "the provider took samples away after the day was final: read 2026-03-09T08:00Z",
        ),
    ],
)  # fmt: skip
def test_a_new_version_says_why_it_exists(state, change, synced, words):
    assert because(state, change, synced, READ) == words
