"""Answers are kept as they were given, and what tells of danger is acted upon at once."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from asked import MORNING, SCREENING, SELF, STAFF, in_trial
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hometrial.models import Response
from hometrial.services import enrolling
from hometrial.services.asking import opening, saving, words
from hometrial.services.asking.opening import NotAskedError, NotYoursError
from hometrial.services.asking.saving import AnswerRefusedError, Entry
from hometrial.services.safety import alerts
from hometrial.services.trial import following


def phq9(ward, manner=SELF):
    return opening.open_form(ward.session, ward.person, "phq9", SCREENING, manner)


def save(ward, sitting, item, value=None, **more):
    return saving.save(ward.session, ward.person, sitting.id, Entry(item, value, **more))


def open_alerts(ward):
    return [each.alert for each in alerts.states(ward.session, person=ward.person)]


def test_the_last_word_holds_and_the_earlier_ones_are_kept_with_their_paradata(ward):
    sitting = phq9(ward)
    assert save(ward, sitting, "phq9_1", 2, screen=1, seconds=4.5).refused == []
    ward.at_clock(MORNING + timedelta(minutes=1))
    save(ward, sitting, "phq9_1", 0, screen=3, seconds=2.0)
    save(ward, sitting, "phq9_2", skipped="prefer_not", screen=2)
    rows = words.spoken(ward.session, sitting.response_id)
    assert [(row.item, row.value, row.skipped, row.screen, row.seconds) for row in rows] == [
        ("phq9_1", 2, None, 1, 4.5),
        ("phq9_1", 0, None, 3, 2.0),
        ("phq9_2", None, "prefer_not", 2, None),
    ]
    assert words.values(words.last(rows)) == {"phq9_1": 0}
    assert rows[0].answered_at == MORNING


def test_a_form_is_taken_up_again_on_another_device_in_another_language(ward):
    first = phq9(ward)
    save(ward, first, "phq9_1", 1)
    second = phq9(ward, replace(SELF, device={"screen": "1280x800"}))
    save(ward, second, "phq9_2", 1)
    assert first.response_id == second.response_id
    assert first.wording_sha256 == second.wording_sha256
    assert {row.sitting_id for row in words.spoken(ward.session, first.response_id)} == {
        first.id,
        second.id,
    }
    with pytest.raises(opening.definitions.WordingAbsentError, match="no words in de"):
        phq9(ward, replace(SELF, language="de"))


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        (Entry("phq9_11", 1), "no item"),
        (Entry("phq9_1", 4), "options are 0, 1, 2, 3"),
        (Entry("phq9_1", "1"), "give a number"),
        (Entry("phq9_1", True), "give a number"),
        (Entry("phq9_1"), "say why there is none"),
        (Entry("phq9_1", 1, skipped="prefer_not"), "say why there is none"),
        (Entry("phq9_1", skipped="bored"), "bored is no reason here"),
        (Entry("phq9_1", 1, seconds=-1.0), "-1.0 seconds"),
        (Entry("phq9_1", 1, seconds=float("nan")), "nan seconds"),
        (Entry("phq9_1", 1, answered_at=MORNING + timedelta(hours=1)), "yet to come"),
    ],
)
def test_what_cannot_be_kept_is_refused_with_its_reason(ward, entry, why):
    sitting = phq9(ward)
    with pytest.raises(AnswerRefusedError, match=why):
        saving.save(ward.session, ward.person, sitting.id, entry)
    assert words.spoken(ward.session, sitting.response_id) == ()


def test_the_form_of_another_person_is_nobody_elses(ward):
    sitting = phq9(ward)
    other = in_trial(ward.session, consent=date(2026, 3, 2))
    with pytest.raises(NotYoursError, match="open it from the list"):
        saving.save(ward.session, other, sitting.id, Entry("phq9_1", 1))
    with pytest.raises(NotYoursError):
        saving.save(ward.session, other, other.id, Entry("phq9_1", 1))


def test_what_is_closed_is_answered_by_staff_alone_and_with_a_reason(ward):
    sitting = phq9(ward)
    closes = opening.find(ward.session, ward.person, "phq9", SCREENING).opening.closes_at
    assert closes == datetime(2026, 3, 30, 22, tzinfo=UTC)
    ward.at_clock(closes - timedelta(seconds=1))
    save(ward, sitting, "phq9_1", 1)
    ward.at_clock(closes)
    with pytest.raises(AnswerRefusedError, match="closed at"):
        save(ward, sitting, "phq9_2", 1)
    with pytest.raises(NotAskedError, match="closed at"):
        phq9(ward)
    with pytest.raises(NotAskedError, match="say why"):
        phq9(ward, replace(STAFF, because=" "))
    late = phq9(ward, STAFF)
    assert len(save(ward, late, "phq9_2", 1).words) == 1
    assert late.because == "told by phone"


def test_nothing_can_be_said_before_its_time_or_of_what_is_not_asked(ward):
    with pytest.raises(NotAskedError, match="not asked pgi_c on W4#1"):
        opening.open_form(ward.session, ward.person, "pgi_c", "W4#1", SELF)
    with pytest.raises(NotAskedError, match="not asked eligibility"):
        opening.open_form(ward.session, ward.person, "eligibility", SCREENING, SELF)
    following.anchor(ward.session, ward.person, "run_in_start", date(2026, 3, 5), because="test")
    with pytest.raises(NotAskedError, match=r"opens at 2026-03-05T16:00"):
        opening.open_form(ward.session, ward.person, "ldn_diary", "ldn_diary@2026-03-05", SELF)


def test_after_withdrawal_an_open_form_takes_nothing_more(ward):
    sitting = phq9(ward)
    following.anchor(ward.session, ward.person, "withdrawal", date(2026, 3, 1), because="test")
    with pytest.raises(AnswerRefusedError, match="no longer asked"):
        save(ward, sitting, "phq9_1", 1)


def test_item_9_shows_the_crisis_numbers_and_raises_a_red_alert_before_anything_is_submitted(ward):
    sitting = phq9(ward)
    assert save(ward, sitting, "phq9_9", 0).crisis is None
    assert open_alerts(ward) == []
    saved = save(ward, sitting, "phq9_9", 1)
    assert saved.crisis.country == "DE"
    assert "0800 111 0 111" in [line.call for line in saved.crisis.lines]
    (alert,) = open_alerts(ward)
    assert (alert.rule, alert.level, alert.values) == (
        "phq9.self_harm_thoughts",
        "red",
        {"phq9_9": 1},
    )
    assert alert.due_at == MORNING + timedelta(hours=24)
    assert len(words.spoken(ward.session, sitting.response_id)) == 2


def test_item_9_at_two_raises_one_alert_the_more_urgent(ward):
    save(ward, phq9(ward), "phq9_9", 2)
    (alert,) = open_alerts(ward)
    assert (alert.rule, alert.due_at) == (
        "phq9.self_harm_thoughts_often",
        MORNING + timedelta(hours=2),
    )


def test_the_same_danger_said_again_shows_the_numbers_and_raises_nothing_more_but_worse_does(ward):
    sitting = phq9(ward)
    save(ward, sitting, "phq9_9", 1)
    assert save(ward, sitting, "phq9_9", 1).crisis is not None
    assert len(open_alerts(ward)) == 1
    save(ward, sitting, "phq9_9", 3)
    save(ward, sitting, "phq9_9", 1)
    assert [each.rule for each in open_alerts(ward)] == [
        "phq9.self_harm_thoughts_often",
        "phq9.self_harm_thoughts",
    ]


def test_danger_told_too_late_to_be_kept_is_acted_upon_all_the_same(ward):
    sitting = phq9(ward)
    ward.at_clock(datetime(2026, 4, 1, 9, tzinfo=UTC))
    saved = save(ward, sitting, "phq9_9", 1)
    assert "closed at" in saved.refused[0].reason
    assert saved.crisis.emergency == "112"
    assert len(open_alerts(ward)) == 1
    assert words.spoken(ward.session, sitting.response_id) == ()


def test_the_numbers_are_those_of_the_country_where_the_person_is_now(ward):
    sitting = phq9(ward)
    move = {"valid_from": MORNING - timedelta(hours=1), "source": "test"}
    enrolling.set_zone(ward.session, ward.person, "America/Chicago", **move)
    crisis = save(ward, sitting, "phq9_9", 1).crisis
    assert (crisis.country, crisis.emergency, crisis.lines[0].call) == ("US", "911", "988")
    enrolling.set_zone(
        ward.session, ward.person, "UTC", valid_from=MORNING - timedelta(minutes=1), source="test"
    )
    crisis = save(ward, sitting, "phq9_9", 1).crisis
    assert (crisis.country, crisis.lines[0].name) == (None, "Find A Helpline")


@pytest.mark.parametrize("table", ["answer", "sitting", "response", "instrument_version"])
def test_what_was_said_is_never_rewritten(study, at_clock, table):
    at_clock(MORNING)
    with study.database.transaction("test", "asking") as session:
        person = in_trial(session, consent=date(2026, 3, 2))
        sitting = opening.open_form(session, person, "phq9", SCREENING, SELF)
        saving.save(session, person, sitting.id, Entry("phq9_1", 1))
    with (
        pytest.raises(DBAPIError, match="append-only"),
        study.database.transaction("test", "tamper") as session,
    ):
        session.execute(text(f"DELETE FROM {table}"))  # noqa: S608
    with study.database.reading() as session:
        assert session.get(Response, sitting.response_id) is not None
