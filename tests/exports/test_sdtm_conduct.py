"""Who took part, what they went through and what was planned, as SDTM's special-purpose and trial design domains."""

from datetime import date
from itertools import pairwise
from typing import Any

import pytest
from protocols import edited, shipped
from twins import twin

from hometrial.exports.metadata import ValueRefusedError
from hometrial.exports.sdtm import conduct, design, leaving, people, planned, population, summary
from hometrial.exports.sdtm.assembling import SOURCE, SUPPLEMENT, assemble
from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME
from hometrial.protocol import loading

NAMES = ("ldn-mecfs", "ldn-ms", "ldn-crohns", "ldn-case-series")
WHO = "A-1"
_FIRST = date(2026, 3, 1)


def study(protocol: str = "ldn-mecfs", body: str = "", **tables: list[dict[str, Any]]) -> Study:
    """Return a study of one person; every row but those of the study itself is theirs."""
    rows: dict[str, list[dict[str, Any]]] = {
        "protocol_version": [
            {"id": "P1", "in_force": True, "body": body or loading.shipped_text(protocol)}
        ],
        "site": [{"id": "01", "country": "GB"}],
        "participant": [{"id": WHO, "site": "01", "status": "enrolled"}],
        **tables,
    }
    for name, found in rows.items():
        whose = "participant" in BY_NAME[name].schema.names
        for place, row in enumerate(found):
            row.setdefault("id", f"{name}-{place}")
            if whose:
                row.setdefault("participant", WHO)
    return Study(Source({name: BY_NAME[name].table(found) for name, found in rows.items()}))


def doses(*days: date) -> list[dict[str, Any]]:
    return [{"day": day, "mg_least": 0.5, "status": "taken"} for day in days]


SIGNED = [{"part": "participant", "document": "main", "version": "1.0.0", "kind": "electronic",
           "signed": "2026-01-05T10:00:00+00:00"}]  # fmt: skip
ELIGIBLE = [{"number": 1, "outcome": "eligible", "decided": "2026-01-20T09:00:00+00:00"}]
FAILED = [{"number": 1, "outcome": "screen_failure", "failing": "I1; E10", "decided": "2026-01-20T09:00:00+00:00"}]  # fmt: skip
DRAWN = [{"arm": "DEL", "allocated": "2026-02-10T09:00:00+00:00"}]
_ARMS = ("ARMCD", "ACTARMCD", "ARMNRS", "RFSTDTC", "RFENDTC")


@pytest.mark.parametrize(
    ("protocol", "tables", "expected"),
    [
        ("ldn-mecfs", {"screening": FAILED}, ("", "", "SCREEN FAILURE", "", "")),
        ("ldn-mecfs", {"screening": ELIGIBLE}, ("", "", "NOT ASSIGNED", "", "")),
        ("ldn-mecfs", {"screening": ELIGIBLE, "allocation": DRAWN},
         ("DEL", "", "ASSIGNED, NOT TREATED", "", "2026-02-10")),
        ("ldn-mecfs", {"screening": ELIGIBLE, "allocation": DRAWN, "dose_day": doses(_FIRST, date(2026, 3, 9))},
         ("DEL", "DEL", "", "2026-03-01", "2026-03-09")),
        ("ldn-mecfs", {"screening": ELIGIBLE, "allocation": [{"allocated": "2026-02-10T09:00:00+00:00"}],
                       "dose_day": doses(_FIRST)},
         ("", "", "ALLOCATION WITHHELD", "2026-03-01", "")),
        ("ldn-mecfs", {"screening": ELIGIBLE, "dose_day": doses(_FIRST)},
         ("", "", "UNPLANNED TREATMENT", "2026-03-01", "")),
        ("ldn-ms", {"screening": ELIGIBLE}, ("", "", "NOT ASSIGNED", "", "")),
        ("ldn-ms", {"screening": ELIGIBLE, "dose_order": [{"number": 1, "day": _FIRST, "mg": 1.5}]},
         ("LDN", "", "ASSIGNED, NOT TREATED", "", "2026-01-20")),
        ("ldn-ms", {"screening": ELIGIBLE, "dose_order": [{"number": 1, "day": _FIRST, "mg": None}]},
         ("", "", "NOT ASSIGNED", "", "")),
        ("ldn-ms", {"screening": ELIGIBLE, "dose_day": doses(_FIRST)}, ("LDN", "LDN", "", "2026-03-01", "2026-03-01")),
        ("ldn-ms", {"screening": FAILED}, ("", "", "SCREEN FAILURE", "", "")),
        ("ldn-ms", {}, ("", "", "NOT ASSIGNED", "", "")),
    ],
)  # fmt: skip
def test_the_arm_is_there_or_the_reason_why_not(protocol, tables, expected):
    [row] = people.dm(study(protocol, **tables))
    assert tuple(row.get(name, "") for name in _ARMS) == expected


