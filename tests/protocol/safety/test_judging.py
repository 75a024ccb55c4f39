"""Events against the run-in, the period of collection, the list of what is expected, and the protocol's rules."""

from datetime import date, timedelta

import protocols
import pytest

from hometrial.protocol.analysis import SafetyPeriod
from hometrial.protocol.safety import judging
from hometrial.protocol.safety.details import Details
from hometrial.protocol.safety.judging import Days

PERIOD = SafetyPeriod(
    adverse_events_from="first_dose", serious_events_from="consent", days_after_last_dose=28
)
CONSENT, FIRST, LAST = date(2026, 1, 10), date(2026, 2, 10), date(2026, 5, 10)
WHOLE = Days(CONSENT, FIRST, LAST)


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"term": "headache", "grade": 1}, "new"),
        ({"term": "worse_fatigue", "grade": 2}, "baseline"),
        ({"term": "worse_fatigue", "grade": 1}, "baseline"),
        ({"term": "worse_fatigue", "grade": 3}, "worsened"),
        ({"term": "worse_fatigue", "severity": "severe"}, "worsened"),
        ({"term": "worse_fatigue"}, None),
        ({"term": "headache"}, "new"),
        ({"term": "nausea", "grade": 1}, "new"),
        ({}, "new"),
    ],
)
def test_an_event_is_new_worse_or_what_was_there_before(details, expected):
    baseline = {"worse_fatigue": 2, "nausea": 0}
    assert judging.against_baseline(Details(**details), baseline) == expected


def day(start, **known):
    return judging.is_collected(Details(start=str(start), **known), WHOLE, PERIOD)


SERIOUS = {"serious": ("hospitalisation",)}


@pytest.mark.parametrize(
    ("start", "known", "expected"),
    [
        (FIRST - timedelta(days=1), {}, False),
        (FIRST, {}, True),
        (LAST + timedelta(days=28), {}, True),
        (LAST + timedelta(days=29), {}, False),
        (CONSENT - timedelta(days=1), SERIOUS, False),
        (CONSENT, SERIOUS, True),
        (LAST + timedelta(days=29), SERIOUS | {"related": False}, False),
        (LAST + timedelta(days=29), SERIOUS | {"related": True}, True),
        (LAST + timedelta(days=400), SERIOUS, True),
        ("2026-02", {}, True),
        ("2026-01", {}, False),
        ("2026", {}, True),
    ],
)
def test_events_count_from_the_first_dose_and_serious_ones_from_consent(start, known, expected):
    assert day(start, **known) is expected


def test_while_the_onset_is_unknown_nothing_is_said_and_before_the_first_dose_nothing_counts():
    assert judging.is_collected(Details(), WHOLE, PERIOD) is None
    before = Days(CONSENT, None, None)
    assert judging.is_collected(Details(start="2026-02-01"), before, PERIOD) is False
    assert judging.is_collected(Details(start="2026-02-01", **SERIOUS), before, PERIOD) is True
    on_drug = Days(CONSENT, FIRST, None)
    assert judging.is_collected(Details(start="2027-02-01"), on_drug, PERIOD) is True


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        ({"term": "vivid_dreams"}, True),
        ({"term": "vomiting"}, False),
        ({}, None),
        ({"term": "rash", "serious": ("life_threatening",)}, False),
        ({"term": "rash", "serious": ("hospitalisation",)}, True),
    ],
)
def test_what_is_expected_is_on_the_list_and_never_what_nearly_killed(details, expected):
    assert judging.is_expected(Details(**details)) is expected


@pytest.mark.parametrize(
    ("details", "rules"),
    [
        ({"term": "headache", "severity": "moderate"}, set()),
        ({"term": "headache", "severity": "severe"}, {"AE1"}),
        ({"grade": 3}, {"AE1"}),
        ({"term": "suicidal_thoughts"}, {"SI1"}),
        ({"term": "allergic_reaction", "severity": "severe"}, {"AL1", "AE1"}),
        (SERIOUS, {"SE1"}),
        ({"pregnancy": True}, {"PG1"}),
        ({"hys_law": True, **SERIOUS}, {"LV1", "SE1"}),
    ],
)
def test_which_alerts_an_event_raises(details, rules):
    assert judging.alerts_of(Details(**details)) == rules


@pytest.mark.parametrize(
    ("details", "rules"),
    [
        ({"grade": 3, "related": True}, {"S1"}),
        ({"grade": 3, "related": False}, set()),
        ({"grade": 3}, set()),
        ({"grade": 2, "related": True}, set()),
        (SERIOUS | {"grade": 3, "related": True}, {"S1", "S2"}),
        (SERIOUS | {"related": True}, {"S2"}),
        ({"serious": (), "related": True}, set()),
        ({"pregnancy": True}, {"S5"}),
    ],
)
def test_which_rules_to_stop_the_drug_an_event_meets(details, rules):
    (titration,) = protocols.shipped("ldn-mecfs").titrations
    assert {each.id for each in judging.stop_rules(titration, Details(**details))} == rules
