"""The calendars of the four protocols, from screening to the end, against dates counted by hand."""

import itertools
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocols import shipped

from hometrial.protocol.calendar import (
    Span,
    UnknownArmError,
    diaries_due,
    epoch_spans,
    planned_anchors,
    seams,
    visits_due,
)

NAMES = ["ldn-mecfs", "ldn-crohns", "ldn-ms", "ldn-case-series"]
ARMS = [(name, arm.id) for name in NAMES for arm in shipped(name).arms]


def day(said):
    return date.fromisoformat(said)


def anchors(**said):
    return {name: day(value) for name, value in said.items()}


IMMEDIATE = anchors(
    consent="2026-03-02",
    run_in_start="2026-03-23",
    run_in_end="2026-04-05",
    randomisation="2026-04-07",
    first_dose="2026-04-10",
    last_dose="2026-07-16",
)
DELAYED = anchors(
    consent="2026-09-01",
    run_in_start="2026-09-29",
    run_in_end="2026-10-12",
    randomisation="2026-10-13",
    first_dose="2026-12-08",
    last_dose="2027-03-15",
)
CROHNS = anchors(
    consent="2026-01-05",
    run_in_start="2026-01-19",
    run_in_end="2026-01-25",
    first_dose="2026-01-26",
    last_dose="2026-04-19",
)
MS = anchors(
    consent="2025-09-01",
    run_in_start="2025-09-22",
    run_in_end="2025-10-05",
    first_dose="2025-10-06",
    last_dose="2026-04-05",
)
SERIES = anchors(
    consent="2014-01-06",
    run_in_start="2014-01-20",
    run_in_end="2014-02-02",
    first_dose="2014-02-03",
)


def visits(name, arm, known):
    return [
        (
            each.visit,
            each.number,
            *(str(d) for d in (each.due, each.window.first, each.window.last)),
        )
        for each in visits_due(shipped(name), arm, known)
    ]


def test_the_visits_of_somebody_who_starts_at_once():
    assert visits("ldn-mecfs", "IMM", IMMEDIATE) == [
        ("V0", 1, "2026-03-02", "2026-03-02", "2026-03-30"),
        ("V1", 1, "2026-04-05", "2026-04-03", "2026-04-08"),
        ("R", 1, "2026-04-06", "2026-04-06", "2026-04-09"),
        ("T1", 1, "2026-04-13", "2026-04-12", "2026-04-15"),
        ("W4", 1, "2026-05-08", "2026-05-05", "2026-05-12"),
        ("W8", 1, "2026-06-05", "2026-06-02", "2026-06-12"),
        ("W12", 1, "2026-07-03", "2026-06-30", "2026-07-10"),
        ("W14", 1, "2026-07-17", "2026-07-14", "2026-07-24"),
        ("F4", 1, "2026-08-13", "2026-08-10", "2026-08-20"),
    ]


def test_the_visits_of_somebody_who_waits_eight_weeks():
    assert visits("ldn-mecfs", "DEL", DELAYED) == [
        ("V0", 1, "2026-09-01", "2026-09-01", "2026-09-29"),
        ("V1", 1, "2026-10-12", "2026-10-10", "2026-10-15"),
        ("R", 1, "2026-10-13", "2026-10-13", "2026-10-16"),
        ("V1b", 1, "2026-12-08", "2026-12-05", "2026-12-08"),
        ("T1", 1, "2026-12-11", "2026-12-10", "2026-12-13"),
        ("W4", 1, "2027-01-05", "2027-01-02", "2027-01-09"),
        ("W8", 1, "2027-02-02", "2027-01-30", "2027-02-09"),
        ("W12", 1, "2027-03-02", "2027-02-27", "2027-03-09"),
        ("W14", 1, "2027-03-16", "2027-03-13", "2027-03-23"),
        ("F4", 1, "2027-04-12", "2027-04-09", "2027-04-19"),
    ]


def test_the_extension_has_thirteen_visits_four_weeks_apart_for_who_enters_it():
    known = IMMEDIATE | anchors(extension_start="2026-08-24")
    found = [each for each in visits("ldn-mecfs", "IMM", known) if each[0] == "X"]
    assert [each[1] for each in found] == list(range(1, 14))
    assert found[0][2] == "2026-09-21"
    assert found[1][2] == "2026-10-19"
    assert found[-1][2] == "2027-08-23"