def test_nobody_is_asked_for_what_the_protocol_does_not_ask():
    answered = [{"screening": "screening-0", "variable": "age", "value": "43", "number": 43.0}]
    [row] = people.dm(study(screening=ELIGIBLE, screening_answer=answered))
    assert (row["AGE"], row["AGEU"], row["SEX"], row["COUNTRY"]) == (43.0, "YEARS", "U", "GBR")
    assert "RACE" not in row
    assert "screening_answer/screening_answer-0" in row[SOURCE]


def test_a_questionnaire_that_asks_for_the_sex_tells_it():
    told = [{"item": "sex", "value": "1", "shown": "Female", "answered": "2026-01-06T09:00:00+00:00"}]  # fmt: skip
    [row] = people.dm(study(item=told))
    assert row["SEX"] == "F"


@pytest.mark.parametrize(("written", "expected"), [("DE", "DEU"), ("gbr", "GBR"), (None, "ZZZ")])
def test_the_country_has_three_letters(written, expected):
    [row] = people.dm(study(site=[{"id": "01", "country": written}]))
    assert row["COUNTRY"] == expected


def test_a_country_that_is_none_is_refused():
    with pytest.raises(ValueRefusedError, match="site 01: 'UK' is no country"):
        people.dm(study(site=[{"id": "01", "country": "UK"}]))


def test_who_was_never_met_in_person_was_enrolled_remotely():
    met = [{"visit": "V0", "number": 1, "outcome": "held", "day": date(2026, 1, 6), "mode": "clinic"}]  # fmt: skip
    modes = [
        people.dm(each)[0][SUPPLEMENT]["ENRLMODE"].value
        for each in (study(consent_signature=SIGNED), study(consent_signature=SIGNED, visit=met))
    ]
    assert modes == ["REMOTE", "ON SITE"]


def test_what_is_planned_is_no_contact():
    seen = study(
        consent_signature=SIGNED,
        visit=[
            {"visit": "V0", "number": 1, "outcome": "held", "day": date(2026, 1, 6), "mode": "video"},
            {"visit": "W4", "number": 1, "due": date(2026, 4, 1)},
        ],
        dose_day=[{"day": date(2026, 5, 1), "status": "not_planned", "mg_least": 0.0}],
        medication=[{"began": "2026-01"}, {"began": "2026-01-07"}],
    )  # fmt: skip
    assert seen.last_contact(WHO) == date(2026, 1, 7)


@pytest.mark.parametrize("name", NAMES)
def test_elements_have_no_gap_and_end_with_the_last_contact(name):
    seen = Study(twin(name))
    persons = 0
    for person in seen.people:
        rows = [row for row in conduct.se(seen) if row["_person"] == person]
        persons += bool(rows)
        assert all(before["SEENDTC"] == after["SESTDTC"] for before, after in pairwise(rows))
        if rows:
            assert rows[-1]["SEENDTC"] == seen.last_contact(person).isoformat()
    assert persons


