"""FUNCAP27, DSQ-PEM and FIQR: their published scoring, their blanks, and the attribution that CC BY asks for."""

from importlib import resources

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial.questionnaires.loading import load, named, shipped
from hometrial.questionnaires.rendering import render
from hometrial.questionnaires.scoring import ScoringError, score

RATED = {
    "a": [6, 3, 5],
    "b": [5, 2, 0],
    "c": [3, 2, 6],
    "d": [2, 1],
    "e": [4, 2, 1],
    "x": [5],
    "f": [4, 2, 1, 0],
    "g": [4, 2, 1],
    "h": [5, 3, 4, 1, 0],
}
FUNCAP = {
    f"funcap_{letter}{number}": answer
    for letter, answers in RATED.items()
    for number, answer in enumerate(answers, 1)
}
DOMAINS = (
    "basic",
    "walking",
    "upright",
    "home",
    "communication",
    "outside",
    "senses",
    "concentration",
)
FIQR_FUNCTION = [5, 6, 4, 8, 7, 6, 5, 4, 6]
FIQR_OVERALL = [6, 7]
FIQR_SYMPTOMS = [7, 6, 5, 8, 4, 3, 6, 5, 4, 7]
DSQ = {"dsq_pem": "dsq_pem", "dsq_pem_4w_modified": "dsq_pem_4w"}


def scores(instrument, answers):
    """Return the scores of a shipped instrument by name."""
    return score(named(instrument), answers).scores


def without(answers, *names):
    """Return the answers with these items left blank."""
    assert set(names) <= set(answers)
    return {name: value for name, value in answers.items() if name not in names}


def fiqr(function=FIQR_FUNCTION, overall=FIQR_OVERALL, symptoms=FIQR_SYMPTOMS):
    """Return answers to the FIQR; None leaves an item blank."""
    parts = {"function": function, "overall": overall, "symptom": symptoms}
    return {
        f"fiqr_{part}_{number}": value
        for part, values in parts.items()
        for number, value in enumerate(values, 1)
    }


def pairs(prefix, *rated):
    """Return frequency and severity of the first symptoms of a DSQ-PEM."""
    kinds = ("frequency", "severity")
    return {
        f"{prefix}_{number}_{kind}": value
        for number, pair in enumerate(rated, 1)
        for kind, value in zip(kinds, pair, strict=True)
    }


def test_funcap_s_two_totals_and_its_domains_come_out_as_published():
    found = scores("funcap27", FUNCAP)
    assert found["total_items"] == pytest.approx(74 / 27)
    assert found["total_items"] == pytest.approx(2.7407, abs=5e-5)
    expected = [4.667, 2.333, 3.667, 1.5, 3.0, 1.75, 2.333, 2.6]
    assert [found[domain] for domain in DOMAINS] == pytest.approx(expected, abs=5e-4)
    assert found["total_domains"] == pytest.approx(2.73125)


def test_where_social_media_belong_moves_the_total_of_the_domains_but_not_that_of_the_items():
    file = resources.files("hometrial.questionnaires") / "instruments" / "funcap27.yaml"
    declared = file.read_text("utf-8").partition("\ntests:")[0] + "\n"
    moved = declared.replace("funcap_e3, funcap_x1]", "funcap_e3]").replace(
        "[funcap_h1, funcap_h2, funcap_h3, funcap_h4, funcap_h5]",
        "[funcap_h1, funcap_h2, funcap_h3, funcap_h4, funcap_h5, funcap_x1]",
    )
    found = score(load(moved, "moved.yaml"), FUNCAP).scores
    assert found["communication"] == pytest.approx(2.333, abs=5e-4)
    assert found["concentration"] == pytest.approx(3.0)
    assert found["total_domains"] == pytest.approx(2.69792, abs=5e-6)
    assert found["total_items"] == pytest.approx(74 / 27)


