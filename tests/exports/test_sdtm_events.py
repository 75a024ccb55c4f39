"""Adverse events, medicines and history as they were told, and which records belong together."""

from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest
from twins import twin

from hometrial.exports.sdtm.assembling import Made, assemble
from hometrial.exports.sdtm.collected import ec
from hometrial.exports.sdtm.domains import DOMAINS, tabulate
from hometrial.exports.sdtm.events import ae, mh
from hometrial.exports.sdtm.medicines import cm
from hometrial.exports.sdtm.relations import relrec
from hometrial.exports.sdtm.standard import terms
from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME
from hometrial.protocol import loading

_WHO = "A-1"
_OWN = ("EX", "EC", "DA", "AE", "CM", "MH", "LB")
_FIRST = date(2026, 1, 10)
_LAST = date(2026, 3, 1)
_PROTOCOLS = ("ldn-mecfs", "ldn-ms", "ldn-crohns", "ldn-case-series")


def _study(protocol: str = "ldn-mecfs", **tables: list[dict[str, Any]]) -> Study:
    body = loading.shipped_text(protocol)
    days = [_FIRST + timedelta(place) for place in range((_LAST - _FIRST).days + 1)]
    rows: dict[str, list[dict[str, Any]]] = {
        "protocol_version": [{"id": "P", "protocol": protocol, "in_force": True, "body": body}],
        "participant": [{"id": _WHO, "participant": _WHO, "site": "S-01"}],
        "epoch": [
            {"id": f"{_WHO}/{epoch}", "participant": _WHO, "epoch": epoch, "number": n, "first": first}
            for n, (epoch, first) in enumerate([("screen", date(2026, 1, 1)), ("titrate", _FIRST)])
        ],
        "dose_day": [
            {"id": f"{_WHO}/{day}", "participant": _WHO, "day": day, "mg_least": mg, "mg_most": mg}
            for day in days for mg in [1.5 if day < date(2026, 2, 1) else 1.0]
        ],
        **{name: [_whose(name, n, row) for n, row in enumerate(each, 1)] for name, each in tables.items()},
    }  # fmt: skip
    return Study(Source({name: BY_NAME[name].table(each) for name, each in rows.items()}))


def _whose(table: str, number: int, row: dict[str, Any]) -> dict[str, Any]:
    has_number = "number" in BY_NAME[table].schema.names
    return (
        {"id": str(number), "participant": _WHO} | ({"number": number} if has_number else {}) | row
    )


def _rows(made: Made, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row.get(name) for name in names) for row in made.table.to_pylist()]


def _event(**told: Any) -> dict[str, Any]:
    """Tabulate one event and return its row."""
    study = _study(adverse_event=[{"verbatim": "Headache", "start": "2026-01-20"} | told])
    row: dict[str, Any] = assemble("AE", ae(study), study)[0].table.to_pylist()[0]
    return row


def _supplement(made: list[Made]) -> dict[str, str]:
    rows = made[1].table.to_pylist() if len(made) > 1 else []
    return {row["QNAM"]: row["QVAL"] for row in rows}


def test_an_event_is_told_in_its_own_words_and_decoded_only_by_a_coder() -> None:
    row = _event(verbatim="  Bad\nheadache ", term="headache")
    assert (row["AETERM"], row["AEMODIFY"], row["AEDECOD"]) == (
        "Bad headache", "HEADACHE", "HEADACHE",
    )  # fmt: skip
    assert (row["AEPTCD"], row["AEBODSYS"], row["AESOC"]) == (None, "", "")
    assert _event(verbatim="Sore knee", term=None)["AEDECOD"] == "SORE KNEE"
    coded = _event(pt_name="Headache", pt_code="10019211", soc_name="Nervous system disorders")
    assert (coded["AEDECOD"], coded["AEPTCD"], coded["AESOC"]) == ("Headache", 10019211.0, "")


def test_where_words_are_left_out_the_term_stands() -> None:
    assert _event(verbatim="NOT RELEASED", term="nausea")["AEDECOD"] == "NAUSEA"
    assert _event(verbatim=None, term="nausea")["AETERM"] == "Nausea"
    assert _event(verbatim=None)["AETERM"] == "ADVERSE EVENT, WORDS WITHHELD"