def test_the_day_on_which_an_epoch_begins_is_of_that_epoch():
    epochs = [
        {"epoch": "screen", "number": 1, "first": date(2026, 1, 5), "last": date(2026, 1, 20)},
        {"epoch": "run_in", "number": 2, "first": date(2026, 1, 25), "last": None},
    ]
    seen = study(consent_signature=SIGNED, epoch=epochs, dose_day=doses(_FIRST))
    days = [date(2026, 1, 4), date(2026, 1, 5), date(2026, 1, 22), date(2026, 1, 25), _FIRST]
    told = [seen.epoch(WHO, day) for day in days]
    assert told == ["", "SCREENING", "SCREENING", "RUN-IN", "RUN-IN"]
    assert [seen.epoch_of(WHO, each) for each in ("2026-02", "2026-01", "2025", "")] == ["RUN-IN", "", "", ""]  # fmt: skip


def test_epochs_that_follow_each_other_alike_are_elements_of_one():
    assert planned.epoch_terms(shipped("ldn-mecfs")) == {
        "screen": "SCREENING", "run_in": "RUN-IN", "wait": "OBSERVATION", "titrate": "OPEN LABEL TREATMENT",
        "maintain": "OPEN LABEL TREATMENT", "washout": "FOLLOW-UP", "extension": "CONTINUATION TREATMENT",
    }  # fmt: skip


def test_visits_have_the_numbers_that_the_plan_gives_them():
    seen = study(
        "ldn-case-series",
        visit=[
            {"visit": "V1", "number": 1, "outcome": "held", "day": date(2026, 2, 1), "mode": "remote"},
            {"visit": "Q", "number": 2, "outcome": "held", "day": date(2026, 8, 1), "mode": "phone"},
            {"visit": "Q", "number": 1, "outcome": "missed", "reason": "Too ill"},
            {"visit": "Q", "number": 3, "outcome": None, "due": date(2026, 11, 1)},
            {"visit": "U", "number": 1, "outcome": "held", "day": date(2026, 3, 1), "mode": "clinic"},
            {"visit": "U", "number": 2, "outcome": "held", "day": date(2026, 9, 1), "mode": "phone"},
        ],
    )  # fmt: skip
    rows = conduct.sv(seen)
    assert [row["VISITNUM"] for row in rows] == [2.0, 2.01, 3.0, 4.0, 4.02]
    unplanned, missed = rows[1], rows[2]
    assert (missed["SVOCCUR"], missed["SVSTDTC"], missed["SVREASOC"]) == ("N", "", "Too ill")
    assert unplanned["VISIT"] == "UNSCHEDULED 2.01"
    assert unplanned["SVUPDES"] == "Dose change or problem"
    assert "SVPRESP" not in unplanned
    plan = {row["VISITNUM"]: row["VISIT"] for row in design.tv(seen)}
    assert plan[4.0] == rows[3]["VISIT"] == "EVERY 12 WEEKS 2"
    assert seen.visit(WHO, "Q", 2)["VISITDY"] == 169
    assert seen.visit(WHO, "Q", 1) == {}, "a missed visit is none that anything was collected at"


def test_consent_is_the_earliest_milestone_and_a_new_one_is_another():
    again = {**SIGNED[0], "id": "later", "version": "1.1.0", "signed": "2026-04-01T10:00:00+01:00"}
    seen = study(consent_signature=[again, *SIGNED], screening=ELIGIBLE, allocation=DRAWN)
    rows = conduct.ds(seen)
    assert [(row["DSDECOD"], row["DSSTDTC"]) for row in rows] == [
        ("INFORMED CONSENT OBTAINED", "2026-01-05"),
        ("INFORMED CONSENT OBTAINED", "2026-04-01"),
        ("ELIGIBILITY CRITERIA MET", "2026-01-20"),
        ("RANDOMIZED", "2026-02-10"),
        ("STILL IN THE STUDY", "2026-04-01"),
    ]
    assert people.dm(seen)[0]["RFICDTC"] == "2026-01-05"


