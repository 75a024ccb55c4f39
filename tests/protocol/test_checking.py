"""A protocol that cannot be run is refused: each check, by an edit of a shipped file that breaks it."""

import re

import pytest
from protocols import edited, refused

from hometrial.protocol.checking import PLANS, REFERENCES

ME, CROHNS, MS, SERIES = "ldn-mecfs", "ldn-crohns", "ldn-ms", "ldn-case-series"

# Check: protocol, what stands there, what is put there, where the fault is, what it says.
BROKEN = {
    "ids_given_once": [
        (CROHNS, "{id: W8, label", "{id: W4, label", "visits[3].id", "W4 is declared twice"),
        (
            CROHNS,
            "{id: U, label",
            "{id: W8, label",
            "unscheduled_visits[0].id",
            "W8 is a scheduled visit too",
        ),
        (CROHNS, "{id: E2, text", "{id: I2, text", "eligibility", "I2 is declared twice"),
    ],
    "rules_of_doses_named_once": [
        (ME, "{id: D1, when", "{id: H1, when", "titrations[0]", "H1 is declared twice"),
    ],
    "arms_resolve": [
        (
            CROHNS,
            "titration: fixed",
            "titration: fast",
            "arms[0].titration",
            "there is no titration fast; declare it, or name one of: fixed",
        ),
        (
            ME,
            "arms: [DEL], drug",
            "arms: [LATE], drug",
            "epochs[2].arms[0]",
            "there is no arm LATE",
        ),
    ],
    "forms_resolve": [
        (
            ME,
            "mode: any, forms: [ae_check]}",
            "mode: any, forms: [ae]}",
            "unscheduled_visits[0].forms[0]",
            "there is no form ae;",
        ),
        (
            ME,
            "optional_forms: [compass31]",
            "optional_forms: [compass]",
            "visits[0].optional_forms[0]",
            "there is no form compass;",
        ),
        (
            CROHNS,
            "    form: cdai_diary",
            "    form: diary",
            "diaries[0].form",
            "there is no form diary;",
        ),
        (
            MS,
            "epochs: [run_in, treat, after]",
            "epochs: [treatment]",
            "diaries[0].epochs[0]",
            "there is no epoch treatment",
        ),
        (
            MS,
            "extended_forms: [phq8]",
            "extended_forms: [phq]",
            "bad_days.extended_forms[0]",
            "there is no form phq;",
        ),
    ],
    "instruments_are_known": [
        (
            ME,
            "instrument: funcap27,",
            "instrument: funcap99,",
            "forms[6].instrument",
            "there is no instrument funcap99",
        ),
    ],
    "scores_are_known": [
        (
            CROHNS,
            "form: cdai, score: total}\n  - {id: physical",
            "form: cdai, score: sum}\n  - {id: physical",
            "outcomes[0].score",
            "there is no score or item of cdai sum",
        ),
        (
            ME,
            "{form: phq9, score: phq9_9}",
            "{form: phq9, score: item_9}",
            "variables[30].origin.score",
            "there is no score or item of phq9 item_9",
        ),
        (
            ME,
            "{form: phq9, score: phq9_9}",
            "{form: phq, score: phq9_9}",
            "variables[30].origin.form",
            "there is no form phq;",
        ),
        (
            ME,
            "form: funcap27, score: total_items",
            "form: labs, score: total_items",
            "outcomes[0].form",
            "form labs has no instrument, so no score",
        ),
        (
            ME,
            "metric: rhr_sleep",
            "metric: pulse",
            "outcomes[5].metric",
            "there is no daily metric pulse",
        ),
        (
            MS,
            "form: endorphin, analyte",
            "form: neurology, analyte",
            "outcomes[4].form",
            "there is no laboratory form neurology",
        ),
    ],
    "allocation_fits_the_arms": [
        (
            ME,
            "block_sizes: [2, 4]",
            "block_sizes: [2, 3]",
            "allocation.block_sizes[1]",
            "a block of 3 does not hold the ratio whole; use multiples of 2",
        ),
        (
            ME,
            "block_sizes: [2, 4]",
            "block_sizes: [4, 4]",
            "allocation.block_sizes",
            "the last of each block can be foretold; give two sizes or more that differ",
        ),
        (
            CROHNS,
            "allocation: {method: not_allocated}",
            "allocation: {method: uploaded_list, at_visit: W0, first_dose_within_days: 14}",
            "allocation.method",
            "there is one arm; say not_allocated",
        ),
        (
            CROHNS,
            '  - {id: LDN, label: "Naltrexone 4.5 mg", titration: fixed}',
            "  - {id: LDN, label: a, titration: fixed}\n  - {id: OTHER, label: b, titration: fixed}",
            "allocation.method",
            "2 arms and nobody allocated",
        ),
    ],
    "allocation_resolves": [
        (
            ME,
            "at_visit: R\n",
            "at_visit: V1b\n",
            "allocation.at_visit",
            "there is no visit of all arms V1b",
        ),
        (
            ME,
            "variable: me_severity",
            "variable: age",
            "allocation.factors[0].variable",
            "there is no variable with options age",
        ),
    ],
    "epochs_are_sound": [
        (
            ME,
            "valid_wear_days: 10",
            "valid_wear_days: 15",
            "epochs[1].requires",
            "15 of 14 days are required",
        ),
        (
            ME,
            "days: 28, max_days: 42",
            "days: 28, max_days: 21",
            "epochs[0].max_days",
            "it may last 21 days but is planned for 28",
        ),
        (
            ME,
            "    begins: {anchor: extension_start, day: 0}\n",
            "",
            "epochs[6].optional",
            "an optional epoch begins when somebody chooses it",
        ),
        (
            ME,
            "    optional: true\n",
            "",
            "epochs[6].reconsent",
            "consent is asked again for what is optional",
        ),
    ],
    "epochs_are_contiguous": [
        (
            CROHNS,
            "begins: {anchor: last_dose, day: 1}",
            "begins: {anchor: last_dose, day: 3}",
            "epochs[3].begins",
            "in arm LDN 2 days belong to no epoch before after",
        ),
        (
            CROHNS,
            "begins: {anchor: last_dose, day: 1}",
            "begins: {anchor: last_dose, day: 0}",
            "epochs[3].begins",
            "in arm LDN 1 days belong to two epochs before after",
        ),
        (
            ME,
            "begins: {anchor: randomisation, day: 0}",
            "begins: {anchor: randomisation, day: 4}",
            "epochs[2].begins",
            "in arm DEL 4 days belong to no epoch before wait",
        ),
        (
            CROHNS,
            ", begins: {anchor: consent, day: 0}",
            "",
            "epochs",
            "arm LDN has no first epoch with an anchor",
        ),
    ],
    "endpoints_resolve": [
        (
            CROHNS,
            "outcome: response_70,",
            "outcome: response_50,",
            "endpoints.secondary[0].outcome",
            "there is no outcome or responder response_50",
        ),
        (
            CROHNS,
            "{outcome: cdai, below: 150}",
            "{outcome: index, below: 150}",
            "responders[2].marks[0].outcome",
            "there is no outcome index",
        ),
        (
            ME,
            "against: {visits: [W14]}",
            "against: {visits: [W13]}",
            "endpoints.secondary[7].against.visits[0]",
            "there is no visit W13",
        ),
        (
            SERIES,
            "at: {epoch: maintain}",
            "at: {epoch: steady}",
            "endpoints.primary[0].at.epoch",
            "there is no epoch steady",
        ),
    ],
    "rules_ask_what_can_be_answered": [
        (
            ME,
            "18 <= age <= 70",
            "18 <= years <= 70",
            "eligibility.inclusion[0].rule",
            "no variable years is declared",
        ),
        (
            ME,
            '"egfr < 30"',
            '"egfr"',
            "eligibility.exclusion[4].rule",
            "egfr is no yes/no variable",
        ),
        (
            ME,
            "['IOM2015', 'CCC2003', 'ICC2011']",
            "['IOM2015', 'Oxford']",
            "eligibility.inclusion[1].rule",
            "mecfs_criteria is never 'Oxford'",
        ),
        (
            MS,
            "ms_course == 'primary_progressive'",
            "ms_course == 1",
            "eligibility.inclusion[1].rule",
            "a choice is compared with a number",
        ),
        (
            MS,
            "ms_course == 'primary_progressive'",
            "ms_course > 'relapsing'",
            "eligibility.inclusion[1].rule",
            "> orders numbers",
        ),
        (
            MS,
            '"3 <= edss <= 6.5"',
            '"3 <= 4 and edss > 3"',
            "eligibility.inclusion[2].rule",
            "3 <= 4 is the same for everybody",
        ),
        (
            ME,
            '{id: S6, when: "opioid_needed"',
            '{id: S6, when: "opioid_wanted"',
            "titrations[0].stop[5].when",
            "no variable opioid_wanted",
        ),
        (
            ME,
            "dose_over_order > 1.5",
            "dose_ratio > 1.5",
            "alerts[12].when",
            "no variable dose_ratio",
        ),
    ],
    "variables_are_used": [
        (
            CROHNS,
            'rule: "stoma_or_short_bowel"',
            'rule: "breastfeeding"',
            "variables[11].id",
            "no rule and no factor asks for stoma_or_short_bowel",
        ),
        (
            CROHNS,
            "unit: a, low: 0, high: 120",
            "unit: a, low: 120, high: 0",
            "variables[0].low",
            "nothing lies between 120 and 0",
        ),
    ],
    "strata_can_be_filled": [
        (
            ME,
            "- {id: sev, variable: me_severity}",
            "- {id: sev, variable: me_severity}\n    - {id: crash, variable: crash_severity}",
            "allocation.factors",
            "12 strata need 48 people for a block each, 24 are planned",
        ),
    ],
    "arms_start_when_they_say": [
        (
            ME,
            "start_offset_weeks: 8",
            "start_offset_weeks: 6",
            "arms[1].start_offset_weeks",
            "by its epochs arm DEL starts 56 days later",
        ),
    ],
    "anchors_happen": [
        (
            CROHNS,
            '{id: W16, label: "4 weeks after", anchor: last_dose',
            '{id: W16, label: "4 weeks after", anchor: randomisation',
            "visits[5].anchor",
            "nothing in arm LDN is randomisation; count from one of: consent",
        ),
        (
            CROHNS,
            "{anchor: first_dose, from_day: 0, to_day: 111}",
            "{anchor: extension_start, from_day: 0, to_day: 111}",
            "endpoints.secondary[5].at.anchor",
            "nothing in arm LDN is extension_start",
        ),
    ],
    "sessions_fit_the_window": [
        (
            ME,
            "pgi_s, ae_check], sessions: 2",
            "pgi_s, ae_check], sessions: 5",
            "visits[3].sessions",
            "5 sessions in a window of 4 days",
        ),
    ],
    "steps_ascend": [
        (
            ME,
            "{step: 3, mg: 1.5, from_week: 3",
            "{step: 3, mg: 1.0, from_week: 3",
            "titrations[0].steps[2].mg",
            "1 mg after 1 mg does not go up",
        ),
        (
            ME,
            "{step: 4, mg: 3.0, from_week: 5",
            "{step: 4, mg: 3.0, from_week: 4",
            "titrations[0].steps[3].from_week",
            "step 3 needs 14 days but has 7",
        ),
        (
            ME,
            "{step: 5, mg: 4.5",
            "{step: 6, mg: 4.5",
            "titrations[0].steps[4].step",
            "step 6 is number 5 in the list",
        ),
    ],
    "sensitive_steps_are_below": [
        (
            ME,
            "{steps_mg: [0.25]",
            "{steps_mg: [0.25, 0.5]",
            "titrations[0].sensitive_start.steps_mg[1]",
            "0.5 mg is not below 0.5 mg",
        ),
    ],
    "limits_are_kept": [
        (
            ME,
            "    max_mg_day: 4.5",
            "    max_mg_day: 4.0",
            "titrations[0].steps[4].mg",
            "4.5 mg is above max_mg_day (4)",
        ),
        (
            ME,
            "extension_max_mg_day: 6.0",
            "extension_max_mg_day: 3.0",
            "titrations[0].extension_max_mg_day",
            "it is below max_mg_day (4.5)",
        ),
        (
            ME,
            "absolute_max_mg_day: 12.0",
            "absolute_max_mg_day: 5.0",
            "titrations[0].absolute_max_mg_day",
            "6 mg may be ordered but never recorded",
        ),
    ],
    "doses_are_multiples_of_the_resolution": [
        (
            SERIES,
            "resolution_mg: 0.25",
            "resolution_mg: 0.5",
            "titrations[0].steps[0].mg",
            "0.25 mg is no multiple of 0.5 mg",
        ),
    ],
    "doses_can_be_made": [
        (
            MS,
            "strengths_mg: [1.5, 3.0, 4.5]",
            "strengths_mg: [3.0, 4.5]",
            "titrations[0].steps[0].mg",
            "1.5 mg cannot be made of the enabled formulations at once",
        ),
        (
            ME,
            "measure_step_ml: 0.25",
            "measure_step_ml: 0.5",
            "titrations[0].sensitive_start.steps_mg[0]",
            "0.25 mg cannot be made",
        ),
        (
            ME,
            "{steps_mg: [0.25]",
            "{steps_mg: [0.1]",
            "titrations[0].sensitive_start.steps_mg[0]",
            "0.1 mg cannot be made",
        ),
    ],
    "splits_are_whole": [
        (
            ME,
            "shares: [0.5, 0.5]",
            "shares: [0.5, 0.4]",
            "titrations[0].split.shares",
            "the shares make 0.9 of a dose",
        ),
        (
            ME,
            "min_gap_hours: 8",
            "min_gap_hours: 13",
            "titrations[0].split.min_gap_hours",
            "2 portions 13 h apart need more than a day",
        ),
        (
            ME,
            "split: {from_mg_day: 3.0",
            "split: {from_mg_day: 13.0",
            "titrations[0].split.from_mg_day",
            "no dose is as high as that",
        ),
    ],
    "drug_lasts_for_the_steps": [
        (
            ME,
            "{step: 5, mg: 4.5, from_week: 7, min_days: 28}",
            "{step: 5, mg: 4.5, from_week: 7, min_days: 57}",
            "arms[0]",
            "its last step ends on day 99 but arm IMM has 98 days of drug",
        ),
    ],
    "every_gap_has_a_way_back": [
        (
            MS,
            "{gap_days_max: null, action",
            "{gap_days_max: 90, action",
            "interruption.restart",
            "a gap of more than 90 days has no rule",
        ),
        (
            MS,
            "{gap_days_max: 6, action",
            "{gap_days_max: null, action",
            "interruption.restart",
            "rules after that for null are never reached",
        ),
        (
            MS,
            "{gap_days_max: 27, action",
            "{gap_days_max: 5, action",
            "interruption.restart[1].gap_days_max",
            "5 days after 6 is never reached",
        ),
        (
            MS,
            "from_days: 2\n",
            "from_days: 7\n",
            "interruption.restart[0].gap_days_max",
            "an interruption has 7 days or more",
        ),
    ],
    "reasons_and_running_out": [
        (
            MS,
            "reasons: [ran_out, ",
            "reasons: [",
            "interruption.reasons",
            "people run out and must be able to say so",
        ),
        (
            MS,
            "reorder_when_days_left: 21",
            "reorder_when_days_left: 10",
            "supply",
            "alert at 10, reorder at 10 days left of 56",
        ),
    ],
    "visits_lie_within_the_trial": [
        (
            CROHNS,
            "anchor: last_dose, day: 29",
            "anchor: last_dose, day: 290",
            "visits[5].day",
            "in arm LDN it is due on day 394 after consent, the plan has 133 days",
        ),
        (
            CROHNS,
            "anchor: consent, day: 0, window",
            "anchor: consent, day: -1, window",
            "visits[0].day",
            "it is due on day -1 after consent",
        ),
    ],
    "windows_do_not_overlap": [
        (
            ME,
            "day: 56, window: [-3, 0], arms: [DEL]",
            "day: 56, window: [-3, 3], arms: [DEL]",
            "visits[4]",
            "in arm DEL ae_check is asked for by V1b and T1 at once, from day 100 to day 101 after consent",
        ),
        (
            ME,
            "    form: side_effects\n",
            "    form: weekly_questions\n",
            "diaries[1]",
            "weekly_questions is asked for by side_effects and weekly_questions at once",
        ),
    ],
    "diaries_close_before_the_next": [
        (
            CROHNS,
            'opens: "17:00"\n    closes: "04:00"',
            'opens: "17:00"\n    closes: "18:00"',
            "diaries[0].closes",
            "it is open for 25 h but comes every 24 h",
        ),
    ],
    "burden_is_within_the_budget": [
        (
            ME,
            "minutes_any_day: 10,",
            "minutes_any_day: 9,",
            "energy_budget.minutes_any_day",
            "day 69 after consent asks for ldn_diary 1.5 + side_effects 2 + weekly_questions 0.5 + funcap27 2.5 + dsq_pem_4w 2 + phq8 1.25 = 9.75 minutes in arm IMM, the budget is 9",
        ),
        (
            MS,
            "minutes_any_week: 20",
            "minutes_any_week: 6",
            "energy_budget.minutes_any_week",
            "week 19 after consent asks for spasticity_nrs 2.1 + side_effects 2 + phq8 2.5 = 6.6 minutes in arm LDN, the budget is 6",
        ),
        (
            MS,
            "minutes_median_week: 10",
            "minutes_median_week: 4",
            "energy_budget.minutes_median_week",
            "the median week of arm LDN asks for 4.1 minutes, the budget is 4",
        ),
    ],
    "endpoints_have_what_they_compare": [
        (
            CROHNS,
            "at: {visits: [W16]}, against: {visits: [W0]}",
            "at: {visits: [W16]}, between_arms: true",
            "endpoints.secondary[3].between_arms",
            "there is one arm",
        ),
        (
            CROHNS,
            "outcome: response_70, at: {visits: [W12]}, against: {visits: [W0]}",
            "outcome: response_70, at: {visits: [W12]}",
            "endpoints.secondary[0]",
            "response_70 is about a change; say against when",
        ),
    ],
    "endpoints_are_measured": [
        # The primary form at both visits of the contrast, in both arms.
        (
            ME,
            "{id: P1, outcome: funcap_total_items, at: {visits: [W12]}, against: {visits: [V1, V1b]}",
            "{id: P1, outcome: funcap_total_items, at: {visits: [W12]}, against: {visits: [V1b]}",
            "endpoints.primary[0].against",
            "funcap27 is not asked for then in arm IMM",
        ),
        (
            ME,
            "{anchor: randomisation, from_day: 53, to_day: 63}",
            "{anchor: randomisation, from_day: 60, to_day: 63}",
            "endpoints.secondary[8].at",
            "funcap27 is not asked for then in arm IMM",
        ),
        (
            MS,
            "at: {visits: [M6]}, against: {visits: [M0]}",
            "at: {visits: [M6]}, against: {visits: [V0]}",
            "endpoints.secondary[1].against",
            "endorphin is not asked for then in arm LDN",
        ),
        (
            MS,
            "from_day: 175, to_day: 181}, against: {epoch: run_in}",
            "from_day: 175, to_day: 181}, against: {epoch: screen}",
            "endpoints.secondary[0].against",
            "spasticity_nrs is not asked for then",
        ),
    ],
    "documents_cover_every_element": [
        (
            CROHNS,
            "elements: [r, q]",
            "elements: [r]",
            "consent.documents[0].sections",
            "no section covers q (timely information that may affect willingness)",
        ),
    ],
    "key_information_comes_first": [
        (
            CROHNS,
            "elements: [a, b, l, t, u], key_information: true",
            "elements: [a, b, l, t, u]",
            "consent.documents[0].sections",
            "a document begins with its key information",
        ),
    ],
    "documents_are_given_once": [],
}


