"""Scores of the shipped instruments: every published or computed example, to its last digit."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial.questionnaires.functions import ScoringError
from hometrial.questionnaires.loading import named
from hometrial.questionnaires.scoring import score

RAND36 = named("rand36")
PHQ9 = named("phq9")
CDAI = named("cdai")


def rand36(changes, *blank):
    """Return answers to the RAND-36: all 1, except the changes; blank ones left out."""
    answers = dict.fromkeys(range(1, 37), 1) | changes
    return {f"rand36_{number}": value for number, value in answers.items() if number not in blank}


CASE_M = {1: 4, 2: 3, 3: 1, 4: 1, 5: 2, 6: 1, 7: 2, 8: 2, 9: 1, 10: 1, 11: 2, 12: 3, 13: 1, 14: 1}
CASE_M |= {15: 1, 16: 2, 17: 2, 18: 1, 19: 2, 20: 4, 21: 4, 22: 3, 23: 6, 24: 5, 25: 5, 26: 4}
CASE_M |= {27: 6, 28: 5, 29: 2, 30: 4, 31: 1, 32: 2, 33: 2, 34: 5, 35: 3, 36: 5}
M_SCORES = {"pf": 30, "rp": 25, "re": 66.6667, "ef": 5, "ew": 64, "sf": 25, "p": 45, "gh": 20}


def test_rand36_with_every_item_answered_1():
    found = score(RAND36, rand36({})).scores
    expected = {"pf": 0, "rp": 0, "re": 0, "ef": 50, "ew": 40, "sf": 50, "p": 100, "gh": 60}
    assert found == {**expected, "change": 100}


def test_rand36_case_m():
    scored = score(RAND36, rand36(CASE_M))
    assert dict(scored.scores) == pytest.approx({**M_SCORES, "change": 50}, abs=1e-4)
    assert (scored.flags, scored.n_missing, scored.prorated) == ((), 0, False)


def test_rand36_averages_over_what_is_answered():
    scored = score(RAND36, rand36(CASE_M, 9, 21, 22))
    assert scored.scores["p"] is None
    without_pain = {**M_SCORES, "pf": 33.3333, "change": 50} | {"p": None}
    assert dict(scored.scores) == pytest.approx(without_pain, abs=1e-4)
    assert scored.n_missing == 3


def test_rand36_flags_a_scale_of_less_than_half_its_items():
    half = score(RAND36, rand36(CASE_M, 3, 4, 5, 6, 7))
    less = score(RAND36, rand36(CASE_M, 3, 4, 5, 6, 7, 8))
    assert (half.flags, less.flags) == ((), ("pf:<half",))
    assert less.scores["pf"] is not None


def phq9(*answers):
    """Return answers to items 1, 2, … of the PHQ-9; None is blank."""
    return {f"phq9_{number}": value for number, value in enumerate(answers, 1)}


def test_phq9_with_every_item_2():
    scored = score(PHQ9, phq9(*[2] * 9))
    assert (scored.scores["total"], scored.bands["total"]) == (18, "moderately_severe")
    assert "major_depressive_syndrome" in scored.flags


def test_phq9_with_one_symptom():
    scored = score(PHQ9, phq9(3, *[0] * 8))
    assert (scored.scores["total"], scored.bands["total"]) == (3, "minimal")
    assert "major_depressive_syndrome" not in scored.flags


def test_phq9_with_two_blanks_is_prorated_and_with_three_is_none():
    seven = score(PHQ9, phq9(2, 2, 2, 2, 2, 2, None, None, 2))
    assert (seven.scores["total"], seven.prorated) == (18.0, True)
    assert "total:prorated" in seven.flags
    six = score(PHQ9, phq9(2, 2, 2, 2, 2, None, None, None, 2))
    assert (six.scores["total"], "total" in six.bands) == (None, False)


def test_phq9_never_makes_up_an_answer_about_self_harm():
    scored = score(PHQ9, phq9(*[2] * 8, None))
    assert (scored.scores["total"], scored.scores["phq8"]) == (None, 16)


@pytest.mark.parametrize(
    ("answers", "flags"),
    [
        ((2, 0, 2, 2, 2, 0, 0, 0, 1), {"major_depressive_syndrome"}),
        ((2, 0, 2, 2, 1, 0, 0, 0, 1), {"other_depressive_syndrome"}),
        ((2, 0, 0, 0, 0, 0, 0, 0, 0), set()),
        ((1, 1, 2, 2, 2, 2, 2, 2, 3), set()),
    ],
)
def test_phq9_algorithm_needs_a_core_symptom_and_enough_others(answers, flags):
    assert set(score(PHQ9, phq9(*answers)).flags) - {"phq2_positive"} == flags


@pytest.mark.parametrize(
    ("total", "band"),
    [(4, "minimal"), (5, "mild"), (9, "mild"), (10, "moderate"), (15, "moderately_severe")],
)
def test_phq9_bands_begin_where_they_are_said_to(total, band):
    answers = [3] * (total // 3) + [total % 3] + [0] * 9
    assert score(PHQ9, phq9(*answers[:9])).bands["total"] == band


def test_gad7_example():
    scored = score(named("gad7"), {f"gad7_{n}": v for n, v in enumerate((1, 1, 2, 0, 1, 2, 3), 1)})
    assert (scored.scores["total"], scored.bands["total"]) == (10, "moderate")


def cdai(stools, pain, well_being, **visit):
    """Return answers to the CDAI form: three weeks of daily entries, and the visit."""
    days = {"stools": stools, "pain": pain, "well_being": well_being}
    absent = dict.fromkeys(("joints", "eyes", "skin", "anal", "fistula", "fever"), 0)
    entries = {f"{k}_{n}": v for k, values in days.items() for n, v in enumerate(values, 1)}
    return {**entries, **absent, "antidiarrhoeal": 0, "mass": 0, "sex": 1, **visit}


CDAI_A = cdai(
    (5, 6, 4, 7, 5, 6, 5),
    (2, 2, 1, 2, 2, 1, 2),
    (2, 2, 2, 2, 1, 2, 2),
    joints=1,
    antidiarrhoeal=1,
    haematocrit=38,
    weight=55,
    standard_weight=62,
)
CDAI_B = cdai(
    (1, 2, 1, 1, 1, 2, 1),
    (0, 1, 0, 0, 0, 0, 0),
    (1, 0, 0, 1, 0, 0, 0),
    haematocrit=41,
    weight=60,
    standard_weight=62,
)
CDAI_C = cdai(
    (2,) * 7, (1,) * 7, (1,) * 7, mass=2, sex=2, haematocrit=50, weight=80, standard_weight=70
)


def test_cdai_examples():
    before, after, third = (score(CDAI, each) for each in (CDAI_A, CDAI_B, CDAI_C))
    assert before.scores["total"] == pytest.approx(312.290, abs=5e-4)
    assert after.scores["total"] == pytest.approx(46.226, abs=5e-4)
    assert after.scores["total"] - before.scores["total"] == pytest.approx(-266.065, abs=5e-4)
    assert third.scores["total"] == pytest.approx(104)
    assert [each.bands["total"] for each in (before, after)] == ["moderate_severe", "remission"]


def test_cdai_counts_the_mean_of_at_least_four_days_seven_times():
    four = {k: v for k, v in CDAI_C.items() if k not in ("stools_1", "stools_2", "stools_3")}
    scored = score(CDAI, four)
    assert scored.scores["total"] == pytest.approx(104)
    assert "stools:prorated" in scored.flags
    assert scored.outcomes["total"].prorated
    del four["stools_4"]
    assert score(CDAI, four).scores["total"] is None


def test_hbi_example():
    none = ("arthralgia", "erythema_nodosum", "aphthous_ulcer", "pyoderma_gangrenosum")
    absent = dict.fromkeys((*none, "anal_fissure", "new_fistula", "abscess"), 0)
    scored = score(
        named("hbi"), {"well_being": 2, "pain": 1, "stools": 4, "mass": 0, "uveitis": 1, **absent}
    )
    assert (scored.scores["total"], scored.bands["total"]) == (8, "moderate")


def test_a_symptom_that_is_absent_counts_0_and_one_that_is_blank_does_not_count():
    form = named("side_effects")
    absent = {item.id: 0 for item in form.items if item.stem == "present"}
    none = score(form, absent)
    assert (none.scores["symptoms"], none.scores["worst_severity"]) == (0, 0)
    assert none.n_missing == 0
    one = score(form, absent | {"nausea": 1, "nausea_severity": 3, "nausea_interference": 4})
    assert (one.scores["symptoms"], one.scores["worst_severity"]) == (1, 3)
    assert score(form, {}).scores["worst_severity"] is None


def test_the_bands_of_a_score_leave_no_gap(small):
    instrument = small()
    bands = [
        score(instrument, {"a": 2, "b": b, "c": c}).bands["total"] for b, c in ((1, 1), (2, 1))
    ]
    assert bands == ["middle", "high"]
    between = score(instrument, {"a": 1, "c": 2, "b": None})
    assert (between.scores["total"], between.bands["total"]) == (4.5, "high")


def test_a_recoding_touches_only_its_own_items_and_scores(small):
    scored = score(small(), {"a": 2, "b": 1, "c": 2})
    assert scored.scores["turned_mean"] == (0 + 50 + 7) / 3
    assert scored.scores["total"] == 5


def test_a_score_outside_its_declared_range_is_an_error(small):
    with pytest.raises(ScoringError, match="small: total comes to 6, outside its 0 to 5"):
        score(small(("range: [0, 6]", "range: [0, 5]")), {"a": 2, "b": 2, "c": 2})


def test_an_impossible_answer_makes_no_score():
    with pytest.raises(ScoringError, match="phq9_1"):
        score(PHQ9, phq9(4, *[0] * 8))


ANSWERS = st.fixed_dictionaries(
    {item.id: st.integers(1, len(RAND36.option_sets[item.options])) for item in RAND36.items}
)


@given(ANSWERS, st.sets(st.sampled_from([item.id for item in RAND36.items])))
def test_rand36_is_between_0_and_100_or_none_when_nothing_is_answered(answers, blank):
    scored = score(RAND36, {name: None if name in blank else v for name, v in answers.items()})
    for declared in RAND36.scores:
        value = scored.scores[declared.id]
        assert (value is None) == (set(declared.items) <= blank)
        assert value is None or 0 <= value <= 100
    assert scored.n_missing == len(blank)


@given(st.lists(st.integers(0, 3), min_size=9, max_size=9))
def test_phq9_totals_add_up(answers):
    scored = score(PHQ9, phq9(*answers)).scores
    assert scored["total"] == sum(answers)
    assert scored["phq8"] == sum(answers[:8])
    assert scored["phq2"] == sum(answers[:2])
    assert scored["nonsomatic"] == answers[0] + answers[1] + answers[5] + answers[8]