_LAST = {"anchor": "last_dose", "day": date(2026, 4, 1)}
_START = {"anchor": "first_dose", "day": _FIRST}


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ({"anchor": [_START]}, None),
        ({"anchor": [_START, _LAST], "adverse_event": [{"action": "stopped_permanently", "outcome": "recovered"}]},
         ("ADVERSE EVENT", "2026-04-01")),
        ({"anchor": [_START, _LAST], "adverse_event": [{"action": "none", "outcome": "fatal", "stop": "2026-04-03"}]},
         ("DEATH", "2026-04-03")),
        ({"anchor": [_START, _LAST], "withdrawal": [{"choice": "stop_drug", "decided": "2026-04-01T09:00:00+01:00", "role": "self"}]},
         ("WITHDRAWAL BY SUBJECT", "2026-04-01")),
        ({"anchor": [_START, _LAST], "dose_order": [{"kind": "stop for good", "number": 4, "actor": "investigator", "why": "ALT"}]},
         ("PHYSICIAN DECISION", "2026-04-01")),
        ({"anchor": [_START, {"anchor": "last_dose", "day": date(2026, 6, 3)}]}, ("COMPLETED", "2026-06-03")),
    ],
)  # fmt: skip
def test_the_treatment_ends_for_the_reason_on_record(tables, expected):
    seen = study(dose_day=doses(_FIRST), screening=ELIGIBLE, allocation=DRAWN, **tables)
    end = leaving.treatment(seen, WHO)
    assert (None if end is None else (end.term, end.day)) == expected


_STOP = {"kind": "stop", "number": 2, "day": date(2026, 3, 2), "actor": "staff", "why": "withdrawn"}
_ILL = {"action": "held", "outcome": "recovered", "start": "2026-03-01"}


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        ({"dose_order": [_STOP]}, ("PHYSICIAN DECISION", "withdrawn", "2026-03-01")),
        ({"dose_order": [{**_STOP, "actor": "participant"}]}, ("WITHDRAWAL BY SUBJECT", "withdrawn", "2026-03-01")),
        ({"dose_order": [_STOP], "adverse_event": [_ILL]}, ("ADVERSE EVENT", "ADVERSE EVENT", "2026-03-01")),
        ({"dose_order": [_STOP, {**_STOP, "kind": "restart", "number": 3, "mg": 1.0}]}, None),
        ({"dose_order": [{**_STOP, "kind": "hold"}]}, None),
        ({"dose_order": [{**_STOP, "day": date(2026, 3, 9)}]}, None),
    ],
    ids=["the staff", "the person", "an event", "taken up again", "a hold", "one to come"],
)  # fmt: skip
def test_a_stop_ends_the_treatment_unless_it_was_taken_up_again(tables, expected):
    seen = study(dose_day=doses(_FIRST), screening=ELIGIBLE, allocation=DRAWN, anchor=[_START], **tables)  # fmt: skip
    end = leaving.treatment(seen, WHO)
    assert (None if end is None else (end.term, end.words, end.day)) == expected


_OVER = [{"epoch": "washout", "number": 4, "first": date(2026, 3, 11), "last": date(2026, 4, 7)}]


def _visits(w14, f4):
    return [
        {"visit": "F4", "number": 1, "due": date(2026, 4, 7), **f4},
        {"visit": "W14", "number": 1, "due": date(2026, 6, 7), **w14},
    ]


@pytest.mark.parametrize(
    ("visits", "heard", "expected"),
    [
        (_visits({"outcome": "upcoming"}, {"outcome": "overdue"}), [], None),
        (_visits({"outcome": "upcoming"}, {"outcome": "held", "day": date(2026, 4, 7)}), [], None),
        (_visits({"outcome": "held", "day": date(2026, 6, 5)}, {"outcome": "missed"}), [], "2026-06-05"),
        (_visits({"outcome": "missed"}, {"outcome": "missed"}), [{"day": date(2026, 6, 8)}], "2026-06-08"),
        ([], [], None),
    ],
    ids=["never seen again", "the last is to come", "the last was held", "heard of until then", "days went by"],
)  # fmt: skip
def test_nobody_completes_by_days_that_went_by(visits, heard, expected):
    seen = study(
        dose_day=doses(_FIRST), screening=ELIGIBLE, allocation=DRAWN, epoch=_OVER, visit=visits, data_day=heard,
        anchor=[_START, {"anchor": "last_dose", "day": date(2026, 3, 10)}],
    )  # fmt: skip
    end = leaving.participation(seen, WHO)
    assert (None if end is None else end.day) == expected


