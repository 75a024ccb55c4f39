"""The published scoring of the instruments that are shipped without their wording."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial.questionnaires.loading import named
from hometrial.questionnaires.scoring import ScoringError, score

TERMS = {
    **dict.fromkeys((8, 40, 46, 52, 53), ("severity", "interference")),
    **dict.fromkeys((9, 10, 23, 75, 77), ("frequency", "severity")),
    **dict.fromkeys((15, 28), ("severity",)),
    **dict.fromkeys((17, 49, 50, 51, 54, 56), ("frequency", "severity", "interference")),
    **dict.fromkeys((24, 29), ("presence",)),
    16: ("frequency",),
}


def scores(instrument, answers, tables=None):
    """Return the scores of a shipped instrument by name."""
    return score(named(instrument), answers, tables or {}).scores


def numbered(prefix, values):
    """Return answers to items 1, 2, ... of an instrument; None leaves one blank."""
    return {f"{prefix}_{number}": value for number, value in enumerate(values, 1)}


@pytest.mark.parametrize("answer", [1, 2, 3, 4, 5])
def test_a_constant_answer_to_the_mfi_gives_12_five_times(answer):
    assert set(scores("mfi20", numbered("mfi20", [answer] * 20)).values()) == {12}


def test_the_mfi_groups_and_turns_its_statements_as_published():
    found = scores("mfi20", numbered("mfi20", [1 + number % 5 for number in range(1, 21)]))
    assert found == {"general": 14, "physical": 9, "activity": 14, "motivation": 9, "mental": 8}


@given(answers=st.lists(st.integers(1, 5), min_size=20, max_size=20), number=st.integers(1, 20))
def test_one_statement_of_the_mfi_moves_one_subscale_and_the_reversed_ones_move_it_down(
    answers, number
):
    before = scores("mfi20", numbered("mfi20", answers))
    changed = [*answers]
    changed[number - 1] = 6 - answers[number - 1]
    after = scores("mfi20", numbered("mfi20", changed))
    moves = [after[name] - before[name] for name in before if after[name] != before[name]]
    step = 6 - 2 * answers[number - 1]
    reversed_items = {2, 5, 9, 10, 13, 14, 16, 17, 18, 19}
    assert moves == ([] if step == 0 else [-step if number in reversed_items else step])


def test_a_subscale_of_the_mfi_is_made_of_three_statements_but_not_of_two():
    answers = [1 + number % 5 for number in range(1, 21)]
    three = score(named("mfi20"), {**numbered("mfi20", answers), "mfi20_16": None})
    assert three.scores["general"] == pytest.approx((2 + 5 + 3) * 4 / 3)
    assert three.prorated
    two = scores("mfi20", {**numbered("mfi20", answers), "mfi20_16": None, "mfi20_1": None})
    assert two["general"] is None
    assert two["mental"] == 8


def test_pro_ctcae_asks_every_attribute_of_its_terms():
    asked = {}
    for item in named("pro_ctcae").items:
        _, term, attribute = item.id.split("_")
        asked[int(term)] = (*asked.get(int(term), ()), attribute)
    assert asked == TERMS
    graded = {each.id for each in named("pro_ctcae").scores}
    assert graded == {f"composite_{term}" for term in TERMS if TERMS[term] != ("presence",)}


@pytest.mark.parametrize(
    ("term", "rated", "grade"),
    [
        (49, (3, 3, 2), 3),
        (49, (1, 2, 0), 1),
        (49, (2, 4, 1), 2),
        (49, (4, 1, 4), 3),
        (49, (0,), 0),
        (52, (2, 2), 2),
        (52, (3, 0), 1),
        (52, (4, 0), 2),
        (16, (2,), 1),
        (9, (3, 3), 3),
        (9, (4, 0), 1),
        (49, (1, 0), 0),
        (49, (3, 0), 1),
        (49, (3, None, 2), None),
        (49, (3, 2, None), None),
        (49, (None,), None),
        (15, (4,), 3),
    ],
)
def test_pro_ctcae_grades_a_term_by_its_composite_table(term, rated, grade):
    answers = {
        f"ctcae_{term}_{kind}": value for kind, value in zip(TERMS[term], rated, strict=False)
    }
    assert scores("pro_ctcae", answers)[f"composite_{term}"] == grade


def test_pro_ctcae_asks_severity_only_of_what_happens_and_interference_only_of_what_is_there():
    never = {"ctcae_49_frequency": 0}
    assert score(named("pro_ctcae"), never).n_answered == 1
    for hidden in ("ctcae_49_severity", "ctcae_49_interference"):
        with pytest.raises(ScoringError, match=hidden):
            score(named("pro_ctcae"), {**never, hidden: 1})
    with pytest.raises(ScoringError, match="ctcae_52_interference"):
        score(named("pro_ctcae"), {"ctcae_52_severity": 0, "ctcae_52_interference": 1})


def test_cfq_counts_likert_and_bimodal_and_needs_all_eleven():
    found = score(named("cfq11"), numbered("cfq11", [0, 1, 2, 3, 0, 1, 2, 3, 1, 1, 0]))
    assert found.scores == {"total": 14, "physical": 9, "mental": 5, "bimodal": 4}
    assert found.bands["bimodal"] == "case"
    most = scores("cfq11", numbered("cfq11", [3] * 11))
    assert most == {"total": 33, "physical": 21, "mental": 12, "bimodal": 11}
    assert scores("cfq11", numbered("cfq11", [3] * 10))["total"] is None


@pytest.mark.parametrize(("answered", "expected"), [(9, 4), (7, 4), (6, None)])
def test_fss_needs_seven_of_nine(answered, expected):
    found = score(named("fss"), numbered("fss", [4] * answered))
    assert found.scores["mean"] == expected
    assert found.bands == ({"mean": "significant_fatigue"} if expected else {})


def test_bpi_needs_all_of_its_severity_and_four_of_seven_of_its_interference():
    severity = {"bpi_sf_worst": 8, "bpi_sf_least": 3, "bpi_sf_average": 5, "bpi_sf_now": 4}
    four = numbered("bpi_sf_interference", [5, 4, 6, 7])
    assert scores("bpi_sf", {**severity, **four}) == {"severity": 5, "interference": 5.5}
    fewer = {**severity, "bpi_sf_now": None, **four, "bpi_sf_interference_4": None}
    assert scores("bpi_sf", fewer) == {"severity": None, "interference": None}


def test_peg_is_the_mean_of_its_three():
    answers = {"peg_pain": 7, "peg_enjoyment": 5, "peg_activity": 3}
    assert scores("peg", answers) == {"mean": 5}
    assert scores("peg", {**answers, "peg_pain": None}) == {"mean": None}


@pytest.mark.parametrize("answer", [5, 101, 55])
def test_the_bell_scale_goes_in_steps_of_ten(answer):
    assert scores("bell", {"bell_ability": 30}) == {"ability": 30}
    with pytest.raises(ScoringError, match="bell_ability"):
        score(named("bell"), {"bell_ability": answer})


EQ5D = dict(
    zip(
        [f"eq5d5l_{name}" for name in ("mobility", "self_care", "activities", "pain", "anxiety")],
        (2, 1, 1, 4, 3),
        strict=True,
    )
)


def test_eq5d_writes_its_state_and_takes_the_index_of_the_site_s_value_set():
    bare = score(named("eq5d5l"), {**EQ5D, "eq5d5l_vas": 62})
    assert bare.scores == {"state": 21143, "index": None, "vas": 62}
    assert "index:no_table" in bare.flags
    values = {"value_set": {21143: 0.573, 11111: 1.0}}
    assert scores("eq5d5l", EQ5D, values) == {"state": 21143, "index": 0.573, "vas": None}
    blank = scores("eq5d5l", {**EQ5D, "eq5d5l_pain": None, "eq5d5l_vas": 62}, values)
    assert blank == {"state": None, "index": None, "vas": 62}


@pytest.mark.parametrize("form", [4, 7, 8])
def test_a_promis_form_takes_the_t_score_of_its_own_table_and_needs_every_item(form):
    name = f"promis_fatigue_{form}a"
    tables = {"t_score": {form * 3: 53.1}}
    answers = numbered(name, [3] * form)
    assert scores(name, answers, tables) == {"raw": form * 3, "t_score": 53.1}
    assert scores(name, answers) == {"raw": form * 3, "t_score": None}
    short = numbered(name, [3] * (form - 1))
    assert scores(name, short, tables) == {"raw": None, "t_score": None}


def test_promis_29_keeps_its_domains_apart():
    declared = named("promis29")
    domains = [each.id.removesuffix("_raw") for each in declared.scores if each.id.endswith("_raw")]
    assert len(domains) == 7
    answers = {
        f"promis29_{domain}_{number}": 1 + place % 5
        for place, domain in enumerate(domains)
        for number in range(1, 5)
    }
    tables = {
        f"{domain}_t": {4 * (1 + place % 5): 40.0 + place} for place, domain in enumerate(domains)
    }
    found = scores("promis29", {**answers, "promis29_pain_intensity": 6}, tables)
    assert [found[f"{domain}_t"] for domain in domains] == [40.0 + place for place in range(7)]
    assert found["pain_intensity"] == 6
    better = {each.id for each in declared.scores if each.direction == "higher_better"}
    assert better == {"physical_function_raw", "physical_function_t", "social_raw", "social_t"}


@pytest.mark.parametrize(
    ("pair", "expected", "counts"),
    [((2, 2), 50, 1), ((3, 4), 87.5, 1), ((1, 2), 37.5, 0), ((0, 0), 0, 0), ((4, 4), 100, 1)],
)
def test_a_pair_of_the_dsq_sf_scores_its_mean_on_0_to_100(pair, expected, counts):
    kinds = ("frequency", "severity")
    answers = {f"dsq_sf_{number}_{kind}": 0 for number in range(1, 15) for kind in kinds}
    answers |= {f"dsq_sf_7_{kind}": value for kind, value in zip(kinds, pair, strict=True)}
    found = scores("dsq_sf", answers)
    assert found["symptom_7"] == expected
    assert found["total"] == pytest.approx(expected / 14)
    assert found["symptoms_counting"] == counts
    assert scores("dsq_sf", {**answers, "dsq_sf_1_severity": None})["total"] is None


def test_msss_fills_up_to_half_of_a_section_with_the_person_s_own_mean():
    half = score(named("msss88"), numbered("msss88_social", [1, 2, 3, 4]))
    assert half.scores["social"] == 20
    assert "social:prorated" in half.flags
    assert scores("msss88", numbered("msss88_social", [1, 2, 3]))["social"] is None
    sizes = [each.range for each in named("msss88").scores]
    assert sizes == [(n, 4 * n) for n in (12, 9, 14, 11, 10, 11, 13, 8)]


@pytest.mark.parametrize(("answer", "total"), [(1, 32), (7, 224)])
def test_ibdq_runs_from_32_to_224(answer, total):
    assert scores("ibdq", numbered("ibdq", [answer] * 32)) == {"total": total}