@pytest.mark.parametrize(
    ("protocol", "old", "new", "field", "said"),
    [
        pytest.param(*row, id=f"{check}-{n}")
        for check, rows in BROKEN.items()
        for n, row in enumerate(rows, 1)
    ],
)
def test_what_breaks_a_check_is_refused_with_its_place_and_the_way_out(
    protocol, old, new, field, said
):
    faults = refused(protocol, (old, new))
    told = [each for each in faults if f": {field}: " in each and said in each]
    assert told, faults
    line, path = re.match(rf"{protocol}\.yaml, line (\d+): (\S+): ", told[0]).groups()
    assert int(line) > 1
    assert path == field
    assert path == field
    assert "; " in told[0] or "ask for less" in told[0]  # the way out


def test_a_document_that_stands_there_twice_is_refused():
    document = """\
    - {id: main, version: 1.0.0, language: en, text: "again.md", ethics_reference: null, impact: none, affects: new,
       sections: [{id: all, elements: [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t, u, v, data_protection, registry], key_information: true}]}
  quiz: {questions"""
    (fault,) = refused("ldn-crohns", ("  quiz: {questions", document))
    assert "consent.documents[1]: main 1.0.0 in en stands there twice; raise its version" in fault


def test_minimisation_no_better_than_chance_is_refused_and_so_is_a_certain_one():
    def minimised(probability):
        return (
            "method: permuted_blocks\n  at_visit: R\n  first_dose_within_days: 14\n  block_sizes: [2, 4]",
            f"method: minimisation\n  at_visit: R\n  first_dose_within_days: 14\n  probability: {probability}",
        )

    assert edited(ME, minimised(0.8)).allocation.probability == 0.8
    assert "allocation.probability: 0.5 is chance; give more" in refused(ME, minimised(0.5))[0]
    assert "less than 1" in refused(ME, minimised(1.0))[0]