def test_seriousness_is_empty_until_it_is_judged_and_names_its_criteria() -> None:
    assert _event(serious=None)["AESER"] == ""
    harmless = _event(serious="")
    assert harmless["AESER"] == "N"
    assert not harmless.get("AESDTH")
    grave = _event(serious="hospitalisation;life_threatening")
    criteria = ("AESER", "AESHOSP", "AESLIFE", "AESDTH", "AESMIE")
    assert [grave[name] for name in criteria] == ["Y", "Y", "Y", "N", "N"]


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"action": "dose_reduced"}, "DOSE REDUCED"),
        ({"action": "held"}, "DRUG INTERRUPTED"),
        ({"action": "stopped_permanently"}, "DRUG WITHDRAWN"),
        ({"action": "time_changed"}, "DOSE NOT CHANGED"),
        ({"action": "none"}, "DOSE NOT CHANGED"),
        ({"action": None}, ""),
        ({"action": "none", "start": "2026-01-09"}, "NOT APPLICABLE"),
        ({"action": None, "start": "2025"}, "NOT APPLICABLE"),
        ({"action": None, "start": "2026-01"}, ""),
    ],
)
def test_what_was_done_about_the_drug(told: dict[str, Any], expected: str) -> None:
    assert _event(**told)["AEACN"] == expected


def test_an_event_that_goes_on_refers_to_the_last_day_that_anything_is_known() -> None:
    row = _event(ongoing=True)
    assert (row["AEENRTPT"], row["AEENTPT"], row["AEENDTC"]) == ("ONGOING", "2026-03-01", "")
    assert _event(ongoing=False, stop="2026-01-25")["AEENDTC"] == "2026-01-25"


def test_a_coarse_start_stays_coarse_and_lies_in_the_epoch_of_the_last_day_that_it_can_be() -> None:
    sure, unsure = _event(start="2026-02"), _event(start="2026-01")
    assert (sure["AESTDTC"], sure["AESTDY"], sure["EPOCH"]) == (
        "2026-02",
        None,
        "OPEN LABEL TREATMENT",
    )
    assert (unsure["AESTDTC"], unsure["EPOCH"]) == ("2026-01", "OPEN LABEL TREATMENT")
    bounded = _event(start="2026-01", learned="2026-01-05T10:00:00+01:00")
    assert bounded["EPOCH"] == "SCREENING", "it was known by then"
    timed = _event(start="2026-01-20T21:30")
    assert (timed["AESTDTC"], timed["AESTDY"]) == ("2026-01-20T21:30", 11)


@pytest.mark.parametrize(
    ("told", "epoch", "is_said"),
    [
        ({"start": "2026-02"}, "OPEN LABEL TREATMENT", False),
        ({"start": "2026-01"}, "OPEN LABEL TREATMENT", True),
        ({"start": "2026-01", "stop": "2026-01-04"}, "SCREENING", False),
        ({"start": "2025", "learned": "2026-01-20T10:00:00+01:00"}, "", False),
        ({"start": "2025-12-31"}, "", False),
        ({"start": "2026", "learned": "2026-01-05T10:00:00+01:00"}, "SCREENING", False),
        ({"start": None, "stop": "2026-01-04"}, "SCREENING", True),
        ({"start": None, "learned": "2026-01-20T10:00:00+01:00"}, "OPEN LABEL TREATMENT", True),
        ({"start": None}, "", False),
    ],
)  # fmt: skip
def test_an_epoch_that_the_start_alone_does_not_tell_says_how_it_was_found(
    told: dict[str, Any], epoch: str, is_said: bool
) -> None:
    study = _study(adverse_event=[{"verbatim": "Headache", **told}])
    made = assemble("AE", ae(study), study)
    assert made[0].table.to_pylist()[0]["EPOCH"] == epoch
    assert ("EPOCHBY" in _supplement(made)) == is_said