def test_a_domain_of_funcap_needs_half_of_its_items():
    half = scores("funcap27", without(FUNCAP, "funcap_f1", "funcap_f2"))
    assert half["outside"] == pytest.approx(0.5)
    fewer = scores("funcap27", without(FUNCAP, "funcap_f1", "funcap_f2", "funcap_f3"))
    assert fewer["outside"] is None
    one_of_three = scores("funcap27", without(FUNCAP, "funcap_a1", "funcap_a2"))
    assert one_of_three["basic"] is None


def test_funcap_s_totals_need_22_items():
    five = ("funcap_a1", "funcap_b1", "funcap_c1", "funcap_e1", "funcap_f1")
    enough = scores("funcap27", without(FUNCAP, *five))
    assert enough["total_items"] == pytest.approx((74 - 6 - 5 - 3 - 4 - 4) / 22)
    assert enough["total_domains"] is not None
    short = scores("funcap27", without(FUNCAP, *five, "funcap_g1"))
    assert all(short[domain] is not None for domain in DOMAINS)
    assert short["total_items"] is None
    assert short["total_domains"] is None


def test_funcap_s_total_of_the_domains_needs_all_eight():
    found = scores("funcap27", without(FUNCAP, "funcap_d1", "funcap_d2"))
    assert found["home"] is None
    assert found["total_domains"] is None
    assert found["total_items"] == pytest.approx(71 / 25)


@given(
    answers=st.fixed_dictionaries({name: st.integers(0, 5) for name in FUNCAP}),
    better=st.sampled_from(sorted(FUNCAP)),
)
def test_one_better_answer_to_funcap_makes_no_score_worse(answers, better):
    before = scores("funcap27", answers)
    after = scores("funcap27", {**answers, better: answers[better] + 1})
    assert all(after[name] >= before[name] - 1e-12 for name in before)
    assert after["total_items"] > before["total_items"]


def test_funcap_asks_27_things_with_seven_answers_from_unable_to_unproblematic():
    form = render(named("funcap27"), "en")
    assert len(form.questions) == 27
    assert {len(question.choices) for question in form.questions} == {7}
    first, last = form.questions[0].choices[0], form.questions[0].choices[-1]
    assert (first.value, first.text) == (0, "I cannot do this")
    assert (last.value, last.text) == (6, "Unproblematic – does not affect other activities")
    assert "average day during the last month" in form.questions[-1].stem


@pytest.mark.parametrize("instrument", DSQ)
@pytest.mark.parametrize(
    ("pair", "expected", "counts"),
    [((2, 2), 50, 1), ((3, 4), 87.5, 1), ((1, 2), 37.5, 0), ((0, 0), 0, 0), ((4, 4), 100, 1)],
)
def test_a_pair_of_the_dsq_scores_its_mean_on_0_to_100(instrument, pair, expected, counts):
    answers = pairs(DSQ[instrument], pair, (0, 0), (0, 0), (0, 0), (0, 0))
    found = score(named(instrument), answers)
    assert found.scores["symptom_1"] == expected
    assert found.scores["mean"] == pytest.approx(expected / 5)
    assert found.scores["symptoms_counting"] == counts
    assert ("pem_indicated" in found.flags) is bool(counts)


@pytest.mark.parametrize("instrument", DSQ)
def test_the_dsq_s_mean_needs_four_complete_pairs(instrument):
    prefix = DSQ[instrument]
    four = pairs(prefix, (2, 2), (3, 4), (1, 2), (0, 0), (4, None))
    found = scores(instrument, four)
    assert found["symptom_5"] is None
    assert found["mean"] == pytest.approx((50 + 87.5 + 37.5 + 0) / 4)
    three = pairs(prefix, (2, 2), (3, 4), (1, 2), (0, None), (4, None))
    assert scores(instrument, three)["mean"] is None


@pytest.mark.parametrize("instrument", DSQ)
def test_pem_is_indicated_by_frequency_and_severity_of_one_symptom_not_of_two(instrument):
    prefix = DSQ[instrument]
    apart = score(named(instrument), pairs(prefix, (4, 1), (1, 4), (0, 0), (0, 0), (0, 0)))
    assert "pem_indicated" not in apart.flags
    blanks_elsewhere = score(named(instrument), pairs(prefix, (None, None), (2, 2)))
    assert "pem_indicated" in blanks_elsewhere.flags
    assert blanks_elsewhere.scores["symptoms_counting"] is None


