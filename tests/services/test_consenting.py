"""Consent by data type: what is covered when it was observed, and when it arrives."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.services import consenting, enrolling
from hometrial.services.consenting import FOR_EVER, Consents, Spell
from hometrial_ingest.data_types import DATA_TYPE_OF, DataType
from hometrial_ingest.signals import Signal

T0 = datetime(2026, 3, 1, tzinfo=UTC)
DAYS = [T0 + timedelta(days=n) for n in range(6)]


@pytest.fixture
def person(study):
    with study.database.transaction("test") as session:
        return enrolling.add_participant(session)


def given(study, person):
    with study.database.reading() as session:
        return consenting.spells(session, person.id)


def act(study, what, person, *types, **how):
    with study.database.transaction("test") as session:
        what(session, person, types or (DataType.HEART_RATE,), source="test", **how)


def test_nothing_is_consented_to_until_it_is_given(study, person):
    consents = given(study, person)
    assert not consents.on_record
    assert not any(consents.in_force(kind, T0) for kind in DataType)


def test_a_consent_is_for_one_data_type_from_its_moment_on(study, person):
    act(study, consenting.grant, person, DataType.STEPS, since=DAYS[1])
    consents = given(study, person)
    assert not consents.in_force(DataType.STEPS, DAYS[1] - timedelta(seconds=1))
    assert consents.in_force(DataType.STEPS, DAYS[1])
    assert not consents.in_force(DataType.HEART_RATE, DAYS[2])


def test_a_withdrawal_ends_it_and_a_new_consent_begins_another_spell(study, person):
    act(study, consenting.grant, person, since=DAYS[0])
    act(study, consenting.withdraw, person, since=DAYS[1], keep_late=False)
    act(study, consenting.grant, person, since=DAYS[3])
    assert given(study, person).spells[DataType.HEART_RATE] == (
        Spell(DAYS[0], DAYS[1], keep_late=False),
        Spell(DAYS[3], FOR_EVER),
    )


def test_to_consent_twice_changes_nothing(study, person):
    act(study, consenting.grant, person, since=DAYS[0])
    act(study, consenting.grant, person, since=DAYS[2])
    assert given(study, person).spells[DataType.HEART_RATE] == (Spell(DAYS[0]),)


def test_what_was_never_given_cannot_be_withdrawn(study, person):
    with pytest.raises(TrialError, match="no consent in force for heart_rate"):
        act(study, consenting.withdraw, person, keep_late=True)


@pytest.mark.parametrize(("keep_late", "late"), [(True, [True, True, False]), (False, [False] * 3)])
def test_late_arrival_follows_what_the_withdrawal_said(keep_late, late):
    consents = Consents({DataType.HEART_RATE: (Spell(DAYS[0], DAYS[2], keep_late),)})
    at = np.array([clock.microseconds(day) for day in (DAYS[0], DAYS[1], DAYS[2])], np.int64)
    covers = consents.covers
    assert covers(Signal.HEART_RATE, at, at, DAYS[1]).tolist() == [True, True, False]
    assert covers(Signal.HEART_RATE, at, at, DAYS[4]).tolist() == late


def test_an_observation_must_lie_in_one_spell_whole():
    consents = Consents({DataType.SLEEP: (Spell(DAYS[1], DAYS[2]), Spell(DAYS[2], DAYS[3]))})
    hour = timedelta(hours=1)
    nights = [(DAYS[1] - hour, DAYS[1] + hour), (DAYS[1], DAYS[1] + hour), (DAYS[2] - hour, DAYS[2]),
              (DAYS[2] - hour, DAYS[2] + hour)]  # fmt: skip
    begin, end = (np.array([clock.microseconds(n[i]) for n in nights], np.int64) for i in (0, 1))
    assert consents.covers(Signal.SLEEP_SESSION, begin, end, DAYS[5]).tolist() == [
        False, True, True, False,
    ]  # fmt: skip


def test_every_signal_is_covered_by_one_switch():
    assert set(DATA_TYPE_OF) == set(Signal)


def test_a_record_of_consent_cannot_be_changed(study, person):
    act(study, consenting.grant, person, since=DAYS[0])
    with (
        pytest.raises(Exception, match="append-only"),
        study.database.transaction("test") as session,
    ):
        session.connection().exec_driver_sql("UPDATE consent_event SET decision = 'withdrawn'")
