"""The dose when an event began, told only as exactly as the onset is known."""

from decimal import Decimal

import courses
import pytest

from hometrial.protocol.dosing.coarse import CoarseDate
from hometrial.protocol.dosing.course import Course
from hometrial.protocol.dosing.standing import Kind
from hometrial.protocol.safety.onset import UNKNOWN, Onset, at_onset


@pytest.fixture(scope="module")
def course():
    """0.5 mg from 2 March 2026 on, 1 mg from day 7, on hold from day 20, 1 mg again from day 27."""
    person = courses.Person()
    person.start()
    person.order(Kind.STEP_UP, 7, "1.0", step=2)
    person.order(Kind.HOLD, 20)
    person.order(Kind.RESUME, 27, "1.0", step=2)
    return person.course


@pytest.mark.parametrize(
    ("number", "mg", "days"),
    [(0, "0.5", 0), (6, "0.5", 6), (7, "1.0", 0), (19, "1.0", 12), (20, "0", 0), (30, "1.0", 3)],
)
def test_the_dose_of_the_day_and_the_days_since_it_was_changed(course, number, mg, days):
    assert at_onset(course, CoarseDate.on(courses.day(number))) == Onset(Decimal(mg), days)


def test_a_month_in_which_the_dose_changed_tells_no_dose(course):
    assert at_onset(course, CoarseDate.of("2026-03")) == UNKNOWN


def test_a_month_with_one_dose_tells_it_but_no_number_of_days(course):
    assert at_onset(course, CoarseDate.of("2026-05")) == Onset(Decimal("1.0"), None)


def test_nothing_is_told_without_an_onset_before_the_first_dose_or_without_doses(course):
    assert at_onset(course, None) == UNKNOWN
    assert at_onset(course, CoarseDate.of("2026-02")) == UNKNOWN
    assert at_onset(Course(), CoarseDate.of("2026-03-05")) == UNKNOWN
    assert at_onset(course, CoarseDate.of("2026")) == UNKNOWN
