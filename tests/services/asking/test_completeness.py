"""Every form that was asked is answered, late, missed, excused or still open, and says why."""

from datetime import UTC, date, datetime

from asked import SELF, STAFF

from hometrial.services import consenting
from hometrial.services.asking import completeness, opening, resting, saving, submitting
from hometrial.services.asking.saving import Entry
from hometrial.services.trial import following

SHORT = {"dose_taken": 1, "crash": 3, "new_problem": 0}
FULL = {**SHORT, "fatigue": 5, "pain": 5, "thinking": 4, "sleep": 6, "dreams": 1}


def evening(ward, day, hour=18):
    ward.at_clock(datetime(2026, 3, day, hour, tzinfo=UTC))


def diary(ward, day, answers, manner=SELF):
    name = f"ldn_diary@2026-03-0{day}"
    sitting = opening.open_form(ward.session, ward.person, "ldn_diary", name, manner)
    for item, value in answers.items():
        saving.save(ward.session, ward.person, sitting.id, Entry(item, value))
    return sitting


def submit(ward, sitting):
    submitting.submit(ward.session, ward.person, sitting.id)


def test_each_day_of_a_diary_has_its_fate_and_its_reason(ward):
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
    away = [datetime(2026, 3, day, 12, tzinfo=UTC) for day in (7, 8)]
    consenting.pause(ward.session, ward.person, *away, "in hospital")
    evening(ward, 9, hour=9)
    submit(ward, diary(ward, 8, FULL, STAFF))
    evening(ward, 9)
    found = completeness.lines(ward.session, ward.person, "en")
    told = {
        each.occasion.due.day: (str(each.fate), each.reason)
        for each in found
        if each.occasion.form.id == "ldn_diary"
    }
    assert told == {
        2: ("answered", None),
        3: ("missed", "never opened"),
        4: ("missed", "begun and not handed in"),
        5: ("answered", "short form"),
        6: ("excused", "too ill"),
        7: ("excused", "pause: in hospital"),
        8: ("late", "told by phone"),
        9: ("open", None),
    }
    (tally,) = [each for each in completeness.tallies(found) if each.form == "ldn_diary"]
    assert (tally.answered, tally.late, tally.missed, tally.excused, tally.still_open) == (
        2,
        1,
        2,
        2,
        1,
    )
    assert (tally.expected, tally.share) == (5, 2 / 5)


def test_a_correction_does_not_make_an_answer_late(ward):
    following.anchor(ward.session, ward.person, "run_in_start", date(2026, 3, 2), because="test")
    evening(ward, 2)
    submit(ward, diary(ward, 2, FULL))
    evening(ward, 4)
    submit(ward, diary(ward, 2, {"pain": 1}, STAFF))
    line = next(
        each
        for each in completeness.lines(ward.session, ward.person, "en")
        if each.occasion.name == "ldn_diary@2026-03-02"
    )
    assert line.fate == "answered"
    assert completeness.tallies([line])[0].share == 1
    assert completeness.tallies([])[:1] == ()