def test_the_visits_of_the_crohns_trial_are_four_weeks_apart_and_four_weeks_after():
    assert visits("ldn-crohns", "LDN", CROHNS) == [
        ("V0", 1, "2026-01-05", "2026-01-05", "2026-01-19"),
        ("W0", 1, "2026-01-25", "2026-01-24", "2026-01-28"),
        ("W4", 1, "2026-02-23", "2026-02-20", "2026-02-27"),
        ("W8", 1, "2026-03-23", "2026-03-20", "2026-03-27"),
        ("W12", 1, "2026-04-20", "2026-04-17", "2026-04-24"),
        ("W16", 1, "2026-05-18", "2026-05-15", "2026-05-25"),
    ]
    with_cdai = {
        each.visit
        for each in visits_due(shipped("ldn-crohns"), "LDN", CROHNS)
        if "cdai" in each.forms
    }
    assert with_cdai == {"W0", "W4", "W8", "W12", "W16"}


def test_the_visits_of_the_ms_trial_over_six_months():
    assert visits("ldn-ms", "LDN", MS) == [
        ("V0", 1, "2025-09-01", "2025-09-01", "2025-09-22"),
        ("M0", 1, "2025-10-05", "2025-10-02", "2025-10-08"),
        ("M1", 1, "2025-11-03", "2025-10-31", "2025-11-10"),
        ("M2", 1, "2025-12-01", "2025-11-28", "2025-12-08"),
        ("M3", 1, "2026-01-05", "2025-12-29", "2026-01-12"),
        ("M4", 1, "2026-02-02", "2026-01-30", "2026-02-09"),
        ("M5", 1, "2026-03-02", "2026-02-27", "2026-03-09"),
        ("M6", 1, "2026-04-06", "2026-03-30", "2026-04-13"),
        ("F1", 1, "2026-05-03", "2026-04-30", "2026-05-10"),
    ]


def test_the_case_series_goes_on_for_ten_years_twelve_weeks_at_a_time():
    found = [each for each in visits("ldn-case-series", "OWN", SERIES) if each[0] == "Q"]
    assert len(found) == 43
    assert found[0] == ("Q", 1, "2014-04-28", "2014-04-21", "2014-05-12")
    assert found[1][2] == "2014-07-21"
    assert found[12][2] == "2017-01-30"
    assert found[42] == ("Q", 43, "2023-12-25", "2023-12-18", "2024-01-08")


def epochs(name, arm, known):
    return {
        each.epoch: (str(each.days.first), str(each.days.last))
        for each in epoch_spans(shipped(name), arm, known)
    }


@pytest.mark.parametrize(("name", "arm"), ARMS)
def test_of_whom_no_day_is_known_nothing_is_due(name, arm):
    protocol = shipped(name)
    assert epoch_spans(protocol, arm, {}) == ()
    assert visits_due(protocol, arm, {}) == diaries_due(protocol, arm, {}) == ()


def test_the_epochs_of_both_arms():
    assert epochs("ldn-mecfs", "IMM", IMMEDIATE) == {
        "screen": ("2026-03-02", "2026-03-22"),
        "run_in": ("2026-03-23", "2026-04-05"),
        "titrate": ("2026-04-10", "2026-06-18"),
        "maintain": ("2026-06-19", "2026-07-16"),
        "washout": ("2026-07-17", "2026-08-13"),
    }
    assert epochs("ldn-mecfs", "DEL", DELAYED)["wait"] == ("2026-10-13", "2026-12-07")


def test_who_stops_the_drug_early_goes_into_the_washout_at_once():
    stopped = IMMEDIATE | anchors(last_dose="2026-05-19")
    found = epochs("ldn-mecfs", "IMM", stopped)
    assert found["titrate"] == ("2026-04-10", "2026-05-19")
    assert "maintain" not in found
    assert found["washout"] == ("2026-05-20", "2026-06-16")
    due = {each[0]: each[2] for each in visits("ldn-mecfs", "IMM", stopped)}
    assert due["W12"] == "2026-07-03"  # follow-up goes on
    assert due["F4"] == "2026-06-16"


def test_an_epoch_that_nothing_has_ended_lasts_its_longest_and_no_longer():
    begun = anchors(consent="2026-03-02", run_in_start="2026-03-23")
    assert epochs("ldn-mecfs", "IMM", begun) == {
        "screen": ("2026-03-02", "2026-03-22"),
        "run_in": ("2026-03-23", "2026-04-19"),
    }
    assert epochs("ldn-mecfs", "IMM", anchors(consent="2026-03-02")) == {
        "screen": ("2026-03-02", "2026-04-12")
    }


