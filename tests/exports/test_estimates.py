"""The estimates equal the published vectors, and computations by hand to 1e-9."""

import itertools
import math

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from hometrial.exports.estimates import change, models, proportions, signed_rank

PRE = [356, 310, 402, 298, 275, 330, 390, 288, 265, 420, 344, 301, 377, 260, 315, 369, 283]
POST = [120, 140, 250, 90, 130, 145, 310, 110, 100, 380, 160, 125, 140, 85, 149, 220, 151]
D = [after - before for before, after in zip(PRE, POST, strict=True)]


def test_the_mean_change_of_the_vector():
    found = change.paired(PRE, POST)
    assert (found.pairs, found.df) == (17, 16)
    assert found.mean == pytest.approx(-163.4118, abs=1e-4)
    assert found.sd == pytest.approx(48.7161, abs=1e-4)
    assert found.t == pytest.approx(-13.83042, abs=1e-5)
    assert found.p == pytest.approx(2.5647e-10, rel=1e-4)
    assert (found.low, found.high) == pytest.approx((-188.4593, -138.3643), abs=1e-4)


def test_the_mean_change_by_hand():
    found = change.paired(PRE, POST)
    mean = sum(D) / 17
    sd = math.sqrt(sum((each - mean) ** 2 for each in D) / 16)
    half = stats.t.ppf(0.975, 16) * sd / math.sqrt(17)
    assert found.mean == pytest.approx(mean, abs=1e-9)
    assert found.sd == pytest.approx(sd, abs=1e-9)
    assert (found.low, found.high) == pytest.approx((mean - half, mean + half), abs=1e-9)
    assert found.p == pytest.approx(2 * stats.t.sf(abs(mean / (sd / math.sqrt(17))), 16), rel=1e-9)


def test_signed_ranks_of_the_vector_are_counted_out():
    found = signed_rank.signed_rank([*D[:-1], D[-1] + 0.5], seed=1)
    tied = signed_rank.signed_rank(D, seed=1)
    assert found.statistic == tied.statistic == 0
    if len({abs(each) for each in D}) == 17:
        assert tied.method == "exact"
        assert tied.p == pytest.approx(2 / 2**17, abs=1e-12)
    else:
        assert tied.method == "permutations, seed 1"
    assert signed_rank.signed_rank([0.0, *D], seed=1).method.startswith("permutations")
    with pytest.raises(ValueError, match="every difference is zero"):
        signed_rank.signed_rank([0.0, 0.0], seed=1)


