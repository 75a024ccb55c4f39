"""Who may take part: never somebody of whom something that matters is unknown."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from protocols import shipped

from hometrial.protocol.eligibility import Standing, judge
from hometrial.protocol.variables import AnswerRefusedError

ME = shipped("ldn-mecfs")
SOUND = {
    "age": 41,
    "mecfs_criteria": "IOM2015",
    "illness_months": 30,
    "dsq_pem_symptoms": 4,
    "stable_medicine_days": 60,
    "mode_ok": True,
    "wear_ok": True,
    "can_become_pregnant": False,
    "consent_signed": True,
    "quiz_passed": True,
    "opioid_ever": False,
    "opioid_expected": False,
    "maintenance_opioid_ever": False,
    "opioid_dependence": False,
    "surgery_planned": False,
    "alt_xuln": 0.7,
    "ast_xuln": 0.8,
    "liver_disease_severe": False,
    "egfr": 95,
    "pregnant": False,
    "planning_pregnancy": False,
    "breastfeeding": False,
    "naltrexone_ever": False,
    "allergy_naltrexone": False,
    "phq9_9": 0,
    "attempt_12_months": False,
    "psychosis": False,
    "other_trial_30_days": False,
    "substance_use_disorder": False,
    "excluding_condition": False,
}


def judged(**changed):
    answers = {name: value for name, value in (SOUND | changed).items() if value != "absent"}
    return judge(ME.eligibility, ME.variables, answers)


def test_who_meets_every_criterion_is_eligible_though_what_does_not_apply_is_unknown():
    decision = judged()
    assert decision.standing is Standing.ELIGIBLE
    assert decision.failing == decision.undecided == ()


@pytest.mark.parametrize("unknown", [None, "absent"])
@pytest.mark.parametrize("name", SOUND)
def test_no_answer_that_is_asked_for_may_be_unknown(name, unknown):
    decision = judged(**{name: unknown})
    assert decision.standing is Standing.CANNOT_DECIDE
    assert name in decision.unknown
    assert decision.failing == ()


@pytest.mark.parametrize(
    ("changed", "failing"),
    [
        ({"age": 17}, "I1"),
        ({"age": 71}, "I1"),
        ({"mecfs_criteria": "none"}, "I2"),
        ({"illness_months": 5}, "I2"),
        ({"dsq_pem_symptoms": 0}, "I3"),
        ({"stable_medicine_days": 27}, "I4"),
        ({"wear_ok": False}, "I5"),
        ({"can_become_pregnant": True, "contraception_ok": False}, "I6"),
        ({"quiz_passed": False}, "I7"),
        ({"opioid_ever": True, "days_since_opioid": 9}, "E1"),
        ({"opioid_expected": True}, "E1"),
        ({"maintenance_opioid_ever": True, "days_since_maintenance_opioid": 13}, "E2"),
        ({"surgery_planned": True, "surgery_in_weeks": 20}, "E3"),
        ({"ast_xuln": 3.1}, "E4"),
        ({"egfr": 29}, "E5"),
        ({"planning_pregnancy": True}, "E6"),
        ({"naltrexone_ever": True, "days_since_naltrexone": 29}, "E7"),
        ({"phq9_9": 1, "clinician_cleared": False}, "E8"),
        ({"substance_use_disorder": True}, "E9"),
        ({"excluding_condition": True}, "E10"),
    ],
)
def test_each_criterion_can_fail(changed, failing):
    decision = judged(**changed)
    assert decision.standing is Standing.NOT_ELIGIBLE
    assert [each.id for each in decision.failing] == [failing]


@pytest.mark.parametrize(
    "changed",
    [
        {"age": 18},
        {"age": 70},
        {"illness_months": 6},
        {"stable_medicine_days": 28},
        {"can_become_pregnant": True, "contraception_ok": True},
        {"opioid_ever": True, "days_since_opioid": 10},
        {"maintenance_opioid_ever": True, "days_since_maintenance_opioid": 14},
        {"surgery_planned": True, "surgery_in_weeks": 21},
        {"alt_xuln": 3},
        {"egfr": 30},
        {"naltrexone_ever": True, "days_since_naltrexone": 30},
        {"phq9_9": 3, "clinician_cleared": True},
    ],
)
def test_the_limits_themselves_are_eligible(changed):
    assert judged(**changed).standing is Standing.ELIGIBLE


@pytest.mark.parametrize(
    ("changed", "unknown"),
    [
        ({"can_become_pregnant": True}, {"contraception_ok"}),
        ({"can_become_pregnant": None}, {"can_become_pregnant", "contraception_ok"}),
        ({"opioid_ever": True}, {"days_since_opioid"}),
        ({"surgery_planned": True}, {"surgery_in_weeks"}),
        ({"phq9_9": 2}, {"clinician_cleared"}),
        ({"phq9_9": None}, {"phq9_9", "clinician_cleared"}),
    ],
)
def test_what_begins_to_matter_is_asked_for_by_name(changed, unknown):
    decision = judged(**changed)
    assert decision.standing is Standing.CANNOT_DECIDE
    assert set(decision.unknown) == unknown


def test_one_failing_criterion_decides_whatever_is_unknown_elsewhere():
    decision = judge(ME.eligibility, ME.variables, {"age": 80, "pregnant": True})
    assert decision.standing is Standing.NOT_ELIGIBLE
    assert [each.id for each in decision.failing] == ["I1", "E6"]
    assert "egfr" in decision.unknown


def test_nobody_is_eligible_of_whom_nothing_is_known():
    decision = judge(ME.eligibility, ME.variables, {})
    assert decision.standing is Standing.CANNOT_DECIDE
    assert len(decision.undecided) == 17


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ({"age": "41"}, "age: '41' is no number"),
        ({"age": True}, "age: True is no number"),
        ({"age": 121}, "age: 121 is not in 0 to 120"),
        ({"age": float("nan")}, "age: nan is not in 0 to 120"),
        ({"pregnant": 0}, "pregnant: 0 is neither true nor false"),
        ({"pregnant": "no"}, "pregnant: 'no' is neither true nor false"),
        ({"mecfs_criteria": "Oxford"}, "mecfs_criteria: 'Oxford' is none of IOM2015, CCC2003"),
        ({"agee": 41}, "agee: no such variable; there are age, allergic_signs"),
    ],
)
def test_an_answer_that_cannot_be_is_refused_and_never_judged(answers, said):
    with pytest.raises(AnswerRefusedError, match=said):
        judge(ME.eligibility, ME.variables, answers)


@given(st.data())
def test_more_answers_never_turn_a_decision_around(data):
    names = sorted(SOUND)
    kept = data.draw(st.sets(st.sampled_from(names)))
    spoilt = data.draw(st.sampled_from([{}, {"age": 80}, {"pregnant": True}, {"egfr": 20}]))
    whole = SOUND | spoilt
    part = judge(ME.eligibility, ME.variables, {name: whole[name] for name in kept})
    final = judge(ME.eligibility, ME.variables, whole)
    assert part.standing in (Standing.CANNOT_DECIDE, final.standing)
    assert {each.id for each in part.failing} <= {each.id for each in final.failing}


@pytest.mark.parametrize("name", ["ldn-crohns", "ldn-ms", "ldn-case-series"])
def test_every_shipped_protocol_takes_somebody_and_refuses_somebody(name):
    protocol = shipped(name)
    fit = {
        "age": 40, "crohns_confirmed": True, "cdai_total": 356, "stable_medicine_days": 40,
        "ms_course": "primary_progressive", "edss": 5, "mecfs_diagnosed": True, "prescribed": True,
        "consent_signed": True, "quiz_passed": True, "can_become_pregnant": False, "opioid_ever": False,
        "opioid_for_diarrhoea": False, "opioid_expected": False, "stoma_or_short_bowel": False,
        "immunosuppressed": False, "alt_xuln": 1, "pregnant": False, "breastfeeding": False,
        "allergy_naltrexone": False,
    }  # fmt: skip
    declared = {each.id for each in protocol.variables}
    answers = {each: value for each, value in fit.items() if each in declared}
    assert judge(protocol.eligibility, protocol.variables, answers).standing is Standing.ELIGIBLE
    pregnant = judge(protocol.eligibility, protocol.variables, answers | {"pregnant": True})
    assert pregnant.standing is Standing.NOT_ELIGIBLE


@pytest.mark.parametrize(("cdai", "standing"), list(zip((219, 220, 450, 451), "nyyn", strict=True)))
def test_crohns_is_entered_with_a_cdai_of_220_to_450(cdai, standing):
    protocol = shipped("ldn-crohns")
    decision = judge(protocol.eligibility, protocol.variables, {"cdai_total": cdai})
    assert ("I3" in {each.id for each in decision.failing}) == (standing == "n")


def test_the_truth_table_of_contraception():
    for can, ok in product([True, False, None], repeat=2):
        failing = {each.id for each in judged(can_become_pregnant=can, contraception_ok=ok).failing}
        assert ("I6" in failing) == (can is True and ok is False)