@pytest.mark.parametrize("name", NAMES)
def test_participation_ends_at_most_once_and_screen_failures_end_as_such(name):
    seen = Study(twin(name))
    rows = [row for row in conduct.ds(seen) if row.get("DSSCAT")]
    keys = [(row["_person"], row["DSSCAT"]) for row in rows]
    assert len(keys) == len(set(keys))
    failed = {row["SUBJID"] for row in people.dm(seen) if row.get("ARMNRS") == "SCREEN FAILURE"}
    assert failed == {row["_person"] for row in rows if row["DSDECOD"] == "SCREEN FAILURE"}


def test_criteria_not_met_are_those_of_the_trial():
    seen = study(screening=FAILED)
    rows = conduct.ie(seen)
    assert [(row["IETESTCD"], row["IECAT"], row["IEORRES"]) for row in rows] == [
        ("I1", "INCLUSION", "N"),
        ("E10", "EXCLUSION", "Y"),
    ]
    listed = {(row["IETESTCD"], row["IETEST"]) for row in design.ti(seen)}
    assert {(row["IETESTCD"], row["IETEST"]) for row in rows} <= listed


def test_a_criterion_that_no_protocol_has_is_refused():
    wrong = [{**FAILED[0], "failing": "I1; I99"}]
    with pytest.raises(ValueRefusedError, match=r"screening-0 of A-1 failed for 'I99'"):
        conduct.ie(study(screening=wrong))


def test_a_criterion_that_was_worded_anew_has_a_code_of_its_own():
    text = loading.shipped_text("ldn-mecfs")
    newer = text.replace("version: 1.0.0", "version: 1.1.0", 1).replace("Age 18-70", "Age 18 to 70")
    versions = [
        {"id": "P1", "in_force": False, "body": text},
        {"id": "P2", "in_force": True, "body": newer},
    ]
    rows = design.ti(study(protocol_version=versions))
    told = {(row["TIVERS"], row["IETESTCD"], row["IETEST"]) for row in rows if row["IETESTCD"].startswith("I1")}  # fmt: skip
    assert told == {("1.0.0", "I1", "Age 18-70"), ("1.1.0", "I1B", "Age 18 to 70")}


def test_a_deviation_whose_words_stay_behind_says_its_category():
    kept = {"number": 1, "category": "visit_window", "impact": "minor", "happened": _FIRST}
    [row] = conduct.dv(study(deviation=[{**kept, "description": None}]))
    assert (row["DVTERM"], row["DVCAT"], row["DVSTDTC"]) == ("VISIT WINDOW", "MINOR", "2026-03-01")


@pytest.mark.parametrize("name", NAMES)
def test_arms_go_through_their_elements_and_each_begins_at_a_point_in_time(name):
    seen = Study(twin(name))
    arms, elements = design.ta(seen), design.te(seen)
    assert {row["ETCD"] for row in arms} == {row["ETCD"] for row in elements}
    assert all(len(row["ETCD"]) <= 8 for row in elements)
    rules = [(row["TESTRL"], row["TEENRL"], row["TEDUR"]) for row in elements]
    assert len(rules) == len(set(rules))
    branched = [row for row in arms if row["TABRANCH"]]
    assert len(branched) == (len(seen.protocol.arms) if len(seen.protocol.arms) > 1 else 0)


@pytest.mark.parametrize(
    ("name", "ages", "phase", "kinds"),
    [
        ("ldn-mecfs", (18, 70), "PHASE IIA TRIAL", ["EFFICACY"]),
        ("ldn-ms", (18, 75), "PHASE IIA TRIAL", ["SAFETY"]),
        ("ldn-crohns", (18, None), "PHASE IIA TRIAL", ["EFFICACY"]),
        ("ldn-case-series", (18, None), "NOT APPLICABLE", ["EFFICACY"]),
    ],
)
def test_the_summary_is_read_from_the_protocol(name, ages, phase, kinds):
    rows = summary.ts(study(name))
    told: dict[str, list[str]] = {}
    for row in rows:
        told.setdefault(row["TSPARMCD"], []).append(row["TSVAL"])
        assert bool(row["TSVAL"]) != bool(row["TSVALNF"]), "a value, or why there is none"
    assert population.ages(shipped(name)) == ages
    assert told["TPHASE"] == [phase]
    assert told["TTYPE"] == kinds
    assert told["TRT"] == ["NALTREXONE"]
    assert told["ACTSUB"] == ["0"]