def diaries(name, arm, known, diary, bad=()):
    return [each for each in diaries_due(shipped(name), arm, known, bad) if each.diary == diary]


def test_the_diaries_of_the_me_trial_every_day_of_the_epochs_and_every_seventh():
    daily = [each.due for each in diaries("ldn-mecfs", "IMM", IMMEDIATE, "ldn_diary")]
    assert len(daily) == 14 + 70 + 28 + 28
    assert daily[0] == day("2026-03-23")
    assert daily[13:15] == [day("2026-04-05"), day("2026-04-10")]
    assert daily[-1] == day("2026-08-13")
    weekly = [str(each.due) for each in diaries("ldn-mecfs", "IMM", IMMEDIATE, "side_effects")]
    assert weekly[:4] == ["2026-03-29", "2026-04-05", "2026-04-16", "2026-04-23"]
    assert weekly[11:13] == ["2026-06-18", "2026-06-25"]
    assert weekly[-1] == "2026-08-13"
    assert len(weekly) == 2 + 10 + 4 + 4
    assert len(diaries("ldn-mecfs", "DEL", DELAYED, "ldn_diary")) == 14 + 56 + 70 + 28 + 28


def test_the_diaries_of_the_other_trials():
    cdai = diaries("ldn-crohns", "LDN", CROHNS, "cdai_diary")
    assert (str(cdai[0].due), str(cdai[-1].due), len(cdai)) == (
        "2026-01-19",
        "2026-05-25",
        7 + 84 + 36,
    )
    for visit in visits_due(shipped("ldn-crohns"), "LDN", CROHNS)[1:]:
        week = {visit.due - timedelta(n) for n in range(1, 8)}
        assert len(week & {each.due for each in cdai}) >= 6
    nrs = diaries("ldn-ms", "LDN", MS, "spasticity")
    assert (str(nrs[0].due), str(nrs[-1].due), len(nrs)) == (
        "2025-09-22",
        "2026-05-03",
        14 + 182 + 28,
    )
    series = diaries_due(shipped("ldn-case-series"), "OWN", SERIES)
    daily = [each for each in series if each.diary == "daily"]
    weekly = [each for each in series if each.diary == "weekly"]
    assert (str(daily[-1].due), len(daily)) == ("2018-01-28", 14 + 1456)
    assert str(weekly[0].due) == "2018-02-04"
    assert str(weekly[-1].due) == "2028-01-16"


def test_whoever_withdraws_is_asked_for_nothing_more_but_what_withdrawal_brings():
    left = IMMEDIATE | anchors(withdrawal="2026-06-03")
    found = visits("ldn-mecfs", "IMM", left)
    assert [each[0] for each in found] == ["V0", "V1", "R", "T1", "W4", "ET"]
    assert found[-1] == ("ET", 1, "2026-06-03", "2026-06-03", "2026-06-17")
    assert max(each.due for each in diaries_due(shipped("ldn-mecfs"), "IMM", left)) == day(
        "2026-06-03"
    )
    soon = IMMEDIATE | anchors(withdrawal="2026-05-09")
    assert ("W4", 1, "2026-05-08", "2026-05-05", "2026-05-09") in visits("ldn-mecfs", "IMM", soon)


def test_a_bad_day_shortens_the_daily_diary_and_excuses_a_weekly_one_that_is_bad_throughout():
    bad = [Span(day("2026-05-13"), day("2026-05-15"))]
    daily = {
        each.due: each.asked for each in diaries("ldn-mecfs", "IMM", IMMEDIATE, "ldn_diary", bad)
    }
    assert daily[day("2026-05-12")] == "full"
    assert [daily[day(f"2026-05-{n}")] for n in (13, 14, 15)] == ["short"] * 3
    weekly = {
        each.due: each.asked for each in diaries("ldn-mecfs", "IMM", IMMEDIATE, "side_effects", bad)
    }
    assert weekly[day("2026-05-14")] == "excused"
    part = [Span(day("2026-05-14"), day("2026-05-15"))]
    weekly = {
        each.due: each.asked
        for each in diaries("ldn-mecfs", "IMM", IMMEDIATE, "side_effects", part)
    }
    assert weekly[day("2026-05-14")] == "full"


