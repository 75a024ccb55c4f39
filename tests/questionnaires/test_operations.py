"""Each operation and each rule for blanks, on numbers that can be checked by hand."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from hometrial.questionnaires.blanks import known
from hometrial.questionnaires.functions import FUNCTIONS, ScoringError
from hometrial.questionnaires.operations import Source, compute
from hometrial.questionnaires.scores import AnyScore, Missing

SCORE = TypeAdapter(AnyScore)


def outcome(values, tables=None, **declared):
    """Return what a declared score comes to for these values."""
    score = SCORE.validate_python({"id": "s", "label": "S", **declared})
    return compute(score, Source(values, tables=tables or {}))


def rule(method, **limits):
    """Return a rule for blanks as a declaration holds it."""
    return {"method": method, **limits}


FOUR = {"a": 1, "b": 2, "c": 3, "d": 6}
BLANK = {**FOUR, "d": None}
NAMES = ["a", "b", "c", "d"]


@pytest.mark.parametrize(
    ("op", "missing", "whole", "blank"),
    [
        ("sum", rule("none"), 12, 6),
        ("sum", rule("require_all"), 12, None),
        ("sum", rule("prorate_mean", max_missing=1), 12, 8),
        ("sum", rule("prorate_mean", min_answered=4), 12, None),
        ("sum", rule("person_mean_impute", min_fraction=0.5), 12, 8),
        ("sum", rule("require_all", blank_as={"d": 4}), 12, 10),
        ("sum", rule("none", must=["d"]), 12, None),
        ("mean", rule("answered_mean"), 3, 2),
        ("mean", rule("min_fraction", min_fraction=0.75), 3, 2),
        ("mean", rule("min_fraction", min_fraction=0.76), 3, None),
        ("max", rule("none"), 6, 3),
        ("max", rule("require_all"), 6, None),
    ],
)
def test_sums_means_and_maxima_follow_their_rule_for_blanks(op, missing, whole, blank):
    assert outcome(FOUR, op=op, items=NAMES, missing=missing).value == whole
    assert outcome(BLANK, op=op, items=NAMES, missing=missing).value == blank


@pytest.mark.parametrize("method", ["none", "answered_mean"])
def test_nothing_answered_is_no_score(method):
    op = "sum" if method == "none" else "mean"
    nothing = dict.fromkeys(NAMES)
    found = outcome(nothing, op=op, items=NAMES, missing=rule(method))
    assert (found.value, found.n_answered, found.n_missing) == (None, 0, 4)


def test_only_a_filled_blank_makes_a_score_prorated():
    missing = rule("prorate_mean", max_missing=1)
    assert outcome(BLANK, op="sum", items=NAMES, missing=missing).prorated
    assert not outcome(FOUR, op="sum", items=NAMES, missing=missing).prorated
    assert not outcome(BLANK, op="sum", items=NAMES, missing=rule("none")).prorated


def test_a_mean_of_less_than_half_is_marked():
    few = {**dict.fromkeys(NAMES), "a": 1}
    half = {**few, "b": 2}
    assert outcome(few, op="mean", items=NAMES, missing=rule("answered_mean")).marks == ("<half",)
    assert outcome(half, op="mean", items=NAMES, missing=rule("answered_mean")).marks == ()


@given(
    st.lists(st.integers(0, 6), min_size=2, max_size=30),
    st.data(),
)
def test_prorating_keeps_the_mean_of_what_is_answered(answers, data):
    blank = data.draw(st.sets(st.integers(0, len(answers) - 1), max_size=len(answers) - 1))
    values = {f"q{n}": None if n in blank else value for n, value in enumerate(answers)}
    total = outcome(
        values, op="sum", items=list(values), missing=rule("prorate_mean", min_answered=1)
    )
    mean = outcome(values, op="mean", items=list(values), missing=rule("answered_mean"))
    assert total.value == pytest.approx(mean.value * len(values))
    assert total.prorated == bool(blank)


@given(st.integers(1, 40), st.integers(0, 40))
def test_the_three_limits_are_one_limit_said_differently(wanted, answered):
    answered = min(answered, wanted)
    inputs = {f"q{n}": 1.0 if n < answered else None for n in range(wanted)}
    blank = wanted - answered
    by_missing = known(inputs, Missing(method="min_fraction", max_missing=max(blank, 1)))
    by_answered = known(inputs, Missing(method="min_fraction", min_answered=max(answered, 1)))
    by_share = known(inputs, Missing(method="min_fraction", min_fraction=max(answered, 1) / wanted))
    assert by_missing.enough == by_answered.enough == by_share.enough == (answered > 0)


def test_counting_counts_what_reaches_the_threshold():
    counted = outcome(FOUR, op="count_ge", items=NAMES, threshold=2, missing=rule("require_all"))
    assert counted.value == 3


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"a": 2, "b": 2, "c": 1, "d": 4}, 1),
        ({"a": 2, "b": 2, "c": 2, "d": 2}, 2),
        ({"a": 1, "b": None, "c": 2, "d": 2}, 1),
        ({"a": 2, "b": None, "c": 2, "d": 2}, None),
    ],
)
def test_a_group_counts_when_all_of_it_reaches_the_threshold(values, expected):
    groups = [["a", "b"], ["c", "d"]]
    found = outcome(values, op="count_ge", groups=groups, threshold=2, missing=rule("require_all"))
    assert found.value == expected


def test_a_weighted_sum_needs_every_input():
    weights = {"a": 2, "b": -1, "c": 0.5, "d": 0}
    assert outcome(FOUR, op="weighted_sum", weights=weights, constant=10).value == 11.5
    assert outcome(BLANK, op="weighted_sum", weights=weights, constant=10).value is None


def test_the_mean_of_scores_is_a_mean_of_what_was_scored_before():
    found = outcome(FOUR, op="mean_of_scores", scores=["b", "d"], missing=rule("require_all"))
    assert found.value == 4


def test_one_value_is_recoded_turned_or_set_on_0_to_100():
    assert outcome({"a": 2}, op="recode", of="a", table={2: 7}).value == 7
    assert outcome({"a": 2}, op="reverse", of="a", low=1, high=5).value == 4
    assert outcome({"a": 2}, op="scale_0_100", of="a", low=1, high=5).value == 25
    assert outcome({"a": None}, op="reverse", of="a", low=1, high=5).value is None


@pytest.mark.parametrize("value", [3, 2.5])
def test_a_table_that_does_not_know_a_value_says_so(value):
    with pytest.raises(ScoringError, match=f"a is {value}, and the table knows 2"):
        outcome({"a": value}, op="recode", of="a", table={2: 7})


def test_words_are_no_number():
    with pytest.raises(ScoringError, match="a holds words"):
        outcome({"a": "two"}, op="reverse", of="a", low=1, high=5)


@pytest.mark.parametrize(("value", "expected"), [(4.9, 3), (5, 2), (5.9, 2), (7, 1), (7.01, 0)])
def test_a_ladder_gives_the_first_step_that_is_not_passed(value, expected):
    steps = [
        {"below": 5, "value": 3},
        {"below": 6, "value": 2},
        {"at_most": 7, "value": 1},
        {"value": 0},
    ]
    assert outcome({"a": value}, op="lookup", of="a", steps=steps).value == expected


def test_a_table_of_the_text_pack_is_used_if_it_is_there():
    declared = {"op": "lookup", "of": "a", "pack_table": "t"}
    assert outcome({"a": 4}, {"t": {4: 33.7}}, **declared).value == 33.7
    without = outcome({"a": 4}, **declared)
    assert (without.value, without.marks) == (None, ("no_table",))
    with pytest.raises(ScoringError, match="a is 5, and the table knows 4"):
        outcome({"a": 5}, {"t": {4: 33.7}}, **declared)


def test_a_composite_grade_waits_for_what_is_blank_unless_the_first_is_0():
    declared = {"op": "composite_table", "table": "pro_ctcae_v1", "frequency": "f", "severity": "s"}
    assert outcome({"f": 3, "s": 3}, **declared).value == 3
    assert outcome({"f": 3, "s": None}, **declared).value is None
    assert outcome({"f": 0, "s": None}, **declared).value == 0


@pytest.mark.parametrize(
    ("deviation", "expected"), [("signed", -3), ("clamped", 0), ("absolute", 3)]
)
def test_a_haematocrit_above_normal_counts_as_the_setting_says(deviation, expected):
    compute_deficit = FUNCTIONS["cdai_haematocrit_v1"].compute
    assert compute_deficit({"normal": 47, "found": 50}, {"deviation": deviation}) == expected


def test_a_standard_weight_of_0_is_refused():
    with pytest.raises(ScoringError, match="standard weight is 0"):
        FUNCTIONS["cdai_weight_v1"].compute({"weight": 60, "standard": 0}, {"floor": -10})


@pytest.mark.parametrize(
    ("bed", "rise", "hours", "expected"),
    [("23:00", "07:00", 6, 75), ("00:30", "08:30", 8, 100), ("22:15", "06:15", 4, 50)],
)
def test_sleep_efficiency_counts_the_night_over_midnight(bed, rise, hours, expected):
    efficiency = FUNCTIONS["sleep_efficiency_v1"].compute
    assert efficiency({"bed": bed, "rise": rise, "hours": hours}, {}) == expected


def test_no_time_in_bed_is_no_efficiency():
    with pytest.raises(ScoringError, match="no time in bed"):
        FUNCTIONS["sleep_efficiency_v1"].compute({"bed": "23:00", "rise": "23:00", "hours": 1}, {})
