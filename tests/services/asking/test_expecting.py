"""What pages say of people's forms is what the calendar says, form by form, without working it out each time."""

from datetime import UTC, date, datetime

from asked import SELF, STAFF
from sqlalchemy import select

from hometrial.models import ExpectedForm
from hometrial.services import consenting, enrolling
from hometrial.services.asking import completeness, expecting, opening, resting, saving, submitting
from hometrial.services.asking.saving import Entry
from hometrial.services.trial import following
from hometrial.services.viewing import diaries
from hometrial.services.viewing.days import Days

SHORT = {"dose_taken": 1, "crash": 3, "new_problem": 0}
FULL = {**SHORT, "fatigue": 5, "pain": 5, "thinking": 4, "sleep": 6, "dreams": 1}
MARCH = Days(date(2026, 3, 1), date(2026, 3, 31))


def evening(ward, day, hour=18):
    ward.at_clock(datetime(2026, 3, day, hour, tzinfo=UTC))


def diary(ward, day, answers, manner=SELF):
    name = f"ldn_diary@2026-03-{day:02}"
    sitting = opening.open_form(ward.session, ward.person, "ldn_diary", name, manner)
    for item, value in answers.items():
        saving.save(ward.session, ward.person, sitting.id, Entry(item, value))
    return sitting


def submit(ward, sitting):
    submitting.submit(ward.session, ward.person, sitting.id)


def a_varied_week(ward):
    """Answered, never opened, begun only, on a bad day, too ill, paused, late, and one still open."""
    following.anchor(ward.session, ward.person, "run_in_start", date(2026, 3, 2), because="test")
    evening(ward, 2)
    submit(ward, diary(ward, 2, FULL))
    evening(ward, 4)
    diary(ward, 4, {"crash": 1})
    evening(ward, 5)
    resting.tap(ward.session, ward.person, by="participant")
    submit(ward, diary(ward, 5, SHORT))
    resting.better(ward.session, ward.person, by="participant")
    evening(ward, 6)
    submitting.too_ill(ward.session, ward.person, diary(ward, 6, {}).id)
    away = [datetime(2026, 3, day, 12, tzinfo=UTC) for day in (7, 9)]
    consenting.pause(ward.session, ward.person, *away, "in hospital")
    evening(ward, 10, hour=9)
    submit(ward, diary(ward, 9, FULL, STAFF))
    evening(ward, 10)


def told(ward):
    """Return the fate of each form by the calendar, as `diaries` names it."""
    found = {}
    for line in completeness.lines(ward.session, ward.person, "en"):
        fate = "too_ill" if line.reason == "too ill" else line.fate.value
        found[line.occasion.form.id, line.occasion.due, line.occasion.kind] = fate
    return found


def shown(ward):
    lines = diaries.lines(ward.session, ward.person.id, Days(date(2020, 1, 1), date(2030, 1, 1)))
    return {(line.form, line.day, line.kind): line.fate for line in lines}


def test_every_form_is_shown_with_the_fate_that_the_calendar_gives_it(ward):
    a_varied_week(ward)
    expecting.bring_up_to_date(ward.session, [ward.person.id])

    assert shown(ward) == told(ward)
    assert {"answered", "late", "missed", "too_ill", "excused", "open"} <= set(shown(ward).values())


def test_an_answer_shows_without_anything_being_worked_out_anew(ward):
    a_varied_week(ward)
    expecting.bring_up_to_date(ward.session, [ward.person.id])
    before = diaries.by_day(ward.session, [ward.person.id], MARCH)
    submit(ward, diary(ward, 10, FULL))
    after = diaries.by_day(ward.session, [ward.person.id], MARCH)

    was, now = (dict(found[str(ward.person.id)][9].counts) for found in (before, after))
    assert was["open"] == now.get("open", 0) + 1
    assert now["answered"] == 1


def test_what_is_worked_out_twice_changes_nothing(ward):
    a_varied_week(ward)
    first = expecting.bring_up_to_date(ward.session, [ward.person.id])

    assert first == ward.session.query(ExpectedForm).count() > 30
    assert expecting.bring_up_to_date(ward.session, [ward.person.id]) == 0


def test_forms_are_worked_out_for_two_months_ahead(ward):
    following.anchor(ward.session, ward.person, "run_in_start", date(2026, 3, 2), because="test")
    ward.at_clock(datetime(2026, 1, 1, 18, tzinfo=UTC))
    expecting.bring_up_to_date(ward.session, [ward.person.id])

    last = ward.session.scalar(select(ExpectedForm.opens_at).order_by(ExpectedForm.opens_at.desc()))
    assert last.date() in (date(2026, 3, 1), date(2026, 3, 2))


def test_a_bad_day_moves_the_lines_that_follow_from_it(ward):
    following.anchor(ward.session, ward.person, "run_in_start", date(2026, 3, 2), because="test")
    evening(ward, 3)
    expecting.bring_up_to_date(ward.session, [ward.person.id])
    resting.tap(ward.session, ward.person, by="participant")
    evening(ward, 4)
    expecting.bring_up_to_date(ward.session, [ward.person.id])

    assert shown(ward) == told(ward)


def test_somebody_without_a_zone_is_expected_to_fill_in_nothing(ward):
    other = enrolling.add_participant(ward.session)
    assert expecting.bring_up_to_date(ward.session, [other.id]) == 0
