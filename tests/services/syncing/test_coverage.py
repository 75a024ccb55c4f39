"""What is known of a stream grows by ranges, and an obstacle stands until a read goes well."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from wearer import enrol

from hometrial.models import PairedDevice, StreamState
from hometrial.services.syncing import coverage
from hometrial_ingest import provider
from hometrial_ingest.provider import ScopeMissingError, TryLaterError

BEGIN = datetime(2026, 3, 2, tzinfo=UTC)


def _at(hour):
    return BEGIN + timedelta(hours=hour)


@pytest.fixture
def session(study):
    with study.database.transaction("test") as session:
        yield session


@pytest.fixture
def account(session):
    return enrol(session).link(session, _at(0))


def _state(session, account, stream="steps"):
    return session.scalars(
        select(StreamState)
        .where(StreamState.account_id == account, StreamState.stream == stream)
        .execution_options(populate_existing=True)
    ).one()


def _known(session, account):
    return [(each.lower, each.upper) for each in _state(session, account).known]


def test_ranges_that_touch_become_one_and_others_stay_apart(session, account):
    coverage.add(session, account, "steps", [(_at(0), _at(2)), (_at(5), _at(6))])
    coverage.add(session, account, "steps", [(_at(2), _at(3)), (_at(1), _at(2))])
    assert _known(session, account) == [(_at(0), _at(3)), (_at(5), _at(6))]


def test_an_empty_range_is_nothing(session, account):
    coverage.add(session, account, "steps", [(_at(3), _at(3)), (_at(4), _at(2))])
    assert session.scalars(select(StreamState)).all() == []


def test_streams_are_known_apart(session, account):
    coverage.add(session, account, "steps", [(_at(0), _at(2))])
    coverage.add(session, account, "sleep", [(_at(0), _at(1))])
    assert _known(session, account) == [(_at(0), _at(2))]


def test_an_obstacle_stands_since_the_first_failure_of_its_kind(session, account):
    coverage.fail(session, account, "steps", TryLaterError("503", request_id="r-1"), _at(1))
    first = _state(session, account)
    since = first.obstacle_since
    assert (first.obstacle, first.obstacle_text) == ("try_later", "503 (request r-1)")
    coverage.fail(session, account, "steps", TryLaterError("502"), _at(2))
    again = _state(session, account)
    assert (again.failures, again.obstacle_since, again.retry_at) == (2, since, _at(2))
    coverage.fail(session, account, "steps", ScopeMissingError("not granted"))
    other = _state(session, account)
    assert (other.obstacle, other.failures, other.retry_at) == ("scope_missing", 3, None)
    assert other.obstacle_since > since


def test_a_good_read_takes_the_obstacle_away_and_keeps_what_is_known(session, account):
    coverage.add(session, account, "steps", [(_at(0), _at(2))])
    coverage.fail(session, account, "steps", TryLaterError("503"), _at(1))
    coverage.succeed(session, account, "steps", _at(5), _at(4))
    state = _state(session, account)
    assert (state.obstacle, state.obstacle_since, state.obstacle_text) == (None, None, None)
    assert (state.failures, state.retry_at, state.read_at, state.data_until) == (
        0, None, _at(5), _at(4),
    )  # fmt: skip
    assert _known(session, account) == [(_at(0), _at(2))]


def test_an_older_read_that_ends_later_takes_no_knowledge_back(session, account):
    coverage.succeed(session, account, "steps", _at(5), _at(4))
    coverage.succeed(session, account, "steps", _at(3), _at(2))
    assert _state(session, account).read_at == _at(5)
    coverage.succeed(session, account, "steps", _at(6), None)
    state = _state(session, account)
    assert (state.read_at, state.data_until) == (_at(6), _at(4))


def test_devices_are_noted_and_one_that_is_gone_stays_as_it_was_seen(session, account):
    watch = provider.PairedDevice("w", "Watch 4", "tracker", _at(2), "High")
    coverage.note_devices(session, account, [watch], _at(3))
    band = provider.PairedDevice("b", "Band", "tracker", None)
    coverage.note_devices(session, account, [band], _at(4))
    coverage.note_devices(session, account, [], _at(5))
    rows = session.execute(
        select(PairedDevice.key, PairedDevice.last_sync_at, PairedDevice.seen_at).order_by(
            PairedDevice.key
        )
    )
    assert [tuple(row) for row in rows] == [("b", None, _at(4)), ("w", _at(2), _at(3))]


def test_a_hand_over_that_was_seen_is_not_forgotten(session, account):
    for synced in (_at(5), _at(2), None):
        watch = provider.PairedDevice("w", "Watch 4", "tracker", synced)
        coverage.note_devices(session, account, [watch], _at(6))
    assert session.scalars(select(PairedDevice.last_sync_at)).one() == _at(5)
