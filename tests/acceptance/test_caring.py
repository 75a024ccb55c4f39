"""The clock's jobs about people, over what was committed before."""

from datetime import UTC, date, datetime, timedelta

import dosed
import pytest
from asked import MORNING, SCREENING, SELF, in_trial
from dosed import Dosed, day, eligible

from hometrial.protocol.dosing.standing import Kind
from hometrial.services.asking import opening, saving, submitting
from hometrial.services.asking.saving import Entry
from hometrial.services.dosing import ordering
from hometrial.services.trial import following
from hometrial.tasks import caring
from hometrial.tasks.engine import House


@pytest.fixture
def house(study):
    return House(study.database, {})


def test_what_was_handed_in_passes_the_gate_once(study, house, at_clock):
    at_clock(MORNING)
    with study.database.transaction("test", "answer") as session:
        person = in_trial(session, consent=date(2026, 3, 2))
        sitting = opening.open_form(session, person, "phq9", SCREENING, SELF)
        for number in range(1, 10):
            saving.save(session, person, sitting.id, Entry(f"phq9_{number}", 0, seconds=3.0))
        submitting.submit(session, person, sitting.id)

    assert (caring.judge_now(house), caring.judge_now(house)) == (1, 0)

    assert study.rows("SELECT status, rows_read FROM batch WHERE kind = 'questionnaire'") == [
        ("accepted", 9)
    ]
    assert study.verify().problems == ()


def test_an_end_that_was_ordered_for_later_dates_the_last_dose(study, house, at_clock):
    at_clock(datetime(2026, 2, 16, 9, tzinfo=UTC))
    with study.database.transaction("test", "enrol") as session:
        person = eligible(session)
    somebody = Dosed(study, at_clock, person).at(0)
    somebody.start()
    somebody.took_each([0, 1])
    somebody.do(ordering.take_away, dosed.why("planned"), Kind.END, on=day(3))

    def last_dose():
        caring.settle_doses_now(house)
        with study.database.reading() as session:
            return following.anchors(session, person).get("last_dose")

    assert last_dose() is None
    somebody.at(3)
    assert last_dose() == day(0) + timedelta(days=1)
