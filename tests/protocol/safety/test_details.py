"""An event may lack anything, and contradict nothing."""

from datetime import date

import pytest

from hometrial.protocol.safety.details import Details, faults

TODAY = date(2026, 3, 2)


def of(**known):
    return faults(Details(**known), TODAY)


@pytest.mark.parametrize(
    "known",
    [
        {},
        {"verbatim": "my head"},
        {"term": "headache"},
        {"severity": "severe", "start": "2026"},
        {"start": "2026-02", "stop": "2026-02"},
        {"start": "2026-02-28", "start_time": "23:59", "ongoing": True},
        {"start": "2026-03-02"},
        {"start": "2026", "stop": "2026-01-01"},
        {"stop": "2025"},
        {"grade": 5, "serious": ("death",), "outcome": "fatal"},
        {"grade": 4, "serious": ()},
        {"grade": 1, "serious": ("medically_important",), "hys_law": True},
        {"naranjo": {"after_drug": "yes"}, "related": True, "who_umc": "possible"},
    ],
)
def test_missing_detail_is_no_fault(known):
    assert of(**known) == ()


@pytest.mark.parametrize(
    ("known", "said"),
    [
        ({"term": "flue"}, "term 'flue'"),
        ({"severity": "bad"}, "severity: 'bad' is none of mild, moderate, severe"),
        ({"grade": 0}, "grade: 0 is none of 1, 2, 3, 4, 5"),
        ({"serious": ("pain",)}, "serious: 'pain' is no criterion; there are death"),
        ({"serious": ("disability", "disability")}, "serious: a criterion is there twice"),
        ({"start": "2026-13"}, "start: date '2026-13'"),
        ({"start": "2026-02-30"}, "start: date '2026-02-30'"),
        ({"start": "2025/2026"}, "start: '2025/2026' is a range"),
        ({"start": "2026-03-03"}, "start: 2026-03-03 is still to come"),
        ({"stop": "2027"}, "stop: 2027 is still to come"),
        ({"start": "2026-02", "stop": "2026-01"}, "stop: 2026-01 is before the start"),
        ({"stop": "2026-01", "ongoing": True}, "ongoing: it stopped"),
        ({"start": "2026-02-01", "start_time": "24:00"}, "start_time: '24:00' is no time"),
        ({"start": "2026-02", "start_time": "10:00"}, "start_time: it needs the day"),
        ({"start_time": "10:00"}, "start_time: it needs the day"),
        ({"outcome": "fatal", "serious": ("disability",)}, "outcome: 'fatal' without death"),
        ({"outcome": "recovered", "serious": ("death",)}, "outcome: 'recovered' of an event that"),
        ({"grade": 5, "serious": ()}, "grade: 5, but grade 5 and death go together"),
        ({"grade": 3, "serious": ("death",)}, "grade: 3, but grade 5 and death go together"),
        ({"hys_law": True}, "hys_law: it is serious"),
        ({"related": False, "who_umc": "certain"}, "who_umc: WHO-UMC 'certain' says reasonable"),
        ({"related": True, "who_umc": "unlikely"}, "who_umc: WHO-UMC 'unlikely' says no reasonable"),
        ({"naranjo": {"x": "yes"}}, "naranjo: Naranjo question 'x'"),
        ({"action": "tripled"}, "action: 'tripled'"),
        ({"outcome": "gone"}, "outcome: 'gone'"),
        ({"dechallenge": "yes"}, "dechallenge: 'yes'"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_with_field_and_value(known, said):
    assert any(each.startswith(said) for each in of(**known)), of(**known)


def test_every_fault_is_told_at_once():
    assert len(of(grade=9, severity="x", start="y", term="z")) == 4


def test_severity_counts_until_somebody_has_judged_the_grade():
    assert Details().level is None
    assert Details(severity="severe").level == 3
    assert Details(severity="severe", grade=1).level == 1


def test_what_nobody_has_judged_is_not_serious_yet_and_severity_is_not_seriousness():
    assert not Details(grade=4).is_serious
    assert not Details(serious=()).is_serious
    assert Details(serious=("hospitalisation",)).is_serious
    assert not Details(serious=("hospitalisation",)).is_gravest
    assert Details(serious=("life_threatening",)).is_gravest
