"""Imputed values are pooled by Rubin's rules, computed here by hand, and a finding tips where its interval meets 0."""

import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hometrial.exports.estimates import imputing


def test_pooling_follows_rubin_with_the_degrees_of_barnard_and_rubin():
    estimates, variances, complete = [0.5, 0.62, 0.41, 0.55], [0.04, 0.05, 0.045, 0.038], 23
    found = imputing.pooled(estimates, variances, complete)
    m, mean = 4, sum(estimates) / 4
    within = sum(variances) / m
    between = sum((each - mean) ** 2 for each in estimates) / (m - 1)
    total = within + (1 + 1 / m) * between
    share = (1 + 1 / m) * between / total
    observed = (complete + 1) / (complete + 3) * complete * (1 - share)
    df = 1 / (1 / ((m - 1) / share**2) + 1 / observed)
    half = stats.t.ppf(0.975, df) * math.sqrt(total)
    assert found.df == pytest.approx(df, abs=1e-9)
    assert found.df < complete
    assert (found.low, found.high) == pytest.approx((mean - half, mean + half), abs=1e-9)


def test_imputations_that_agree_leave_the_degrees_of_the_observed():
    found = imputing.pooled([1.0, 1.0], [0.25, 0.25], 9)
    assert found.between == 0
    assert found.df == pytest.approx(10 / 12 * 9, abs=1e-12)
    with pytest.raises(ValueError, match="1 estimates"):
        imputing.pooled([1.0], [0.2], 9)


def people(missing=(1, 5, 9, 20), n=24):
    chance = np.random.default_rng(1)
    before = chance.normal(2, 0.8, n)
    after = before + chance.normal(0.5, 0.7, n)
    after[list(missing)] = np.nan
    return pd.DataFrame({"before": before, "after": after})


def test_completions_are_the_same_for_a_seed_and_keep_what_is_known():
    values = people()
    first, second = (imputing.completed(values, seed=4, times=3) for _ in range(2))
    known = values["after"].notna()
    for one, other in zip(first, second, strict=True):
        assert one.equals(other)
        assert one["after"].notna().all()
        assert one["after"][known].to_numpy() == pytest.approx(values["after"][known].to_numpy())
    assert not first[0].equals(imputing.completed(values, seed=5, times=1)[0])
    donors = set(values["after"].dropna())
    assert set(first[0]["after"][~known]) <= donors  # predictive means are matched, not invented


def test_a_pooled_change_of_nobody_missing_is_the_plain_mean():
    whole = people(missing=())
    d = list(whole["after"] - whole["before"])
    found = imputing.pooled_change(d, [[], []])
    assert found.estimate == pytest.approx(np.mean(d), abs=1e-12)
    assert found.within == pytest.approx(np.var(d, ddof=1) / len(d), abs=1e-12)


def test_drawn_changes_tip_at_the_first_delta_whose_pooled_interval_holds_nothing():
    seen = [-1.2, -0.8, -1.5, -0.9, -1.1, -0.7, -1.3, -1.0, -0.6, -1.4]
    drawn = [[-1.0, -0.7, -1.2], [-0.8, -1.5, -0.9], [-1.1, -1.3, -0.6]]
    found = imputing.tipping_drawn(seen, drawn, worse=1.0)
    unit = 0.25 * np.std(seen, ddof=1)
    for step, (delta, mean, low, high) in enumerate(found.steps):
        assert delta == pytest.approx(step * unit, abs=1e-12)
        moved = [[*seen, *(each + delta for each in one)] for one in drawn]
        by_hand = imputing.pooled(
            [float(np.mean(one)) for one in moved],
            [float(np.var(one, ddof=1)) / len(one) for one in moved],
            12,
        )
        assert (mean, low, high) == pytest.approx(
            (by_hand.estimate, by_hand.low, by_hand.high), abs=1e-9
        )
    assert all(high < 0 for *_, high in found.steps[:-1])
    assert found.steps[-1][3] >= 0
    assert found.delta == found.steps[-1][0] > 0
    with pytest.raises(ValueError, match="at least two"):
        imputing.tipping_drawn([1.0], drawn, worse=1.0)


def test_values_are_imputed_only_where_it_is_worth_it():
    assert imputing.is_worth_it(20, 2)
    assert not imputing.is_worth_it(19, 10)
    assert not imputing.is_worth_it(30, 2)


def test_a_finding_tips_at_the_first_delta_whose_interval_holds_nothing():
    changes = [-1.2, -0.8, -1.5, -0.9, -1.1, -0.7, -1.3, -1.0, -0.6, -1.4]
    found = imputing.tipping(changes, missing=5, worse=1.0)
    unit = 0.25 * np.std(changes, ddof=1)
    assert found.delta == pytest.approx((len(found.steps) - 1) * unit, abs=1e-12)
    for delta, mean, low, high in found.steps:
        filled = [*changes, *[np.mean(changes) + delta] * 5]
        half = stats.t.ppf(0.975, 14) * np.std(filled, ddof=1) / math.sqrt(15)
        assert (mean, low, high) == pytest.approx(
            (np.mean(filled), np.mean(filled) - half, np.mean(filled) + half), abs=1e-9
        )
    assert all(high < 0 for *_, high in found.steps[:-1])
    assert found.steps[-1][3] >= 0


def test_a_finding_that_holds_nothing_already_tips_at_once_and_without_missing_nothing_tips():
    assert imputing.tipping([-1, 1, -2, 2], missing=2, worse=1.0).delta == 0
    assert imputing.tipping([-1.0, -1.1, -0.9], missing=0, worse=1.0).delta is None
    with pytest.raises(ValueError, match="at least two"):
        imputing.tipping([1.0], missing=1, worse=1.0)
