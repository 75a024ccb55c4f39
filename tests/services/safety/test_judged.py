"""What follows from an event by what is recorded beside it: dose, run-in, period, rules, clear days."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from tests.support import dosed

from hometrial.protocol.dosing.amounts import TimeOfDay, once
from hometrial.protocol.safety.details import Details
from hometrial.protocol.safety.onset import UNKNOWN, Onset
from hometrial.services.dosing import ordering, recording
from hometrial.services.safety import events, judged, reporting
from hometrial.services.trial import following


@pytest.fixture
def on_drug(session, at_clock):
    """Somebody of the case series on the first dose since 2 March 2026."""
    at_clock(datetime(2026, 2, 16, 9, tzinfo=UTC))
    who = dosed.eligible(session)
    at_clock(datetime(2026, 3, 2, 12, tzinfo=UTC))
    ordering.start(session, who, dosed.DOCTOR, formulation="liq")
    following.anchor(session, who, "consent", date(2026, 2, 16), because="signed")
    following.anchor(session, who, "first_dose", date(2026, 3, 2), because="told")
    at_clock(datetime(2026, 3, 20, 12, tzinfo=UTC))
    return who


def judge(session, who, said, **known):
    event = reporting.report(session, who, Details(**known), said)
    return judged.judge(session, who, events.state_of(session, event))


def test_an_event_on_the_drug_is_told_with_its_dose_and_the_days_since_the_step(session, on_drug, staff):  # fmt: skip
    found = judge(session, on_drug, staff(), term="headache", start="2026-03-09", grade=2)
    assert found.onset == Onset(Decimal("0.25"), 7)
    assert found.is_collected is True
    assert found.adjusted == "new"
    assert found.stop_rules == ()


def test_an_event_before_the_first_dose_has_no_dose_and_does_not_count(session, on_drug, staff):
    found = judge(session, on_drug, staff(), term="headache", start="2026-02-20")
    assert (found.onset, found.is_collected) == (UNKNOWN, False)


def test_an_event_is_held_against_the_persons_own_run_in(session, on_drug, person, staff):
    for who, grade in ((on_drug, 2), (person, 0)):
        reporting.record_baseline(session, who, "worse_fatigue", grade, by="dr", because="call")
    said = staff()
    assert judge(session, on_drug, said, term="worse_fatigue", grade=2).adjusted == "baseline"
    assert judge(session, on_drug, said, term="worse_fatigue", grade=3).adjusted == "worsened"
    assert judge(session, person, said, term="worse_fatigue", grade=1).adjusted == "new"


def test_the_rules_to_stop_are_those_of_the_persons_own_protocol(session, on_drug, staff):
    assert judge(session, on_drug, staff(), grade=3, related=True).stop_rules == ("S1",)
    assert judge(session, on_drug, staff(), pregnancy=True).stop_rules == ("S2",)
    assert recording.open_chart(session, on_drug).standing.state == "on drug"


def test_of_who_is_in_no_trial_only_the_run_in_is_told(session, person, staff):
    found = judge(session, person, staff(), grade=3, related=True, start="2026-02")
    assert (found.is_collected, found.stop_rules, found.adjusted) == (None, (), "new")


TODAY = date(2026, 3, 20)


@pytest.mark.parametrize(
    ("known", "days"),
    [
        ({"grade": 2, "related": True, "stop": "2026-03-17"}, 3),
        ({"grade": 2, "related": True, "stop": "2026-03"}, 0),
        ({"grade": 2, "related": True}, 0),
        ({"grade": 1, "related": True}, None),
        ({"grade": 3, "related": False}, None),
        ({"severity": "moderate", "stop": "2026-03-10"}, 10),
        ({"severity": "severe", "start": "2026-02-20"}, None),
        ({"severity": "severe", "start": "2026-02"}, None),
        ({"severity": "severe", "start": "2026-03"}, 0),
    ],
)
def test_days_are_clear_of_what_is_related_or_not_judged_yet(session, on_drug, person, told, known, days):  # fmt: skip
    reporting.report(session, person, Details(grade=3, related=True), told)
    reporting.report(session, on_drug, Details(**known), told)
    assert judged.days_clear(session, on_drug, 2, TODAY) == days


def test_words_without_a_severity_block_until_somebody_has_looked_at_them(session, on_drug, told, staff):  # fmt: skip
    event = reporting.report(session, on_drug, Details(verbatim="odd"), told)
    assert judged.days_clear(session, on_drug, 2, TODAY) == 0
    reporting.amend(session, event, {"term": "dry_mouth"}, staff(), because="asked")
    assert judged.days_clear(session, on_drug, 2, TODAY) is None


def test_the_last_of_several_events_counts(session, on_drug, told):
    for stop in ("2026-03-12", "2026-03-18", "2026-03-15"):
        known = Details(grade=2, related=True, stop=stop)
        reporting.report(session, on_drug, known, told)
    assert judged.days_clear(session, on_drug, 2, TODAY) == 2


def test_a_step_changes_the_dose_at_onset(session, on_drug, staff):
    half = once("0.5", TimeOfDay.EVENING, "liq")
    ordering.order(session, on_drug, dosed.DOCTOR, half)
    found = judge(session, on_drug, staff(), start="2026-03-20")
    assert found.onset == Onset(Decimal("0.5"), 0)