@pytest.mark.parametrize(
    ("told", "reference"),
    [({"stop": "2026-01-25"}, "2026-01-25"), ({"ongoing": True}, "2026-03-01"), ({}, None)],
)
def test_an_end_without_a_start_says_that_nobody_knows_the_start(
    told: dict[str, Any], reference: str | None
) -> None:
    row = _event(start=None, **told)
    assert (row.get("AESTRTPT"), row.get("AESTTPT")) == (
        None if reference is None else "UNKNOWN",
        reference,
    )
    assert "AESTRTPT" not in _event(**told)


def test_what_has_no_variable_is_in_the_supplement() -> None:
    told = {
        "verbatim": "x", "who_umc": "probable", "expected": False, "dechallenge": "positive",
        "treatment": "paracetamol " * 30, "source": "participant", "llt_code": "1", "meddra_version": "27.1",
    }  # fmt: skip
    study = _study(adverse_event=[told])
    made = assemble("AE", ae(study), study)
    found = _supplement(made)
    assert found["WHOUMC"] == "PROBABLE"
    assert (found["EXPECTED"], found["DECHALL"], found["LLTCODE"]) == ("N", "POSITIVE", "1")
    assert " ".join([found["TREATED"], found["TREATED1"]]) == " ".join(["paracetamol"] * 30)
    assert made[0].table["AECONTRT"].to_pylist() == ["Y"]


def test_a_medicine_keeps_its_words_and_an_opioid_is_marked() -> None:
    medicines = [
        {"name": "Tramadol ret.", "dose": "50 mg", "route": "oral", "began": "2024", "ongoing": True,
         "substance": "tramadol", "is_opioid": True, "indication": "back pain"},
        {"name": "Vitamin D", "dose": "two drops", "began": None, "ended": "2026-01", "is_opioid": False},
        {"name": None, "began": "2025-03-01", "is_opioid": False},
    ]  # fmt: skip
    study = _study(medication=medicines)
    made = assemble("CM", cm(study), study)
    names = ("CMTRT", "CMDECOD", "CMDOSE", "CMDOSU", "CMROUTE", "CMSTDTC", "CMENRTPT", "CMENTPT")
    assert _rows(made[0], *names) == [
        ("Vitamin D", "", None, "", "", "", "", ""),
        ("Tramadol ret.", "TRAMADOL", 50.0, "mg", "ORAL", "2024", "ONGOING", "2026-03-01"),
        ("MEDICINE, NAME WITHHELD", "", None, "", "", "2025-03-01", "", ""),
    ]
    assert _rows(made[0], "CMENDTC", "CMSTRTPT", "CMSTTPT")[0] == ("2026-01", "UNKNOWN", "2026-01")
    assert [(row["IDVARVAL"], row["QNAM"], row["QVAL"]) for row in made[1].table.to_pylist()] == [
        ("1", "DOSETOLD", "two drops"), ("1", "OPIOID", "N"), ("2", "OPIOID", "Y"), ("3", "OPIOID", "N"),
    ]  # fmt: skip


def test_doses_of_the_years_before_are_told_as_coarsely_as_they_are_remembered() -> None:
    told = [
        {"id": "h/1", "kind": "start", "name": "1.5 mg", "mg": 1.5, "first": "2010"},
        {"id": "h/2", "kind": "step up", "name": "4.5 mg", "mg": 4.5, "first": "2012", "outcome": "headaches"},
        {"id": "h/3", "kind": "step down", "name": "3 mg", "mg": 3.0, "first": "2012-06"},
        {"id": "h/4", "kind": "stop", "first": "2013/2014-02", "outcome": "ran out"},
        {"id": "h/10", "kind": "restart", "name": "7.5 mg twice a day", "mg": 15.0, "first": None},
        {"id": "h/other/1", "kind": "other", "name": "azithromycin", "first": "2006", "last": "2007",
         "outcome": "relapse on stopping"},
    ]  # fmt: skip
    study = _study("ldn-case-series", treatment_told=told, epoch=[], dose_day=[])
    made = assemble("CM", cm(study), study)
    names = ("CMTRT", "CMDOSTOT", "CMADJ", "CMSTDTC", "CMENDTC", "CMRSDISC")
    assert _rows(made[0], *names) == [
        ("NALTREXONE", 15.0, "RESTART AFTER INTERRUPTION", "", "", ""),
        ("azithromycin", None, "", "2006", "2007", ""),
        ("NALTREXONE", 1.5, "", "2010", "2012", ""),
        ("NALTREXONE", 4.5, "DOSE TITRATION", "2012", "2012-06", ""),
        ("NALTREXONE", 3.0, "DOSE REDUCTION", "2012-06", "", "ran out"),
    ]
    supplement = {(row["IDVARVAL"], row["QNAM"]): row["QVAL"] for row in made[1].table.to_pylist()}
    assert supplement["1", "DOSETOLD"] == "7.5 mg twice a day"
    assert supplement["4", "OUTCTOLD"] == "headaches"
    assert supplement["5", "ENDEDTLD"] == "2013/2014-02", (
        "a range stays whole beside what it shares"
    )


