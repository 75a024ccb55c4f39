"""At the edges an estimate is right or refused with a reason: never NaN, never a warning, never an interval of no spread."""

import math
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

from hometrial.exports.estimates import change, imputing, models, proportions, signed_rank

pytestmark = pytest.mark.filterwarnings("error")
NAN = float("nan")
ALIKE = [0.3, 1.1, 2.2, 3.3, 4.1]
SHIFTED = [each + 0.3 for each in ALIKE]
"""Every change is 0.3, but for the noise of binary fractions."""


@pytest.mark.parametrize(
    ("estimate", "told", "why"),
    [
        (change.paired, (ALIKE, SHIFTED), "same amount, 0.3"),
        (change.paired, ([1, 2, NAN], [1, 2, 3]), "1 of 3 pairs are no numbers"),
        (change.student, ([0.0, 0.0, 0.0],), "same amount, 0"),
        (change.student, ([1.0, NAN],), "no numbers"),
        (change.student, ([1.0],), "at least two"),
        (change.standardised, (ALIKE, SHIFTED), "no spread"),
        (change.standardised, ([1, 2], [2, 5]), "2 pairs: at least three"),
        (change.bootstrapped, ([2.0, 2.0, 2.0],), "all values are the same"),
        (change.bootstrapped, ([2.0],), "at least two"),
        (change.agreement, ([], []), "0 first values"),
        (change.agreement, ([1, 2], [1]), "are no pairs"),
        (change.agreement, ([5, 5, 5], [5, 5, 5]), "nothing varies"),
        (change.reliable, (NAN, 0.5), "standard deviation of nan"),
        (change.reliable, (-1, 0.5), "standard deviation of -1"),
        (signed_rank.signed_rank, ([1.0, NAN, 2.0], 1), "1 of 3 differences are no numbers"),
        (signed_rank.signed_rank, ([0.1 + 0.2 - 0.3, 0.0], 1), "every difference is zero"),
        (signed_rank.shift, ([],), "0 pairs: at least one"),
        (signed_rank.shift, ([1.0, NAN, 2, 3, 4, 5],), "no numbers"),
        (proportions.attainable, (50, 0), "0 people have no percentage"),
        (models.survival, ([], []), "0 times"),
        (models.survival, ([1, 2], [True]), "do not match"),
        (imputing.pooled, ([1.0, 1.0], [0.0, 0.0], 9), "allow no interval"),
        (imputing.pooled, ([1.0, 2.0], [0.5, 0.5], 0), "0 degrees of freedom"),
        (imputing.pooled_change, ([], [[1.0], [2.0]]), "1 changes: at least two"),
        (imputing.tipping, ([-1.0, -1.0], 2, 1.0), "no spread to step by"),
        (imputing.tipping, ([-1.0, NAN], 2, 1.0), "no numbers"),
        (imputing.tipping_drawn, ([2.0, 2.0], [[1.0], [2.0]], 1.0), "no spread to step by"),
    ],
)  # fmt: skip
def test_what_cannot_be_estimated_is_refused_with_the_reason(estimate, told, why):
    with pytest.raises(ValueError, match=why):
        estimate(*told)


def test_an_overlap_with_no_days_is_refused():
    for before, during in (([], [1]), ([1], []), ([1], [NAN])):
        with pytest.raises(ValueError, match=r"at least one|no numbers"):
            models.better_in(before, during, lower_is_better=True)


def exact(d):
    """Return W and the exact p value, every way of signs counted with the ranks of ties."""
    left = [Fraction(each).limit_denominator(1000) for each in d]
    left = [each for each in left if each]
    ranks = [
        int(2 * rank) for rank in stats.rankdata([float(abs(each)) for each in left])
    ]  # twice, to be whole
    ways = [1] + [0] * sum(ranks)
    for rank in ranks:
        ways = [n + (ways[at - rank] if at >= rank else 0) for at, n in enumerate(ways)]
    above = sum(rank for rank, each in zip(ranks, left, strict=True) if each > 0)
    least = min(above, sum(ranks) - above)
    return least / 2, min(1.0, 2 * sum(ways[: least + 1]) / 2 ** len(left))


@pytest.mark.parametrize("n", [2, 5, 9, 11])
def test_ties_and_zeros_of_few_people_are_counted_out_whatever_the_noise_of_their_decimals(n):
    chance = np.random.default_rng(n)
    before, after = (chance.integers(10, 20, n) / 10 for _ in range(2))
    d = [*(after - before), 0.1 + 0.2 - 0.3]
    found = signed_rank.signed_rank(d, seed=4)
    statistic, p = exact(d)
    assert (found.statistic, found.p) == pytest.approx((statistic, p), abs=1e-9)
    assert found.method.startswith("exact")


def test_a_half_may_have_been_printed_up_or_down():
    assert proportions.attainable(13, 8) == proportions.attainable(12, 8) == [1]
    assert proportions.attainable(12.5, 8) == [1]
    assert proportions.attainable(14, 8) == []