def test_every_check_is_broken_here():
    assert list(BROKEN) == [check.__name__ for check in (*REFERENCES, *PLANS)]


def test_all_faults_are_told_at_once():
    faults = refused(
        "ldn-mecfs",
        ("reasons: [ran_out, ", "reasons: ["),
        ("start_offset_weeks: 8", "start_offset_weeks: 6"),
        ("shares: [0.5, 0.5]", "shares: [0.5, 0.4]"),
    )
    assert len(faults) == 3


def test_a_portion_of_a_split_dose_must_be_makeable_where_the_whole_is_not():
    once = ("most_at_once: 3", "most_at_once: 2")
    no_liquid = ("most_ml_at_once: 10", "most_ml_at_once: 0.25")
    faults = refused(
        "ldn-case-series", once, no_liquid, ("mg: 12.0, from_week: 65", "mg: 10.5, from_week: 65")
    )
    assert any(
        "steps[12].mg: 5.25 mg, a portion of 10.5 mg, cannot be made" in each for each in faults
    )
    assert not any("12 mg" in each or "15 mg" in each for each in faults)


def test_the_arm_that_waits_for_the_drug_must_take_it():
    faults = refused("ldn-crohns", ("days: 84, drug: true", "days: 84, drug: false"))
    assert any("arms[0]: arm LDN has no epoch with drug" in each for each in faults)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("schema: protocol/1", "schema: protocol/2", "Input should be 'protocol/1'"),
        ("planned: 17", "planned: 0", "greater than 0"),
        ("version: 1.0.0\ntitle", "version: 1.0\ntitle", "Input should be a valid string"),
        ('opens: "17:00"', 'opens: "5 pm"', "a time of day is written as '17:00', in quotes"),
        ("mg: 4.5, from_week", "mg: 4.50001, from_week", "at most three decimals of a milligram"),
        ("days: 84, drug: true", "days: eighty, drug: true", "Input should be a valid integer"),
        ("unknown_value: block", "unknown_value: allow", "Input should be 'block'"),
        ('rule: "age >= 18"', 'rule: "age >= eighteen()"', "`eighteen()` is no part of a rule"),
        ("elements: [r, q]", "elements: [r, q, z]", "no such element of consent"),
        ("gap_days_max: 13", "gap_days_maximum: 13", "Extra inputs are not permitted"),
        ("at: {visits: [W16]}", "at: {visits: []}", "at least 1 item"),
        (
            "at: {visits: [W16]}",
            "at: {anchor: first_dose, from_day: 9, to_day: 8}",
            "day 8 is before day 9",
        ),
        (
            "{outcome: cdai, below: 150}",
            "{outcome: cdai, below: 150, at_most: 1}",
            "give one of falls_by",
        ),
        ("{outcome: cdai, falls_by: 70}", "{outcome: cdai, falls_by: -70}", "greater than 0"),
        (
            "closes_days_later: 1\n    epochs: [run_in, treat, after]",
            "closes_days_later: 0\n    epochs: [run_in, treat, after]",
            "it closes before it opens",
        ),
        (
            "filled_by: participant, minutes: 8",
            "filled_by: participant, minutes: 0",
            "what participants fill in takes minutes",
        ),
        ("strengths_mg: [4.5], most_at_once: 1", "strengths_mg: [4.5]", "Field required"),
        ("strengths_mg: [4.5]", "strengths_mg: [4.5, 4.5]", "4.5 is there twice; name it once"),
        ("forms: [eligibility, labs]", "forms: [eligibility, labs, labs]", "labs is there twice"),
    ],
)
def test_what_is_no_value_of_its_field_is_refused(old, new, said):
    assert any(said in fault for fault in refused("ldn-crohns", (old, new)))


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("days: 3, of_days: 7, action", "days: 3, action", "days and of_days belong together"),
        ("days: 3, of_days: 7, action", "days: 9, of_days: 7, action", "9 of 7 days never happens"),
        (", repeat_hours: 72", "", "repeat_hours belongs to hold_and_repeat_laboratory"),
        ("data_types: [heart_rate,", "data_types: [location,", "no such data type"),
        (
            "over_days: 14, at_least_days: 7}\n  - {id: steps",
            "over_days: 14, at_least_days: 15}\n  - {id: steps",
            "at_least_days is more than over_days",
        ),
        (
            "{id: cream, form: cream, route: topical}",
            "{id: cream, form: cream, route: topical, enabled: true}",
            "Input should be False",
        ),
    ],
)
def test_what_contradicts_itself_is_refused(old, new, said):
    assert any(said in fault for fault in refused("ldn-mecfs", (old, new)))


def test_what_can_be_approved_is_not_refused():
    approved = edited("ldn-crohns", ("ethics_reference: null", 'ethics_reference: "EK 17/2026"'))
    assert approved.consent.documents[0].ethics_reference == "EK 17/2026"