def test_an_ointment_is_a_medicine_and_no_exposure() -> None:
    intakes = [
        {
            "id": str(n),
            "day": _FIRST + timedelta(n),
            "mg": None,
            "taken": True,
            "formulation": "cream",
        }
        for n in range(3)
    ]
    study = _study(intake=intakes)
    assert _rows(assemble("CM", cm(study), study)[0], "CMTRT", "CMROUTE", "CMSTDTC", "CMENDTC") == [
        ("NALTREXONE CREAM", "TOPICAL", "2026-01-10", "2026-01-12")
    ]
    assert ec(study) == []


def test_history_is_what_the_last_screening_asked_and_how_bad_symptoms_were() -> None:
    answers = [
        ("1", "mecfs_criteria", "choice", "CCC2003", None), ("2", "mecfs_criteria", "choice", "IOM2015", None),
        ("2", "illness_months", "number", "84", 84.0), ("2", "psychosis", "yes_no", "false", None),
        ("2", "allergy_naltrexone", "yes_no", None, None), ("2", "age", "number", "40", 40.0),
    ]  # fmt: skip
    study = _study(
        screening=[{"id": "1", "number": 1}, {"id": "2", "number": 2}],
        screening_answer=[
            {"screening": screening, "variable": variable, "type": kind, "value": value, "number": number,
             "recorded": "2026-01-02T10:00:00+01:00"}
            for screening, variable, kind, value, number in answers
        ],
        baseline_symptom=[{"term": "headache", "grade": 0}, {"term": "nausea", "grade": 2}],
    )  # fmt: skip
    made = assemble("MH", mh(study), study)
    assert _rows(made[0], "MHTERM", "MHOCCUR", "MHCAT") == [
        ("Headache", "N", "SYMPTOM BEFORE TREATMENT"),
        ("Myalgic encephalomyelitis/chronic fatigue syndrome", "Y", "PRIMARY DIAGNOSIS"),
        ("Nausea", "Y", "SYMPTOM BEFORE TREATMENT"),
        ("Psychosis", "N", "GENERAL MEDICAL HISTORY"),
    ]
    found = _supplement(made)
    assert (found["CRITERIA"], found["ILLMONTH"]) == ("IOM2015", "84")


def test_one_category_alone_is_left_out_of_history() -> None:
    study = _study(baseline_symptom=[{"term": "headache", "grade": 1}])
    assert "MHCAT" not in assemble("MH", mh(study), study)[0].table.column_names