@pytest.mark.parametrize("instrument", DSQ)
@pytest.mark.parametrize(
    ("physical", "mental", "duration", "supported"),
    [
        (1, 0, 4, True),
        (0, 1, 5, True),
        (1, None, 5, True),
        (1, 1, 3, False),
        (0, 0, 5, False),
        (1, 1, None, False),
    ],
)
def test_pem_is_supported_by_worsening_that_lasts_14_hours(
    instrument, physical, mental, duration, supported
):
    prefix = DSQ[instrument]
    answers = {f"{prefix}_7": physical, f"{prefix}_8": mental, f"{prefix}_9": duration}
    assert ("pem_supported" in score(named(instrument), answers).flags) is supported


def test_the_dsq_over_four_weeks_says_so_in_name_question_recall_and_modifications():
    published, changed = named("dsq_pem"), named("dsq_pem_4w_modified")
    assert (published.recall.period, changed.recall.period) == ("P6M", "P4W")
    assert "modified" in changed.title["en"]
    assert "4 weeks in place of 6 months" in changed.licence.modifications
    old, new = render(published, "en"), render(changed, "en")
    assert [question.text for question in old.questions] == [q.text for q in new.questions]
    assert "6 months" in old.questions[0].stem
    assert all("6 months" not in (question.stem or "") for question in new.questions)
    assert "4 weeks" in new.questions[1].stem


def test_fiqr_weighs_its_three_domains():
    found = scores("fiqr", fiqr())
    assert (found["function"], found["overall"], found["symptoms"]) == (17, 13, 27.5)
    assert found["total"] == 57.5


def test_fiqr_weighs_a_domain_up_for_what_is_blank_and_says_so():
    blank = score(named("fiqr"), fiqr(function=[5, None, 4, 8, 7, 6, 5, 4, 6]))
    assert blank.scores["function"] == pytest.approx(16.875)
    assert blank.scores["total"] == pytest.approx(57.375)
    assert blank.prorated
    assert "function:prorated" in blank.flags
    one = scores("fiqr", fiqr(overall=[None, 7], symptoms=[None] * 9 + [8]))
    assert (one["overall"], one["symptoms"]) == (14, 40)


def test_fiqr_runs_from_0_to_100_and_has_no_total_without_one_of_its_domains():
    assert scores("fiqr", fiqr([10] * 9, [10] * 2, [10] * 10))["total"] == 100
    assert scores("fiqr", fiqr([0] * 9, [0] * 2, [0] * 10))["total"] == 0
    none = scores("fiqr", fiqr(overall=[None, None]))
    assert none["overall"] is None
    assert none["total"] is None
    assert none["function"] == 17


@pytest.mark.parametrize("answer", [-1, 11, 5.5, True, "5"])
def test_fiqr_takes_whole_numbers_from_0_to_10_and_clamps_nothing(answer):
    with pytest.raises(ScoringError, match="fiqr_overall_1"):
        score(named("fiqr"), fiqr(overall=[answer, 5]))


def test_fiqr_s_energy_runs_from_lots_to_none_so_that_more_is_worse():
    energy = render(named("fiqr"), "en").questions[12]
    assert (energy.text, energy.low_text, energy.high_text) == (
        "Energy",
        "Lots of energy",
        "No energy",
    )


@pytest.mark.parametrize("instrument", ["funcap27", *DSQ, "fiqr"])
def test_what_stands_under_cc_by_is_shown_with_its_authors_its_source_and_its_changes(instrument):
    licence = shipped()[instrument].licence
    assert licence.status.startswith("cc-by-")
    assert licence.text_shipped
    form = render(shipped()[instrument], "en")
    assert "CC BY" in form.notice
    assert "doi 10." in form.notice
    assert licence.modifications