def test_who_is_let_in_is_what_the_rules_say():
    older = edited("ldn-mecfs", ('rule: "18 <= age <= 70"', 'rule: "age >= 60"'))
    assert population.ages(older) == (60, None)
    assert population.sexes(older) == "BOTH"


def test_a_study_day_of_an_element_counts_from_the_first_dose():
    epochs = [{"epoch": "titrate", "number": 4, "first": _FIRST, "last": None}]
    seen = study(epoch=epochs, dose_day=doses(_FIRST, date(2026, 3, 2)))
    [made] = assemble("SE", conduct.se(seen), seen)
    assert made.table["SESTDY"].to_pylist() == [1]
    assert made.table["SEENDY"].to_pylist() == [2]


_DIED = {"number": 1, "serious": "death", "start": "2026-05-01"}


@pytest.mark.parametrize(
    ("events", "day"),
    [
        ([_DIED | {"outcome": "fatal", "stop": "2026-05-03"}], "2026-05-03"),
        ([_DIED | {"outcome": None, "stop": "2026-05-03"}], "2026-05-03"),
        ([_DIED | {"outcome": "fatal", "stop": "2026-05"}, _DIED | {"id": "b", "stop": "2026-05-03"}], "2026-05-03"),
        ([_DIED | {"outcome": "fatal", "stop": None}], ""),
    ],
)  # fmt: skip
def test_a_death_is_one_by_its_outcome_or_by_what_it_led_to_on_the_day_that_is_known_best(
    events, day
):
    seen = study(consent_signature=SIGNED, adverse_event=events)
    [person] = people.dm(seen)
    assert (person["DTHFL"], person["DTHDTC"]) == ("Y", day)
    assert [row["DSSTDTC"] for row in conduct.ds(seen) if row["DSDECOD"] == "DEATH"] == [day]


@pytest.mark.parametrize(
    ("start", "more"),
    [("2026-06-01", []), ("2026-06-02", [("HEARD OF AFTER THE END", "OTHER EVENT", "2026-06-20")])],
)
def test_an_event_after_the_end_is_no_later_than_the_disposition(start, more):
    left = {"choice": "withdraw_completely", "decided": "2026-06-01T10:00:00+00:00", "role": "participant"}  # fmt: skip
    event = {"number": 1, "start": start, "learned": "2026-06-20T10:00:00+00:00"}
    seen = study(consent_signature=SIGNED, withdrawal=[left], adverse_event=[event])
    rows = [row for row in conduct.ds(seen) if row["DSSTDTC"] >= "2026-06-01"]
    assert [(row["DSDECOD"], row["DSCAT"], row["DSSTDTC"]) for row in rows] == [
        ("WITHDRAWAL BY SUBJECT", "DISPOSITION EVENT", "2026-06-01"),
        *more,
    ]


def test_who_takes_the_drug_without_a_consent_on_record_and_has_an_event_is_in_the_disposition():
    event = {"number": 1, "start": "2026-06-02", "learned": "2026-06-20T10:00:00+00:00"}
    seen = study(dose_day=doses(_FIRST), adverse_event=[event])
    assert [(row["DSDECOD"], row["DSSTDTC"]) for row in conduct.ds(seen)] == [
        ("STILL IN THE STUDY", "2026-06-20")
    ]