def _related(**tables: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    made = tabulate(_study(consent_signature=[], **tables).source)
    return (
        _rows(made["RELREC"], "RDOMAIN", "IDVAR", "IDVARVAL", "RELID") if "RELREC" in made else []
    )


_ORDERS = [
    {"kind": "start", "day": _FIRST, "mg": 1.5, "times_a_day": 1},
    {"kind": "step down", "day": date(2026, 2, 1), "mg": 1.0, "times_a_day": 1},
]


def test_an_event_goes_with_the_dose_that_it_changed_and_the_medicines_given_for_it() -> None:
    events = [
        {"verbatim": "Headache", "start": "2026-01-20", "action": "dose_reduced"},
        {"verbatim": "Cold", "start": "2026-01-25", "action": "none"},
    ]
    medicines = [
        {"name": "Ibuprofen", "indication": "headache", "began": "2026-01-21"},
        {"name": "Aspirin", "indication": "Headache", "began": "2025"},
        {"name": "Vitamin C", "indication": "health", "began": "2026-01-26"},
    ]
    found = _related(adverse_event=events, medication=medicines, dose_order=_ORDERS)
    assert found == [
        ("AE", "AESEQ", "1", "AE1CM"), ("CM", "CMSEQ", "2", "AE1CM"),
        ("AE", "AESEQ", "1", "AE1EX"), ("EX", "EXSEQ", "2", "AE1EX"),
    ]  # fmt: skip


def test_words_that_were_not_released_relate_nothing() -> None:
    event = {"verbatim": "NOT RELEASED", "start": "2026-01-20", "action": "none"}
    medicine = {"name": "NOT RELEASED", "indication": "NOT RELEASED", "began": "2026-01-21"}
    assert _related(adverse_event=[event], medication=[medicine]) == []


def test_nothing_related_makes_no_relations() -> None:
    assert (
        _related(adverse_event=[{"verbatim": "Cold", "start": "2026-01-25", "action": "none"}])
        == []
    )


@pytest.fixture(scope="module", params=_PROTOCOLS)
def tabulated(request: pytest.FixtureRequest) -> tuple[Source, dict[str, Made]]:
    source = twin(request.param)
    study = Study(source)
    made = {
        each.data_set.name: each
        for name in _OWN
        for each in assemble(name, DOMAINS[name](study), study)
    }
    return source, made | {
        each.data_set.name: each for each in assemble("RELREC", relrec(study, made), study)
    }


def test_of_every_record_of_a_twin_there_is_a_row(
    tabulated: tuple[Source, dict[str, Made]],
) -> None:
    source, made = tabulated
    told = {
        line["source"] for name in _OWN if name in made for line in made[name].lineage.to_pylist()
    }
    tables = ("adverse_event", "baseline_symptom", "laboratory", "supply", "intake", "medication")
    for table in tables:
        missing = {f"{table}/{row['id']}" for row in source.rows(table)} - told
        assert not missing, f"{table}: {sorted(missing)[:3]}"


def test_every_controlled_value_of_a_twin_is_one_of_its_list(
    tabulated: tuple[Source, dict[str, Made]],
) -> None:
    _, made = tabulated
    for name in _OWN:
        for column in made[name].data_set.columns if name in made else ():
            listed = terms().get(column.codelist)
            if not listed or listed[0].extensible:
                continue
            values = set(made[name].table[column.name].to_pylist()) - {"", None}
            assert values <= {each.value for each in listed}, column.name


def test_every_relation_of_a_twin_points_to_a_row(
    tabulated: tuple[Source, dict[str, Made]],
) -> None:
    _, made = tabulated
    rows = made["RELREC"].table.to_pylist() if "RELREC" in made else []
    numbers = {
        (name, row["USUBJID"], str(row[f"{name}SEQ"]))
        for name in {row["RDOMAIN"] for row in rows}
        for row in made[name].table.to_pylist()
    }
    assert all((row["RDOMAIN"], row["USUBJID"], row["IDVARVAL"]) in numbers for row in rows)
    assert all(
        sum(row["RELID"] == each["RELID"] and row["USUBJID"] == each["USUBJID"] for each in rows)
        > 1
        for row in rows
    )


def test_exposure_of_a_twin_is_what_its_days_say(tabulated: tuple[Source, dict[str, Made]]) -> None:
    source, made = tabulated
    study = Study(source)
    rows = made["EX"].table.to_pylist()
    for person in study.people:
        own = sorted(
            (r["EXSTDTC"], r["EXENDTC"]) for r in rows if r["USUBJID"] == study.usubjid(person)
        )
        days = [str(row["day"]) for row in study.exposure_days.get(person, [])]
        assert [own[0][0], own[-1][1]] == [days[0], days[-1]] if days else not own
        assert all(any(first <= day <= last for first, last in own) for day in days)
        assert all(one[1] < other[0] for one, other in pairwise(own))
