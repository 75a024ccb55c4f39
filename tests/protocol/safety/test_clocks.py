"""Clocks run from the first moment at which anybody knew; nothing resets them, and late stays late."""

from datetime import UTC, datetime, timedelta

import pytest

from hometrial.protocol.safety.clocks import Learned, running
from hometrial.protocol.safety.details import Details

T0 = datetime(2026, 3, 2, 22, 30, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def told(*known, **reported):
    versions = [Learned(T0 + after, Details(**details)) for after, details in known]
    return {each.clock.id: each for each in running(versions, reported)}


SERIOUS = {"serious": ("hospitalisation",)}
SUSAR = SERIOUS | {"related": True, "expected": False}


@pytest.mark.parametrize(
    ("details", "clocks"),
    [
        ({}, set()),
        ({"grade": 4}, set()),
        ({"serious": ()}, set()),
        (SERIOUS | {"related": False}, {"serious_to_sponsor"}),
        (SERIOUS | {"related": True, "expected": True}, {"serious_to_sponsor"}),
        (SUSAR, {"serious_to_sponsor", "susar_to_regulator"}),
        (SERIOUS, {"serious_to_sponsor", "susar_to_regulator"}),
        (
            {"serious": ("life_threatening",)},
            {"serious_to_sponsor", "fatal_susar_to_regulator", "fatal_susar_follow_up"},
        ),
        ({"pregnancy": True}, {"pregnancy_to_sponsor"}),
        ({"related": True, "expected": False, "grade": 3}, set()),
    ],
)
def test_which_clocks_an_event_starts(details, clocks):
    assert set(told((DAY * 0, details))) == clocks


def test_the_clocks_have_their_lengths():
    found = told((DAY * 0, SUSAR | {"pregnancy": True}))
    assert {name: each.due_at - T0 for name, each in found.items()} == {
        "serious_to_sponsor": 24 * HOUR,
        "susar_to_regulator": 15 * DAY,
        "pregnancy_to_sponsor": 24 * HOUR,
    }
    fatal = told((DAY * 0, SUSAR | {"serious": ("death",)}))
    assert fatal["fatal_susar_to_regulator"].due_at - T0 == 7 * DAY
    assert fatal["fatal_susar_follow_up"].due_at - T0 == 15 * DAY


def test_what_nobody_has_judged_counts_as_related_and_unexpected_and_is_said_to_be_provisional():
    assert told((DAY * 0, SERIOUS))["susar_to_regulator"].is_provisional
    assert not told((DAY * 0, SUSAR))["susar_to_regulator"].is_provisional
    assert not told((DAY * 0, SERIOUS))["serious_to_sponsor"].is_provisional


def test_a_later_version_starts_its_own_clock_and_resets_none():
    found = told((DAY * 0, SUSAR), (2 * DAY, SUSAR), (3 * DAY, SUSAR | {"serious": ("death",)}))
    assert found["serious_to_sponsor"].started_at == T0
    assert found["susar_to_regulator"].due_at == T0 + 15 * DAY
    assert found["fatal_susar_to_regulator"].due_at == T0 + 10 * DAY


def test_an_event_that_is_judged_harmless_later_keeps_the_clock_that_ran():
    found = told((DAY * 0, SUSAR), (DAY, {"serious": ()}), (2 * DAY, SUSAR), (3 * DAY, {}))
    assert found["serious_to_sponsor"].started_at == T0
    assert not found["serious_to_sponsor"].still_holds
    assert told((DAY * 0, SUSAR))["serious_to_sponsor"].still_holds


def test_a_version_that_tells_that_it_was_known_earlier_starts_the_clock_earlier():
    found = told((DAY, SERIOUS), (DAY * 0, SERIOUS))
    assert found["serious_to_sponsor"].started_at == T0


def test_time_left_ends_at_the_clock_and_late_is_late_also_after_the_report():
    clock = told((DAY * 0, SERIOUS))["serious_to_sponsor"]
    assert clock.time_left(T0 + 20 * HOUR) == 4 * HOUR
    assert not clock.is_late(T0 + 24 * HOUR)
    assert clock.is_late(T0 + 25 * HOUR)
    assert clock.time_left(T0 + 25 * HOUR) == -HOUR
    late = told((DAY * 0, SERIOUS), serious_to_sponsor=T0 + 25 * HOUR)["serious_to_sponsor"]
    assert late.is_late(T0 + 90 * DAY)
    assert late.time_left(T0 + 90 * DAY) is None
    in_time = told((DAY * 0, SERIOUS), serious_to_sponsor=T0 + 24 * HOUR)["serious_to_sponsor"]
    assert not in_time.is_late(T0 + 90 * DAY)


def test_somebody_is_reminded_at_12_and_20_hours_until_it_is_reported():
    clock = told((DAY * 0, SERIOUS))["serious_to_sponsor"]
    steps = [len(clock.reminders_due(T0 + n * HOUR)) for n in (11, 12, 19, 20, 400)]
    assert steps == [0, 1, 1, 2, 2]
    reported = told((DAY * 0, SERIOUS), serious_to_sponsor=T0 + 13 * HOUR)["serious_to_sponsor"]
    assert reported.reminders_due(T0 + 30 * HOUR) == (T0 + 12 * HOUR,)
