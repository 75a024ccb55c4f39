"""What CDISC's rules will say of right tabulations is known beforehand, and no filling of the cells is silent."""

import gzip
import json
from functools import cache
from itertools import product

import judged
import pytest

from hometrial.exports.papers import _counted_subjects
from hometrial.exports.sdtm import assembling, standard
from hometrial.exports.sdtm.foreseen import foreseen

_OF_ARMS = ("CORE-000191", "CORE-000192", "CORE-000223", "CORE-000045", "CORE-000886")
_OF_SERIOUSNESS = ("CORE-000022", "CORE-000087", "CORE-000266")
_DM = {"STUDYID": "T", "DOMAIN": "DM", "USUBJID": "T-1", "SUBJID": "1", "SITEID": "01", "SEX": "F",
       "COUNTRY": "GBR", "AGE": 40.0}  # fmt: skip
_AE = {"STUDYID": "T", "DOMAIN": "AE", "USUBJID": "T-1", "AESEQ": 1, "AETERM": "Nausea", "AEDECOD": "NAUSEA",
       "EPOCH": "SCREENING"}  # fmt: skip


def said(name, **cells):
    """Return the rules that are foreseen of one row."""
    row = ({"DM": _DM, "AE": _AE}[name]) | cells
    made = assembling.made_of(standard.domain(name), [row])
    return [each.rule for each in foreseen({name: made}) if any(each.subjects)]


@pytest.mark.parametrize(
    ("cells", "rules"),
    [
        ({"ARMCD": "A", "ARM": "A", "ACTARMCD": "A", "ACTARM": "A", "RFENDTC": "2026-01-01"}, []),
        ({"ARMNRS": "SCREEN FAILURE"}, []),
        ({"ARMNRS": "SCREEN FAILURE", "AGE": None}, []),
        ({"ARMNRS": "NOT ASSIGNED"}, []),
        ({"ARMNRS": "NOT ASSIGNED", "AGE": None}, ["CORE-001043"]),
        ({"ARMCD": "A", "ARM": "A", "ACTARMCD": "A", "ACTARM": "A", "AGE": None}, ["CORE-001043"]),
        ({"ARMCD": "A", "ARM": "A", "ARMNRS": "ASSIGNED, NOT TREATED", "RFENDTC": "2026-01-01"}, ["CORE-000192"]),
        ({"ARMNRS": "ALLOCATION WITHHELD", "RFXSTDTC": "2026-01-01"}, ["CORE-000758", "CORE-000927"]),
        ({"ARMNRS": "ALLOCATION WITHHELD"}, []),
        ({"ARMNRS": "NOT ASSIGNED", "DTHFL": "Y", "DTHDTC": "2026"}, []),
        ({"ARMNRS": "NOT ASSIGNED", "DTHFL": "Y"}, ["CORE-000705"]),
        ({"ARMNRS": "SCREEN FAILURE", "RFICDTC": "2026-01-05", "RFXSTDTC": "2026-01-05"}, []),
        ({"ARMNRS": "SCREEN FAILURE", "RFICDTC": "2026-01-06", "RFXSTDTC": "2026-01-05"},
         ["CORE-000658", "CORE-000713"]),
    ],
)  # fmt: skip
def test_what_is_foreseen_of_a_subject(cells, rules):
    assert said("DM", **cells) == rules


@pytest.mark.parametrize(
    ("cells", "rules"),
    [
        ({"AESER": "N"}, []),
        ({"AESER": "Y", "AESHOSP": "Y"}, []),
        ({"AESER": ""}, ["CORE-000266"]),
        ({"AESER": "N", "EPOCH": ""}, ["CORE-000701"]),
        ({"AESER": "N", "AEOUT": "NOT RECOVERED/NOT RESOLVED"}, []),
        ({"AESER": "N", "AEOUT": "NOT RECOVERED/NOT RESOLVED", "AEENDTC": "2026-01"}, ["CORE-000657"]),
        ({"AESER": "N", "AEOUT": "RECOVERED/RESOLVED", "AEENDTC": "2026-01"}, []),
        ({"AESER": "N", "AEOUT": "RECOVERED/RESOLVED"}, ["CORE-000659"]),
    ],
)  # fmt: skip
def test_what_is_foreseen_of_an_event(cells, rules):
    assert said("AE", **cells) == rules


def test_what_is_compared_with_the_subject_s_own_dates_is_foreseen_too():
    person = _DM | {
        "ARMNRS": "NOT ASSIGNED",
        "RFICDTC": "2026-01-05",
        "DTHFL": "Y",
        "DTHDTC": "2026-02-01",
    }
    event = _AE | {"AESER": "Y", "AESDTH": "Y", "AEOUT": "FATAL"}
    deviations = [{"STUDYID": "T", "DOMAIN": "DV", "USUBJID": "T-1", "DVSEQ": place, "DVTERM": "X",
                   "EPOCH": "SCREENING", "DVSTDTC": day} for place, day in enumerate(("2026-01-04", "2026-01-05"))]  # fmt: skip
    rows = {"DM": [person], "DV": deviations,
            "AE": [event | {"AEENDTC": "2026-02-01"}, event | {"AESEQ": 2, "AEENDTC": "2026-02"}]}  # fmt: skip
    made = {name: assembling.made_of(standard.domain(name), each) for name, each in rows.items()}
    assert [(each.rule, each.subjects) for each in foreseen(made) if any(each.subjects)] == [
        ("CORE-000086", ("T-1",)),
        ("CORE-000841", ("T-1",)),
    ]


