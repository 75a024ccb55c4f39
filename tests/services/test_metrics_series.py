"""Across days: sleep regularity (vectors 8.2), variation, a person's own baseline."""

import numpy as np
import pytest

from hometrial.services.metrics.series import day_to_day_sd, own_baseline, sleep_regularity_index


def _days(hours, days=8):
    return np.array(
        [[1.0] * asleep + [0.0] * (24 - asleep) for asleep in hours * (days // len(hours))]
    )


def test_identical_days_are_wholly_regular():
    assert sleep_regularity_index(_days([8])) == 100


def test_eight_and_seven_hours_in_turn():
    assert sleep_regularity_index(_days([8, 7])) == pytest.approx(91.6667, abs=1e-4)


def test_days_each_the_reverse_of_the_last_are_wholly_irregular():
    day = _days([8])[0]
    assert sleep_regularity_index(np.array([day, 1 - day] * 4)) == -100


def test_pairs_with_an_unknown_epoch_are_left_out():
    days = _days([8, 7])
    days[3, 7] = np.nan  # one of the epochs in which the days differ: 2 of its 7 pairs are gone
    assert sleep_regularity_index(days) == pytest.approx(
        -100 + 200 * (7 * 24 - 2 - 5) / (7 * 24 - 2)
    )


@pytest.mark.parametrize(("days", "known"), [(5, False), (6, True)])
def test_five_pairs_of_days_are_needed(days, known):
    assert (sleep_regularity_index(_days([8], days)) is not None) is known


def test_unknown_days_make_no_pairs():
    days = _days([8])
    days[[2, 5]] = np.nan
    assert sleep_regularity_index(days) is None


def test_variation_is_that_of_the_last_fourteen_valid_days():
    assert day_to_day_sd([9e9, *range(14)]) == pytest.approx(4.1833, abs=1e-4)
    assert day_to_day_sd(range(13)) is None


def test_a_baseline_is_robust_against_one_wild_day():
    baseline = own_baseline([2000, 2100, 1900, 2050, 1950, 2000, 90_000])
    assert (baseline.median, baseline.mad, baseline.days) == (2000, 50, 7)
    assert baseline.band() == pytest.approx((2000 - 3 * 74.13, 2000 + 3 * 74.13))


def test_six_days_make_no_baseline():
    assert own_baseline([1.0] * 6) is None
