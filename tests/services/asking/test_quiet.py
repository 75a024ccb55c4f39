"""Until when reminders rest on bad days: chosen, replaced, over with the bad day, never without end."""

from datetime import timedelta

import pytest
from tests.support.asked import MORNING, in_trial

from hometrial.services.asking import resting
from hometrial.services.asking.resting import RestRefusedError


@pytest.fixture
def session(study, at_clock):
    at_clock(MORNING)
    with study.database.transaction("test", "rest") as session:
        yield session


def test_the_newest_word_holds_until_it_is_over(session, at_clock):
    person = in_trial(session)
    resting.tap(session, person, by="p")
    resting.keep_quiet(session, person, MORNING + timedelta(days=7), by="p")
    at_clock(MORNING + timedelta(hours=1))
    resting.keep_quiet(session, person, MORNING + timedelta(days=1), by="p")
    assert resting.quiet_until(session, person) == MORNING + timedelta(days=1)
    at_clock(MORNING + timedelta(days=1))
    assert resting.quiet_until(session, person) is None


def test_who_is_better_is_reminded_again(session, at_clock):
    person = in_trial(session)
    resting.tap(session, person, by="p")
    resting.keep_quiet(session, person, MORNING + timedelta(days=7), by="p")
    at_clock(MORNING + timedelta(hours=1))
    resting.better(session, person, by="p")
    assert resting.quiet_until(session, person) is None
    assert resting.rests(session, person) is None


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=-1), timedelta(days=29)])
def test_a_rest_has_an_end_that_is_to_come(session, ahead):
    with pytest.raises(RestRefusedError, match="choose a time from now on"):
        resting.keep_quiet(session, in_trial(session), MORNING + ahead, by="p")


def test_a_tap_after_better_is_a_new_bad_day(session, at_clock):
    person = in_trial(session)
    for act in (resting.tap, resting.tap, resting.better, resting.tap):
        act(session, person, by="p")
        at_clock(MORNING + timedelta(seconds=len(resting.taps(session, person))))
    assert [row.kind for row in resting.taps(session, person)] == ["begun", "over", "begun"]