@pytest.mark.parametrize(
    ("held", "outside"),
    [
        ("2026-06-29", -1),
        ("2026-06-30", 0),
        ("2026-07-10", 0),
        ("2026-07-11", 1),
        ("2026-07-20", 10),
    ],
)
def test_a_visit_outside_its_window_is_counted_in_signed_days(held, outside):
    (visit,) = [
        each for each in visits_due(shipped("ldn-mecfs"), "IMM", IMMEDIATE) if each.visit == "W12"
    ]
    assert visit.outside(day(held)) == outside
    longer = visit.extended(7)
    assert longer.outside(day("2026-07-17")) == 0
    assert longer.outside(day("2026-07-18")) == 1
    assert (longer.extended_by, visit.extended_by) == (7, 0)


def test_an_arm_that_the_protocol_does_not_have_is_refused():
    for ask in (visits_due, diaries_due, epoch_spans):
        with pytest.raises(
            UnknownArmError, match="arm: PLACEBO is no arm of ldn-mecfs; it has IMM, DEL"
        ):
            ask(shipped("ldn-mecfs"), "PLACEBO", IMMEDIATE)


def test_the_plan_puts_the_anchors_one_after_another():
    assert planned_anchors(shipped("ldn-mecfs"), "DEL", day("2026-09-01")) == DELAYED | anchors(
        extension_start="2027-04-13", extension_end="2028-04-11"
    )
    planned = planned_anchors(shipped("ldn-ms"), "LDN", day("2025-09-01"))
    assert planned == MS


@pytest.mark.parametrize(("name", "arm"), ARMS)
def test_the_epochs_of_the_plan_leave_no_day_out_and_none_double(name, arm):
    assert {days for _, days in seams(shipped(name), arm)} == {0}
    spans = [
        each.days
        for each in epoch_spans(
            shipped(name), arm, planned_anchors(shipped(name), arm, day("2026-01-01"))
        )
    ]
    for earlier, later in itertools.pairwise(spans):
        assert later.first - earlier.last == timedelta(1)


known_anchors = st.builds(
    lambda consent, gaps: dict(
        zip(
            [
                "consent",
                "run_in_start",
                "run_in_end",
                "randomisation",
                "first_dose",
                "last_dose",
                "extension_start",
            ],
            [consent + timedelta(sum(gaps[:n])) for n in range(len(gaps) + 1)],
            strict=False,
        )
    ),
    st.dates(date(1990, 1, 1), date(2060, 1, 1)),
    st.lists(st.integers(0, 120), max_size=6),
)
withdrawals = st.none() | st.integers(0, 400)


@given(st.sampled_from(ARMS), known_anchors, withdrawals)
def test_no_window_is_ever_empty_and_none_is_due_twice(which, known, after):
    name, arm = which
    if after is not None:
        known["withdrawal"] = known["consent"] + timedelta(after)
    visits_found = visits_due(shipped(name), arm, known)
    diaries_found = diaries_due(shipped(name), arm, known)
    for each in (*visits_found, *diaries_found):
        assert each.window.first <= each.due <= each.window.last
    assert len({(each.visit, each.number) for each in visits_found}) == len(visits_found)
    assert len({(each.diary, each.due) for each in diaries_found}) == len(diaries_found)


@given(st.sampled_from(ARMS), known_anchors, st.integers(-2000, 2000))
def test_due_days_move_with_the_anchors(which, known, days):
    protocol, arm = shipped(which[0]), which[1]
    moved = {name: value + timedelta(days) for name, value in known.items()}
    for ask in (visits_due, diaries_due):
        before, after = ask(protocol, arm, known), ask(protocol, arm, moved)
        assert [each.due + timedelta(days) for each in before] == [each.due for each in after]
        assert [each.window.last + timedelta(days) for each in before] == [
            each.window.last for each in after
        ]


@given(st.sampled_from(ARMS), known_anchors, st.integers(0, 6))
def test_what_becomes_known_later_never_moves_the_visits_that_were_due(which, known, kept):
    protocol, arm = shipped(which[0]), which[1]
    early = dict(list(known.items())[: kept + 1])
    assert set(visits_due(protocol, arm, early)) <= set(visits_due(protocol, arm, known))


@given(st.sampled_from(ARMS), known_anchors)
def test_epochs_never_share_a_day(which, known):
    spans = sorted(each.days for each in epoch_spans(shipped(which[0]), which[1], known))
    for earlier, later in itertools.pairwise(spans):
        assert earlier.last < later.first