def test_the_distribution_of_signed_ranks_is_that_of_all_signs():
    for n in (1, 2, 3, 6):
        sums = [
            sum(rank for rank, sign in zip(range(1, n + 1), signs, strict=True) if sign)
            for signs in itertools.product((False, True), repeat=n)
        ]
        assert list(signed_rank.counts(n)) == [
            sums.count(each) for each in range(n * (n + 1) // 2 + 1)
        ]


def test_the_shift_of_the_vector():
    found = signed_rank.shift(D)
    assert (found.estimate, found.low, found.high) == (-167.5, -187.0, -144.0)
    assert (found.walsh_averages, found.index) == (153, 35)
    assert (1 - found.level) / 2 == pytest.approx(0.02238, abs=1e-5)
    with pytest.raises(ValueError, match="5 pairs allow no interval of 95 %"):
        signed_rank.shift([1, 2, 3, 4, 5])
    assert signed_rank.shift([1, 2, 3, 4, 5, 6]).low == 1


def test_the_standardised_change_of_the_vector():
    found = change.standardised(PRE, POST)
    assert found.d_z == pytest.approx(-3.35437, abs=1e-5)
    assert found.j == pytest.approx(0.952381, abs=1e-6)
    assert found.j_exact == pytest.approx(0.952254, abs=1e-6)
    assert found.g_z == pytest.approx(-3.19464, abs=1e-5)
    assert found.d_av == pytest.approx(-2.50322, abs=1e-5)
    with pytest.raises(ValueError, match="no spread"):
        change.standardised([1, 2, 3], [2, 3, 4])


def test_the_bootstrap_of_the_vector():
    found = change.bootstrapped(D)
    assert (found.low, found.high) == pytest.approx((-182.88, -136.53), abs=1)
    assert found == change.bootstrapped(D)


def test_reliable_change_and_agreement():
    assert change.reliable(0.49, 0.87) == pytest.approx(0.4897, abs=1e-4)
    with pytest.raises(ValueError, match="between 0 and 1"):
        change.reliable(1, 1.2)
    # Shrout and Fleiss 1979, the first and last judge of their table: ICC(2,1) by their formula.
    first, second = [9, 6, 8, 7, 10, 6], [2, 1, 4, 1, 5, 2]
    both = np.column_stack([first, second])
    n, k = both.shape
    rows = k * both.mean(axis=1).var(ddof=1)
    columns = n * both.mean(axis=0).var(ddof=1)
    error = (both.var() * n * k - rows * (n - 1) - columns * (k - 1)) / ((n - 1) * (k - 1))
    by_hand = (rows - error) / (rows + (k - 1) * error + k * (columns - error) / n)
    assert change.agreement(first, second) == pytest.approx(by_hand, abs=1e-12)
    assert change.agreement(first, first) == pytest.approx(1)


@pytest.mark.parametrize(
    ("k", "n", "exact", "wilson"),
    [
        (15, 17, (0.6356, 0.9854), (0.6566, 0.9671)),
        (16, 17, (0.7131, 0.9985), (0.7302, 0.9895)),
        (11, 17, (0.3833, 0.8579), (0.4130, 0.8269)),
        (12, 17, (0.4404, 0.8969), (0.4687, 0.8672)),
        (0, 17, (0, 0.1951), None),
        (17, 17, (0.8049, 1), None),
        (3, 40, (0.0157, 0.2039), None),
        (5, 40, (0.0419, 0.2680), None),
        (7, 17, (0.1844, 0.6708), None),
        (161, 218, (0.6749, 0.7956), None),
    ],
)
def test_proportions_of_the_vectors(k, n, exact, wilson):
    found = proportions.proportion(k, n)
    assert (found.low, found.high) == pytest.approx(exact, abs=5e-5)
    low = stats.beta.ppf(0.025, k, n - k + 1) if k else 0
    high = stats.beta.ppf(0.975, k + 1, n - k) if k < n else 1
    assert (found.low, found.high) == pytest.approx((low, high), abs=1e-9)
    if wilson:
        other = proportions.proportion(k, n, method="wilson")
        assert (other.low, other.high) == pytest.approx(wilson, abs=5e-5)


def test_a_proportion_is_written_with_its_denominator_and_interval():
    assert str(proportions.proportion(16, 17)) == "16/17 (94.1 %; exact 95 % CI 71.3-99.9 %)"
    for k, n in ((3, 2), (-1, 4), (0, 0)):
        with pytest.raises(ValueError, match="cannot be counted"):
            proportions.proportion(k, n)


def test_no_event_excludes_what_the_vector_says():
    told = {10: 0.2589, 17: 0.1616, 20: 0.1391, 24: 0.1173, 30: 0.0950, 40: 0.0722}
    assert {n: round(proportions.without_events(n), 4) for n in told} == told
    assert proportions.proportion(0, 24).high == pytest.approx(0.1425, abs=5e-5)


def test_people_who_change_sides():
    assert proportions.changed_sides(11, 1) == pytest.approx(0.0063477, abs=1e-7)
    by_hand = 2 * sum(math.comb(12, k) for k in (0, 1)) / 2**12
    assert proportions.changed_sides(11, 1) == pytest.approx(by_hand, abs=1e-12)


@pytest.mark.parametrize(
    ("percent", "n", "expected"),
    [(89, 17, []), (67, 17, []), (89, 18, [16]), (67, 18, [12]), (94.1, 17, [16])],
)
def test_which_counts_a_printed_percentage_can_be_of(percent, n, expected):
    assert proportions.attainable(percent, n) == expected


def test_survival_of_the_vector():
    found = models.survival([4, 8, 8, 12, *[16] * 6], [1, 1, 0, 1, *[0] * 6])
    assert found.times[:3] == (4, 8, 12)
    assert found.shares[:3] == pytest.approx((0.9, 0.8, 0.685714), abs=1e-6)
    assert found.errors[:3] == pytest.approx((0.094868, 0.126491, 0.151494), abs=1e-6)


def test_a_better_phase():
    before, during = [2, 3, 2, 4, 3, 3], [3, 4, 5, 4, 5]
    assert models.better_in(before, during, lower_is_better=False) == pytest.approx(
        0.88333, abs=1e-5
    )
    pairs = [(a, b) for a in before for b in during]
    by_hand = sum((b > a) + (b == a) / 2 for a, b in pairs) / len(pairs)
    assert models.better_in(before, during, lower_is_better=False) == pytest.approx(
        by_hand, abs=1e-12
    )
    assert models.better_in(before, during, lower_is_better=True) == pytest.approx(
        1 - by_hand, abs=1e-12
    )


def visits(people=24, effect=(0.0, -0.5, -1.0), seed=3):
    chance = np.random.default_rng(seed)
    own = chance.normal(0, 0.6, people)
    return pd.DataFrame(
        {"person": f"P-{n:04}", "visit": week, "y": 5 + own[n] + effect[at] + chance.normal(0, 0.3)}
        for n in range(people)
        for at, week in enumerate((0, 4, 8))
    )


def test_a_balanced_random_intercept_model_tells_the_mean_changes():
    values = visits()
    found = models.over_visits(values)
    wide = values.pivot_table(index="person", columns="visit", values="y")
    assert found.model == "random-intercept model (REML)"
    # With everybody at every visit the coefficients are the plain mean changes.
    assert found.effects[1].estimate == pytest.approx((wide[4] - wide[0]).mean(), abs=1e-9)
    assert found.effects[2].estimate == pytest.approx((wide[8] - wide[0]).mean(), abs=1e-9)
    # And REML's variances are those of the analysis of variance.
    by_person = 3 * wide.mean(axis=1).var(ddof=1)
    rest = wide.sub(wide.mean(axis=1), axis=0).sub(wide.mean() - wide.to_numpy().mean())
    within = (rest.to_numpy() ** 2).sum() / (23 * 2)
    assert found.within == pytest.approx(within, rel=1e-5)
    assert found.between == pytest.approx((by_person - within) / 3, rel=1e-4)
    assert found.icc == pytest.approx(found.between / (found.between + found.within), abs=1e-12)


def test_a_model_that_does_not_settle_is_replaced_by_one_that_says_so(monkeypatch):
    monkeypatch.setattr(models, "_mixed", lambda *_: None)
    found = models.over_visits(visits())
    assert found.model.startswith("GEE")
    assert found.icc is None
    assert found.effects[2].estimate == pytest.approx(-1, abs=0.3)


def test_a_handful_of_people_get_no_model():
    with pytest.raises(ValueError, match="9 people are too few"):
        models.over_visits(visits(people=9))


def test_arms_are_compared_from_where_they_started():
    chance = np.random.default_rng(5)
    before = chance.normal(50, 10, 40)
    arm = np.where(np.arange(40) % 2 == 0, "DEL", "IMM")
    after = 10 + 0.8 * before - 6 * (arm == "IMM") + chance.normal(0, 2, 40)
    found = models.between_arms(pd.DataFrame({"arm": arm, "before": before, "after": after}))
    design = np.column_stack([np.ones(40), arm == "IMM", before])
    inverse = np.linalg.inv(design.T @ design)
    beta = inverse @ design.T @ after
    hat = np.einsum("ij,jk,ik->i", design, inverse, design)
    meat = design.T @ (design * (((after - design @ beta) / (1 - hat)) ** 2)[:, None])
    error = math.sqrt((inverse @ meat @ inverse)[1, 1])
    assert found.estimate == pytest.approx(beta[1], abs=1e-9)
    assert found.high - found.estimate == pytest.approx(stats.t.ppf(0.975, 37) * error, abs=1e-9)


def test_pairs_that_are_none_are_refused():
    with pytest.raises(ValueError, match="3 values before and 2 after"):
        change.paired([1, 2, 3], [1, 2])
    with pytest.raises(ValueError, match="at least two"):
        change.paired([1], [2])
