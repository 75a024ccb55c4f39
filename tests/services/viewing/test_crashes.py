"""Suspected crashes: what the rule says word by word, and how much it finds on synthetic people who crash."""

from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pytest

from hometrial import participant
from hometrial.services.viewing.timeline.crashes import Series, Signs, Suspected, days_of, suspected

FIRST = date(2026, 3, 2)
RUN_IN, DAYS, PEOPLE = 14, 120, 60


def day(number):
    return FIRST + timedelta(days=number)


def series(values, usual):
    return Series({day(n): v for n, v in enumerate(values) if v is not None}, usual)


STEPS = [1000, 1100, 900, 1050, 950, 1000, 1020, 980]
PULSE = [60.0, 61, 59, 60, 60, 62, 58, 60]
BED = [600.0] * 8
NONE = Series({}, ())


def signs(steps, pulse, *, bed=(), variability=NONE, taps=()):
    return Signs(
        series(steps, STEPS), series(pulse, PULSE), series(bed, BED), variability, frozenset(taps)
    )


def test_two_days_of_few_steps_and_a_raised_pulse_are_suspected():
    found = suspected(signs([1000, 400, 500, 1000], [60, 66, 65, 60]))
    assert found == (Suspected(day(1), day(2), ("few steps", "resting heart rate up")),)
    assert days_of(found) == {day(1), day(2)}


@pytest.mark.parametrize(("steps", "pulse"), [
    ([1000, 400, 500, 1000], [60, 61, 60, 60]),  # few steps alone
    ([1000, 1000, 1000, 1000], [60, 68, 68, 60]),  # a raised pulse alone
    ([1000, 400, 1000, 1000], [60, 66, 60, 60]),  # one day that nobody tapped
    ([1000, 400, 500, 1000], [60, 63, 63, 60]),  # 3 above the median, not more
    ([1000, None, 400, 1000], [60, 66, 66, 60]),  # not worn is not low
])  # fmt: skip
def test_less_than_that_is_not(steps, pulse):
    assert suspected(signs(steps, pulse)) == ()


def test_one_low_day_beside_a_tap_is_suspected_and_says_so():
    (found,) = suspected(signs([1000, 400, 1000], [60, 66, 60], taps=[day(2)]))
    assert (found.first, found.last) == (day(1), day(1))
    assert found.signs[-1] == "bad day told"


def test_a_day_between_two_low_ones_does_not_part_them():
    (found,) = suspected(signs([400, None, 400, 1000], [66, None, 66, 60]))
    assert (found.first, found.last) == (day(0), day(2))


def test_longer_in_bed_and_less_variability_count_beside_few_steps():
    variability = series([18.0, 18.0], [30.0, 31, 29, 30, 32, 28, 30])
    found = suspected(signs([400, 400], [], bed=[600, 721], variability=variability))
    assert found[0].signs == ("few steps", "longer in bed", "variability down")


def test_without_a_week_of_usual_days_nothing_is_said():
    short = Signs(Series({day(0): 1.0, day(1): 1.0}, STEPS[:6]), NONE, NONE, NONE, {day(0)})
    assert suspected(short) == ()


def test_no_page_of_the_participants_site_can_tell_anybody_of_a_suspicion():
    site = Path(participant.__file__).parent
    texts = [each.read_text(encoding="utf-8") for each in site.rglob("*.py")]
    assert texts
    assert not [each for each in texts if "timeline" in each or "suspected" in each]


def one_person(chance):
    """Return a person's signs and their crashes, (first day, last day) each.

    A severely ill person: some 1500 steps a day that vary by a third, a resting pulse with a deviation of 2.5, a
    drift, days not worn, one infection without a crash; crashes of 2 to 6 days, a third to half the steps, 5 beats
    more, a fifth less variability, two hours more in bed, half of them tapped.
    """
    level = chance.uniform(600, 2500)
    steps = level * np.exp(chance.normal(0, 0.3, DAYS))
    pulse = 60 + chance.normal(0, 2.5, DAYS) + np.linspace(0, chance.normal(0, 1), DAYS)
    bed = 620 + chance.normal(0, 60, DAYS)
    hrv = 30 * np.exp(chance.normal(0, 0.15, DAYS))
    crashes, taps, at = [], set(), RUN_IN + int(chance.integers(5, 15))
    while at < DAYS - 8:
        length = int(chance.integers(2, 7))
        where = slice(at, at + length)
        steps[where] *= chance.uniform(0.33, 0.55)
        pulse[where] += chance.normal(5, 1.5)
        bed[where] += chance.normal(120, 50)
        hrv[where] *= chance.uniform(0.7, 0.9)
        crashes.append((day(at), day(at + length - 1)))
        if chance.random() < 0.5:
            taps.add(day(at))
        at += length + int(chance.integers(12, 30))
    fever = int(chance.integers(RUN_IN, DAYS - 3))
    pulse[fever : fever + 2] += 7
    worn = chance.random(DAYS) > 0.08
    pick = lambda values: Series(  # noqa: E731
        {day(n): float(values[n]) for n in range(DAYS) if worn[n]},
        [float(values[n]) for n in range(RUN_IN) if worn[n]],
    )
    return Signs(pick(steps), pick(pulse), pick(bed), pick(hrv), frozenset(taps)), crashes


def test_of_seeded_crashes_four_in_five_are_found_and_nine_in_ten_windows_are_crashes():
    chance = np.random.default_rng(7)
    there = found = windows = right = 0
    for _ in range(PEOPLE):
        given, crashes = one_person(chance)
        said = [each for each in suspected(given) if each.first >= day(RUN_IN)]
        meets = lambda one, other: one[0] <= other[1] and other[0] <= one[1]  # noqa: E731
        spans = [(each.first, each.last) for each in said]
        there += len(crashes)
        found += sum(any(meets(crash, span) for span in spans) for crash in crashes)
        windows += len(spans)
        right += sum(any(meets(crash, span) for crash in crashes) for span in spans)
    assert there > 150
    assert found / there >= 0.8, (found, there)
    assert right / windows >= 0.9, (right, windows)