def test_nobody_left_has_no_standard_error():
    found = models.survival([2, 3, 3], [True, True, True])
    assert found.shares == pytest.approx((2 / 3, 0))
    assert found.errors[0] == pytest.approx(math.sqrt((2 / 3) ** 2 / (3 * 2)), abs=1e-12)
    assert found.errors[1] is None


def reml(values):
    """Return coefficients and both variances, the likelihood profiled over their ratio alone."""
    visits = sorted(set(values["visit"]))
    x = np.column_stack([np.ones(len(values)), *(values["visit"] == each for each in visits[1:])])
    y, (n, k) = values["y"].to_numpy(), x.shape
    groups = [np.flatnonzero(values["person"] == each) for each in values["person"].unique()]

    def parts(ratio):
        a, c, square, log = np.zeros((k, k)), np.zeros(k), 0.0, 0.0
        for rows in groups:
            inverse = np.eye(len(rows)) - ratio / (1 + len(rows) * ratio)
            log += math.log(1 + len(rows) * ratio)
            a += x[rows].T @ inverse @ x[rows]
            c += x[rows].T @ inverse @ y[rows]
            square += y[rows] @ inverse @ y[rows]
        beta = np.linalg.solve(a, c)
        return a, beta, square - beta @ c, log

    def deviance(log_ratio):
        a, _, rest, log = parts(math.exp(log_ratio))
        return (n - k) * math.log(rest) + log + np.linalg.slogdet(a)[1]

    best = optimize.minimize_scalar(
        deviance, bounds=(-9, 9), method="bounded", options={"xatol": 1e-10}
    )
    _, beta, rest, _ = parts(math.exp(best.x))
    return beta, math.exp(best.x) * rest / (n - k), rest / (n - k)


def unbalanced(people=16):
    chance = np.random.default_rng(8)
    own = chance.normal(0, 0.7, people)
    return pd.DataFrame(
        {"person": who, "visit": week, "y": 5 - week / 8 + own[who] + chance.normal(0, 0.4)}
        for who in range(people)
        for week in (0, 4, 8)
        if week == 0 or chance.random() > 0.3
    )


def test_an_unbalanced_model_equals_a_likelihood_written_out_by_hand():
    values = unbalanced()
    found = models.over_visits(values)
    beta, between, within = reml(values)
    assert [each.estimate for each in found.effects] == pytest.approx(list(beta), abs=1e-6)
    assert found.between == pytest.approx(between, rel=1e-4)
    assert found.within == pytest.approx(within, rel=1e-4)


def test_a_model_of_nothing_that_varies_is_refused():
    people = [(who, week) for who in range(12) for week in (0, 4)]
    for y, why in (
        (lambda *_: 3.0, "all values are the same"),
        (lambda who, week: who - week, "nothing varies within people"),
        (lambda who, week: NAN if who == 3 else who * 7 % 5 + week, "no numbers"),
    ):
        rows = [{"person": who, "visit": week, "y": float(y(who, week))} for who, week in people]
        with pytest.raises(ValueError, match=why):
            models.over_visits(pd.DataFrame(rows))
    with pytest.raises(ValueError, match="one visit alone"):
        models.over_visits(unbalanced().query("visit == 0"))


def arms(n=14):
    chance = np.random.default_rng(6)
    before = chance.normal(50, 10, n)
    arm = np.where(np.arange(n) % 2, "1", "2")
    after = before * 0.8 + 3 * (arm == "2") + chance.normal(0, 1, n)
    return pd.DataFrame({"arm": arm, "before": before, "after": after, "stratum": "-"})


@pytest.mark.parametrize(
    ("changed", "stratum", "why"),
    [
        (lambda rows: rows.assign(arm="1"), None, "1 arms cannot be compared"),
        (lambda rows: rows.assign(before=50.0), None, "follow from each other"),
        (lambda rows: rows.head(3), None, "3 people do not determine 3 coefficients"),
        (lambda rows: rows.assign(stratum=rows["arm"]), "stratum", "follow from each other"),
        (lambda rows: rows.assign(stratum=["a"] + ["b"] * 13), "stratum", "one person alone"),
        (lambda rows: rows.assign(after=rows["before"] + (rows["arm"] == "2")), None, "fit exactly"),
        (lambda rows: rows.assign(after=rows["after"].where(rows.index > 1)), None, "2 of 14 values after"),
    ],
)  # fmt: skip
def test_arms_that_cannot_be_told_apart_are_not_compared(changed, stratum, why):
    assert math.isfinite(models.between_arms(arms()).low)
    with pytest.raises(ValueError, match=why):
        models.between_arms(changed(arms()), stratum)


def test_values_are_drawn_of_ten_people_and_more_alone():
    few = pd.DataFrame({"before": np.arange(24.0), "after": [*map(float, range(9)), *([NAN] * 15)]})
    with pytest.raises(ValueError, match="9 values of after are known; it takes 10"):
        imputing.completed(few)
    assert not imputing.is_worth_it(24, 15)
    assert imputing.is_worth_it(24, 14)
