"""A heart that beats faster in sleep than in the run-in calls for a look, each night once (HR1, features.md E6)."""

from datetime import date, timedelta

import pytest

from hometrial import clock
from hometrial.models import Alert, DailyMetric
from hometrial.services.metrics.series import Baseline
from hometrial.services.safety import heart
from hometrial.services.trial import following

USUAL = Baseline(60.0, 1.0, 14)


def nights(last, *rates):
    """Return nights that end on a day, the last rate last; None: no valid night."""
    days = [last - timedelta(days=back) for back in range(len(rates))][::-1]
    return {day: rate for day, rate in zip(days, rates, strict=True) if rate is not None}


LAST = date(2026, 3, 2)


@pytest.mark.parametrize(
    ("rates", "found"),
    [
        ((60, 60, 69, 69, 69, 69, 69), True),
        ((60, 60, 60, 69, 69, 69, 69), True),
        ((60, 60, 60, 60, 60, 69, 69), False),
        ((69, 69, 69, 69, 69, None, 69), False),
        ((60, 60, 67, 67, 67, 67, 67), False),
        ((), False),
    ],
)
def test_three_valid_nights_in_a_row_above_the_own_run_in(rates, found):
    assert (heart.above(nights(LAST, *rates), USUAL) == LAST) is found


def test_a_wide_run_in_asks_for_more():
    wide = Baseline(60.0, 4.0, 14)  # 3 x 1.4826 x 4 = 17.8
    assert heart.above(nights(LAST, *[75] * 6), wide) is None
    assert heart.above(nights(LAST, *[79] * 6), wide) == LAST


@pytest.fixture
def measured(session, person):
    """A person of the trial with a fortnight of run-in at 60 and a week at 72."""
    today = clock.now().date()
    following.anchor(session, person, "consent", today - timedelta(days=30), because="signed")
    following.anchor(session, person, "run_in_end", today - timedelta(days=8), because="over")
    for back in range(22, 0, -1):
        session.add(
            DailyMetric(
                participant_id=person.id, day=today - timedelta(days=back), metric="rhr_sleep",
                value=72.0 if back < 8 else 60.0, rule="rhr_sleep", rule_version=2, computed_at=clock.now(),
            )
        )  # fmt: skip
    session.flush()
    return person


def test_it_is_raised_once_for_a_night_and_says_what_is_usual(session, measured, noise):
    assert heart.watch(session) == 1
    alert = session.query(Alert).one()
    assert (alert.rule, alert.level, alert.participant_id) == ("HR1", "blue", measured.id)
    assert (alert.values["usual"], alert.values["now"]) == (60.0, 72.0)
    assert heart.watch(session) == 0


def test_who_has_no_run_in_yet_is_not_judged(session, person):
    assert heart.watch(session) == 0
