"""Why an hour of a linked person is not known: one cause, the first that holds."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from wearer import enrol

from hometrial import clock
from hometrial.models import Pause
from hometrial.services import consenting, enrolling
from hometrial.services.consenting import Consents, Spell
from hometrial.services.metrics import READ
from hometrial.services.syncing import coverage, obstacles
from hometrial.services.syncing.obstacles import LinkedAccount, Obstacles, common, shared
from hometrial_ingest.data_types import DataType
from hometrial_ingest.provider import PairedDevice, TryLaterError

HOUR = 3_600_000_000
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
START = clock.microseconds(BEGIN)


def _at(hour):
    return BEGIN + timedelta(hours=hour)


def _spans(*hours):
    return np.array([(START + a * HOUR, START + b * HOUR) for a, b in hours], np.int64).reshape(
        -1, 2
    )


def _account(
    known=(), status="active", error=None, handed_over=10, streams=("heart_rate", "sleep")
):
    return LinkedAccount(
        uuid4(), START, status, frozenset(streams), {"heart_rate": _spans(*known)},
        {"heart_rate": error} if error else {},
        None if handed_over is None else START + int(handed_over * HOUR),
    )  # fmt: skip


CONSENTED = Consents({kind: (Spell(_at(0)),) for kind in DataType})


def _reads(*accounts, consents=CONSENTED, paused=(), now=6, stream="heart_rate"):
    """Return what is said of each of the first six hours."""
    found = Obstacles(tuple(accounts), consents, _spans(*paused), START + int(now * HOUR))
    starts = START + np.arange(6, dtype=np.int64) * HOUR
    return list(found.reads(stream, starts, starts + HOUR))


def test_hours_that_were_read_after_the_hand_over_are_read():
    assert _reads(_account(known=[(0, 6)])) == [READ] * 6


def test_an_hour_that_is_not_over_is_not_spoken_of():
    assert len(_reads(_account(), now=3.5)) == 3


def test_an_hour_is_read_only_if_all_of_it_was():
    assert _reads(_account(known=[(1, 2.5), (3, 4)])) == [
        "unknown", READ, "unknown", READ, "unknown", "unknown",
    ]  # fmt: skip


def test_of_an_hour_in_which_consent_began_the_rest_must_be_read():
    given_ = Consents({DataType.HEART_RATE: (Spell(_at(1.5)),)})
    told = _reads(_account(known=[(1.5, 6)]), consents=given_)
    assert told == ["not_consented", READ, READ, READ, READ, READ]


def test_hours_after_the_last_hand_over_are_not_synced():
    told = _reads(_account(known=[(0, 2)], handed_over=3.5))
    assert told == [READ, READ, "unknown", "not_synced", "not_synced", "not_synced"]


def test_an_account_that_never_handed_over_is_not_synced():
    assert set(_reads(_account(handed_over=None))) == {"not_synced"}


@pytest.mark.parametrize(
    ("account", "cause"),
    [
        ({"status": "retired", "error": "reconnect_needed"}, "retired"),
        ({"error": "retired"}, "retired"),
        ({"status": "reconnect_needed", "error": "scope_missing"}, "token_dead"),
        ({"status": "unlinked"}, "token_dead"),
        ({"status": "unlinking"}, "token_dead"),
        ({"error": "reconnect_needed"}, "token_dead"),
        ({"streams": ("sleep",), "error": "try_later"}, "scope_missing"),
        ({"error": "scope_missing"}, "scope_missing"),
        ({"status": "not_linked"}, "not_in_source"),
        ({"error": "try_later", "handed_over": None}, "provider_outage"),
        ({"error": "rate_limited"}, "provider_outage"),
        ({"error": "our_bug", "handed_over": 1}, "not_synced"),
        ({"error": "our_bug"}, "unknown"),
    ],
)
def test_the_first_obstacle_that_holds_is_told(account, cause):
    assert _reads(_account(**account))[5] == cause


@pytest.mark.parametrize("status", ["retired", "reconnect_needed", "unlinked"])
def test_what_is_known_stays_known_whatever_becomes_of_the_link(status):
    told = _reads(_account(known=[(0, 4)], status=status))
    assert told[:4] == [READ] * 4
    assert READ not in told[4:]


def test_consent_is_asked_before_everything_else():
    given_ = Consents({DataType.HEART_RATE: (Spell(_at(0), _at(2)), Spell(_at(4)))})
    told = _reads(_account(known=[(0, 6)]), consents=given_, paused=[(0, 6)])
    assert told == ["paused", "paused", "not_consented", "not_consented", "paused", "paused"]


def test_after_a_withdrawal_hours_that_were_never_read_are_not_consented():
    given_ = Consents({DataType.HEART_RATE: (Spell(_at(0), _at(4)),)})
    told = _reads(_account(known=[(0, 2)], status="unlinked"), consents=given_)
    assert told == [READ, READ, *["not_consented"] * 4]


def test_each_type_of_data_has_its_own_consent():
    given_ = Consents({DataType.SLEEP: (Spell(_at(0)),)})
    assert set(_reads(_account(known=[(0, 6)]), consents=given_)) == {"not_consented"}
    assert "not_consented" not in _reads(_account(), consents=given_, stream="sleep")


def test_a_pause_tells_of_the_hours_that_it_covers():
    told = _reads(_account(known=[(0, 6)]), paused=[(1, 3.5)])
    assert told == [READ, "paused", "paused", READ, READ, READ]


def test_of_several_accounts_the_best_knowledge_wins_and_else_the_latest_speaks():
    newest = _account(known=[(3, 5)], error="try_later")
    oldest = _account(known=[(0, 2)], status="retired")
    told = _reads(newest, oldest)
    assert told == [READ, READ, "provider_outage", READ, READ, "provider_outage"]


def test_two_accounts_may_know_an_hour_together():
    assert _reads(_account(known=[(0, 0.5)]), _account(known=[(0.5, 1)]))[0] == READ


_UNION = st.sets(st.integers(0, 40), max_size=12).map(
    lambda edges: np.array(sorted(edges)[: len(edges) // 2 * 2], np.int64).reshape(-1, 2)
)


@given(_UNION, _UNION, st.integers(0, 40), st.integers(0, 10))
def test_what_spans_share_is_counted_to_the_microsecond(one, other, start, length):
    in_one = {at for first, end in one for at in range(first, end)}
    in_both = in_one & {at for first, end in other for at in range(first, end)}
    window = set(range(start, start + length))
    edges = np.array([start], np.int64), np.array([start + length], np.int64)
    assert shared(one, *edges)[0] == len(window & in_one)
    assert shared(common(one, other), *edges)[0] == len(window & in_both)


def test_the_database_tells_the_same(study):
    with study.database.transaction("test") as session:
        stranger, wearer = enrol(session, "P-0001"), enrol(session, "P-0002")
        account = wearer.link(session, _at(1), streams=["heart_rate"])
        old = wearer.link(session, _at(0), status="retired", consents=())
        coverage.add(session, account, "heart_rate", [(_at(2), _at(3))])
        coverage.add(session, old, "heart_rate", [(_at(1), _at(2))])
        coverage.note_devices(
            session,
            account,
            [
                PairedDevice("w", "Watch", "tracker", _at(4)),
                PairedDevice("s", "S", "scale", _at(9)),
            ],
            _at(5),
        )
        owner = enrolling.find_participant(session, wearer.code)
        session.add(Pause(participant_id=wearer.id, start_at=_at(5), end_at=None, reason="ill"))
        consenting.withdraw(
            session, owner, [DataType.STEPS], since=_at(3), keep_late=False, source="t"
        )
        loaded = obstacles.load(session, [stranger.id, wearer.id], _at(6))
        coverage.fail(session, account, "heart_rate", TryLaterError("down"))
        failing = obstacles.load(session, [wearer.id], _at(6))[wearer.id]
    assert loaded.keys() == {wearer.id}
    starts = START + np.arange(6, dtype=np.int64) * HOUR
    told = loaded[wearer.id].reads("heart_rate", starts, starts + HOUR)
    assert told == ("not_consented", READ, READ, "unknown", "not_synced", "paused")
    assert failing.reads("heart_rate", starts, starts + HOUR)[3:5] == ("provider_outage",) * 2
    assert set(loaded[wearer.id].reads("steps", starts, starts + HOUR)) == {"not_consented"}
    assert loaded[wearer.id].since == START + HOUR