def test_words_of_blanks_alone_are_no_words_and_blanks_about_others_are_no_part_of_them():
    left = {"choice": "withdraw_completely", "decided": "2026-06-01T10:00:00+00:00", "role": "participant", "reason": " "}  # fmt: skip
    told = [{"number": n, "category": "other", "impact": "minor", "happened": _FIRST, "description": words}
            for n, words in enumerate((" \n ", "  a tube broke "), 1)]  # fmt: skip
    seen = study(consent_signature=SIGNED, withdrawal=[left], deviation=told)
    [made] = assemble("DV", conduct.dv(seen), seen)
    assert made.table["DVTERM"].to_pylist() == ["OTHER", "a tube broke"]
    [end] = [row for row in conduct.ds(seen) if row["DSCAT"] == "DISPOSITION EVENT"]
    assert end["DSTERM"] == "WITHDRAW COMPLETELY"


@pytest.mark.parametrize(
    ("asked", "told", "value", "more"),
    [
        ("sex", "female", "F", {}),
        ("sex", "diverse", "U", {"SEXOTH": "diverse"}),
        ("race", "Black or African American", "BLACK OR AFRICAN AMERICAN", {}),
        ("race", "more than one", "OTHER", {"RACEOTH": "more than one"}),
        ("ethnicity", "not hispanic or latino", "NOT HISPANIC OR LATINO", {}),
        ("ethnicity", "not reported", "", {"ETHNOTH": "not reported"}),
        ("ethnicity", "Roma", "", {"ETHNOTH": "Roma"}),
    ],
)
def test_an_answer_without_a_term_of_cdisc_stands_as_it_was_told(asked, told, value, more):
    answer = {"screening": "screening-0", "variable": asked, "type": "choice", "value": told}
    [row] = people.dm(study(screening=ELIGIBLE, screening_answer=[answer]))
    name = {"sex": "SEX", "race": "RACE", "ethnicity": "ETHNIC"}[asked]
    assert row[name] == value
    assert {key: each.value for key, each in row[SUPPLEMENT].items()} == more


def test_names_that_are_alike_or_too_long_are_cut_and_told_apart():
    long = "Häufigkeit und Größe " * 18
    protocol = edited(
        "ldn-crohns",
        ('label: "Week 4"', f'label: "{long}4"'),
        ('label: "Week 8"', f'label: "{long}8"'),
        ("label: Baseline", "label: screening"),
        ('label: "Naltrexone 4.5 mg"', f'label: "{long}mg"'),
    )
    names = [each.name for each in planned.visits(protocol)]
    assert len(set(names)) == len(names)
    assert max(len(each.encode()) for each in names) <= 200
    assert names[:2] == ["SCREENING (V0)", "SCREENING (W0)"]
    assert [each[-5:] for each in names[2:4]] == [" (W4)", " (W8)"]
    [arm] = planned.arm_names(protocol).values()
    assert long.startswith(arm)
    assert len(arm.encode()) <= 200


def test_a_criterion_has_a_code_of_eight_letters_and_no_two_have_one():
    text = loading.shipped_text("ldn-crohns")
    rule = "Confirmed in a way that takes long to say " * 6
    for old, new in (
        ("{id: I3,", "{id: disease-activity-is-moderate,"), ("{id: I4,", "{id: disease-activity-is-stable,"),
        ("{id: I5,", "{id: I2B,"), ("Confirmed Crohn's disease", f"{rule}A"),
        ("Effective contraception where relevant", f"{rule}B"),
    ):  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    newer = text.replace(f"{rule}A", "Confirmed")
    versions = [
        {"id": f"P{place}", "in_force": place == 2, "published_at": place,
         "body": body.replace("version: 1.0.0", f"version: 1.{place}.0")}
        for place, body in enumerate((text, newer), 1)
    ]  # fmt: skip
    rows = design.ti(study(protocol_version=versions))
    codes = {(row["TIVERS"], row["IETESTCD"]) for row in rows}
    assert len(codes) == len(rows) == 20
    assert all(len(code) <= 8 and code.isalnum() for _, code in codes)
    assert {"I2", "I2B", "I2B2", "DISEASEA", "DISEASE2"} < {code for _, code in codes}
    pairs = {(row["IETESTCD"], row["IETEST"]) for row in rows}
    assert len(pairs) == len({code for code, _ in pairs}) == len({words for _, words in pairs})