def test_what_is_said_of_whole_data_sets_is_foreseen_of_no_subject():
    title = {"STUDYID": "T", "DOMAIN": "TS", "TSSEQ": 1, "TSPARMCD": "TITLE", "TSPARM": "Trial Title", "TSVAL": "A"}  # fmt: skip
    made = {
        name: assembling.made_of(standard.domain(name), [row])
        for name, row in {"DM": _DM | {"ARMNRS": "NOT ASSIGNED"}, "TS": title | {"TSVAL1": "B", "TSVAL2": "C"}}.items()
    }  # fmt: skip
    assert [(each.rule, each.data_set, each.subjects) for each in foreseen(made)] == [
        ("CORE-000739", "STUDY", ("", "")),
        ("CORE-000550", "TS", ("", "")),
        ("CORE-000594", "TS", ("", "")),
        ("CORE-000852", "TS", ("",)),
        ("CORE-001081", "TS", ("", "")),
        ("CORE-001082", "TS", ("", "")),
    ]
    short = {"TS": assembling.made_of(standard.domain("TS"), [title])}
    [told] = foreseen(short)
    assert told.rule == "CORE-000739"
    assert _counted_subjects(told) == "1 finding, of no subject"


@cache
def _conditions():
    if not (judged.CORE / "data").is_dir():
        pytest.skip(f"no rules at {judged.CORE}")
    with gzip.open(judged.CORE / "data" / "rules-sdtmig-3-4.json.gz") as body:
        rules = {each["core_id"]: each["conditions"] for each in json.load(body)}
    return {name: rules[name] for name in (*_OF_ARMS, *_OF_SERIOUSNESS)}


def _holds(condition, row):
    """Judge a row as CORE does: where a condition holds the rule speaks."""
    for word, every in (("all", all), ("any", any)):
        if word in condition:
            return every([_holds(each, row) for each in condition[word]])
    name, against = condition["value"]["target"], condition["value"].get("comparator")
    value = row.get(name, "")
    return {
        "empty": lambda: not value,
        "non_empty": lambda: bool(value),
        "exists": lambda: name in row,
        "not_exists": lambda: name not in row,
        "equal_to": lambda: value == against,
        "not_equal_to": lambda: value != against,
        "is_not_contained_by": lambda: value not in against,
    }[condition["operator"]]()


def _spoken(rules, row):
    known = _conditions()
    return {each for each in rules if _holds(_untreated(known[each]), row)}


def _untreated(condition):
    """Let the rule see a person who is not in EX, of an interventional study."""
    for word in ("all", "any"):
        if word in condition:
            return {word: [_untreated(each) for each in condition[word]]}
    value = condition["value"]
    if value.get("comparator") == "$usubjids_in_ex":
        value = value | {"comparator": ()}
    return condition | {"value": value}


def test_no_way_to_tell_of_somebody_assigned_and_not_treated_is_silent():
    silent = []
    for arm, actual, reason, end in product(
        ("", "A"), ("", "A"), ("", "NOT ASSIGNED", "ASSIGNED, NOT TREATED"), ("", "2026-01-01")
    ):
        row = {"ARM": arm, "ARMCD": arm, "ACTARM": actual, "ACTARMCD": actual, "ARMNRS": reason, "RFENDTC": end,
               "TSPARMCD": "STYPE", "TSVAL": "INTERVENTIONAL", "USUBJID": "T-1"}  # fmt: skip
        if not _spoken(_OF_ARMS, row):
            silent.append(row)
    assert silent
    assert {row["ARM"] for row in silent} == {""}
    ours = {"ARM": "A", "ARMCD": "A", "ARMNRS": "ASSIGNED, NOT TREATED", "RFENDTC": "2026-01-01",
            "TSPARMCD": "STYPE", "TSVAL": "INTERVENTIONAL", "USUBJID": "T-1"}  # fmt: skip
    assert _spoken(_OF_ARMS, ours) == {"CORE-000192"}


def test_no_way_to_tell_of_an_event_that_nobody_judged_is_silent():
    silent = {
        (serious, hospital)
        for serious, hospital in product(("", "N", "Y", "U", "NA"), ("", "N", "Y"))
        if not _spoken(_OF_SERIOUSNESS, {"AESER": serious, "AESHOSP": hospital})
    }
    assert silent == {("N", ""), ("N", "N"), ("Y", "Y")}
    assert _spoken(_OF_SERIOUSNESS, {"AESER": ""}) == {"CORE-000266"}
