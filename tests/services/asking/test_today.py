"""The list of today: what is open for one person in their own zone, with the minutes that are left of it."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from asked import MORNING, SCREENING, SELF, in_trial

from hometrial.services import enrolling
from hometrial.services.agreeing import standing
from hometrial.services.asking import (
    completeness,
    occasions,
    opening,
    resting,
    saving,
    submitting,
    today,
)
from hometrial.services.asking.saving import Entry
from hometrial.services.trial import following


def due(ward, at=None):
    found = today.today(ward.session, ward.person, "en", at)
    return {each.occasion.form.id: (each.state, each.minutes) for each in found}


def run_in(ward, day=date(2026, 3, 2)):
    following.anchor(ward.session, ward.person, "run_in_start", day, because="test")


def test_each_form_is_listed_with_the_minutes_that_are_left_until_it_is_handed_in(ward):
    new = {
        "phq9": ("new", 3),
        "gad7": ("new", 2),
        "rand36": ("new", 8),
        "dsq_pem": ("new", 4),
    }
    assert due(ward) == new
    sitting = opening.open_form(ward.session, ward.person, "phq9", SCREENING, SELF)
    for number in range(1, 6):
        entry = Entry(f"phq9_{number}", skipped="prefer_not")
        saving.save(ward.session, ward.person, sitting.id, entry)
    assert due(ward) == new | {"phq9": ("begun", 1.5)}
    submitting.too_ill(ward.session, ward.person, sitting.id)
    assert due(ward)["phq9"] == ("too_ill", 3)
    sitting = opening.open_form(ward.session, ward.person, "phq9", SCREENING, SELF)
    for number in range(1, 10):
        entry = Entry(f"phq9_{number}", skipped="prefer_not")
        saving.save(ward.session, ward.person, sitting.id, entry)
    submitting.submit(ward.session, ward.person, sitting.id)
    assert due(ward) == {name: each for name, each in new.items() if name != "phq9"}


def test_a_diary_is_there_from_five_in_the_evening_to_four_at_night_where_the_person_is(ward):
    run_in(ward)
    opens = datetime(2026, 3, 2, 16, tzinfo=UTC)
    shown = [opens + timedelta(hours=hours, seconds=-1) for hours in (0, 11)]
    assert ["ldn_diary" in due(ward, at) for at in shown] == [False, True]
    assert "ldn_diary" in due(ward, opens)
    assert "ldn_diary" not in due(ward, opens + timedelta(hours=11))
    landed = {"valid_from": MORNING, "source": "test"}
    enrolling.set_zone(ward.session, ward.person, "America/New_York", **landed)
    assert "ldn_diary" not in due(ward, opens)
    assert "ldn_diary" in due(ward, opens + timedelta(hours=6))


def test_on_bad_days_the_diary_is_short_and_the_weekly_questions_are_excused(ward):
    run_in(ward)
    ward.at_clock(datetime(2026, 3, 7, 9, tzinfo=UTC))
    evening = datetime(2026, 3, 8, 17, tzinfo=UTC)
    usual = due(ward, evening)
    assert (usual["ldn_diary"], "side_effects" in usual) == (("new", 1.5), True)
    resting.tap(ward.session, ward.person, by="participant")
    ward.at_clock(datetime(2026, 3, 8, 9, tzinfo=UTC))
    resting.tap(ward.session, ward.person, by="participant")
    short = due(ward, evening)
    assert (short["ldn_diary"], "side_effects" in short) == (("new", 0.8), False)
    resting.better(ward.session, ward.person, by="participant")
    assert due(ward, evening) == usual


def test_a_visits_form_has_longer_if_bad_days_fall_into_its_window_where_the_protocol_says_so(ward):
    following.anchor(ward.session, ward.person, "run_in_end", date(2026, 3, 3), because="test")
    resting.tap(ward.session, ward.person, by="participant")
    calendar = occasions.calendar_of(ward.session, ward.person)
    found = {each.form.id: each for each in occasions.occasions(calendar, name="V1#1")}
    assert (found["funcap27"].extended_by, found["pgi_s"].extended_by) == (7, 0)
    later = found["funcap27"].opening.closes_at - found["pgi_s"].opening.closes_at
    assert later == timedelta(days=7)


def test_who_has_withdrawn_is_asked_nothing(ward, monkeypatch):
    monkeypatch.setattr(standing, "withdrawn_at", lambda *_: MORNING)
    assert due(ward) == {}


def test_who_stopped_keeping_diaries_is_asked_no_diary_and_their_other_forms(ward, monkeypatch):
    run_in(ward)
    evening = datetime(2026, 3, 2, 18, tzinfo=UTC)
    ward.at_clock(evening)
    usual = due(ward)
    choice = SimpleNamespace(choice="stop_diaries", decided_at=evening - timedelta(minutes=5))
    monkeypatch.setattr(standing, "in_force", lambda *_: [choice])
    assert due(ward) == {name: each for name, each in usual.items() if name != "ldn_diary"}
    lines = completeness.lines(ward.session, ward.person, "en")
    told = [(each.fate, each.reason) for each in lines if each.occasion.form.id == "ldn_diary"]
    assert told == [("excused", "no diaries any more")]
    assert due(ward, evening + timedelta(days=1)) == due(ward)


@pytest.mark.parametrize("choice", ["stop_drug_safety_only", "stop_contact"])
def test_whose_receipt_names_diaries_and_visits_is_asked_neither_from_then_on(
    ward, monkeypatch, choice
):
    run_in(ward)
    evening = datetime(2026, 3, 2, 18, tzinfo=UTC)
    ward.at_clock(evening)
    assert {"phq9", "ldn_diary"} <= set(due(ward))
    chosen = SimpleNamespace(choice=choice, decided_at=evening - timedelta(minutes=5))
    monkeypatch.setattr(standing, "in_force", lambda *_: [chosen])
    assert due(ward) == {}
    following.anchor(ward.session, ward.person, "run_in_end", date(2026, 3, 16), because="test")
    ward.at_clock(datetime(2026, 3, 16, 18, tzinfo=UTC))
    assert due(ward) == {}
    lines = completeness.lines(ward.session, ward.person, "en")
    told = {(each.occasion.form.id, each.fate, each.reason) for each in lines}
    assert ("phq9", "excused", "no questions any more") in told
    assert ("ldn_diary", "excused", "no diaries any more") in told
    assert {each.fate for each in lines} == {"excused"}


def test_who_is_being_screened_and_has_signed_nothing_is_asked_nothing(study, at_clock):
    at_clock(MORNING)
    with study.database.transaction("test", "screening") as session:
        assert today.today(session, in_trial(session), "en") == ()
