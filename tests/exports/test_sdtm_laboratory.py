"""Results as laboratories told them, and in one unit an analyte."""

import re
from datetime import date
from typing import Any

from protocols import shipped

from hometrial.exports.sdtm.assembling import Made, assemble
from hometrial.exports.sdtm.laboratory import _units, lb
from hometrial.exports.sdtm.standard import terms
from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME
from hometrial.models import LIVER_ANALYTES
from hometrial.protocol import loading
from hometrial.protocol.outcomes import LaboratoryOutcome

_WHO = "A-1"
_RESULT = ("LBORRES", "LBORRESU", "LBSTRESC", "LBSTRESN", "LBSTRESU")


def _study(*results: dict[str, Any]) -> Study:
    body = loading.shipped_text("ldn-ms")
    rows: dict[str, list[dict[str, Any]]] = {
        "protocol_version": [{"id": "P", "protocol": "ldn-ms", "in_force": True, "body": body}],
        "participant": [{"id": _WHO, "participant": _WHO, "site": "S-01"}],
        "dose_day": [{"id": "d", "participant": _WHO, "day": date(2026, 1, 10), "mg_least": 0.5}],
        "visit": [
            {"id": "v", "participant": _WHO, "visit": "V0", "number": 1, "outcome": "held", "day": date(2026, 1, 2),
             "due": date(2026, 1, 2), "first": date(2026, 1, 1), "last": date(2026, 1, 9)}
        ],
        "laboratory": [
            {"id": str(n), "participant": _WHO, "form": "labs", "analyte": "alt", "unit": "U/L",
             "sampled": f"2026-01-{n:02}T08:00:00+01:00", "laboratory": "City laboratory", **result}
            for n, result in enumerate(results, start=1)
        ],
    }  # fmt: skip
    return Study(Source({name: BY_NAME[name].table(each) for name, each in rows.items()}))


def _made(*results: dict[str, Any]) -> list[Made]:
    study = _study(*results)
    return assemble("LB", lb(study), study)


def _rows(made: Made, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row.get(name) for name in names) for row in made.table.to_pylist()]


def test_a_result_stands_in_its_own_unit_and_in_the_standard_one() -> None:
    results = [
        {"value": 31.0, "upper_limit": 50.0},
        {"value": 0.5, "unit": "ukat/L", "upper_limit": 0.83},
        {"analyte": "bilirubin", "value": 1.2, "unit": "mg/dL", "upper_limit": 1.1},
    ]
    [made] = _made(*results)
    assert _rows(made, "LBTESTCD", *_RESULT) == [
        ("ALT", "31", "U/L", "31", 31.0, "U/L"),
        ("ALT", "0.5", "ukat/L", "30", 30.0, "U/L"),
        ("BILI", "1.2", "mg/dL", "20.5248", 20.5248, "umol/L"),
    ]
    assert _rows(made, "LBORNRHI", "LBSTNRHI", "LBNRIND") == [
        ("50", 50.0, "NORMAL"), ("0.83", 49.8, "NORMAL"), ("1.1", 18.8144, "HIGH"),
    ]  # fmt: skip
    assert _rows(made, "LBLOBXFL", "LBDY") == [("", -9), ("Y", -8), ("Y", -7)]


def test_a_result_beyond_what_can_be_measured_is_no_number_and_has_no_range() -> None:
    results = [
        {"below": 5.0, "upper_limit": 50.0}, {"above": 500.0, "upper_limit": 50.0},
        {"below": 60.0, "upper_limit": 50.0},
    ]  # fmt: skip
    made = _made(*results)
    assert _rows(made[0], "LBORRES", "LBSTRESC", "LBSTRESN", "LBORNRHI", "LBSTNRHI", "LBNRIND") == [
        ("<5", "<5", None, "", None, "NORMAL"),
        (">500", ">500", None, "", None, "HIGH"),
        ("<60", "<60", None, "", None, ""),
    ]
    assert {row["QNAM"] for row in made[1].table.to_pylist()} == {"UPPERLIM"}
    assert made[1].table["QVAL"].to_pylist() == ["50", "50", "50"]


def test_a_result_is_of_its_visit_and_its_laboratory() -> None:
    [made] = _made({"value": 31.0, "visit": "V0", "visit_number": 1}, {"value": 32.0})
    assert _rows(made, "VISITNUM", "LBNAM", "LBDTC") == [
        (1.0, "City laboratory", "2026-01-01T08:00:00+01:00"),
        (None, "City laboratory", "2026-01-02T08:00:00+01:00"),
    ]


def test_an_unlisted_unit_stays_as_it_was_told() -> None:
    [made] = _made({"value": 3.0, "unit": "arb'U/L"})
    assert _rows(made, "LBTESTCD", *_RESULT) == [("ALT", "3", "arb'U/L", "3", 3.0, "arb'U/L")]


def test_an_unlisted_analyte_is_named_after_itself_and_has_a_code_of_its_own_if_two_would_share_one() -> (
    None
):
    [made] = _made({"analyte": "interleukin_6", "value": 3.0, "unit": "pg/mL"})
    assert _rows(made, "LBTESTCD", "LBTEST", "LBORRESU") == [("INTERLEU", "Interleukin 6", "pg/mL")]
    names = ("interleukin_6", "interleukin_8", "a_marker_with_a_name_of_more_than_forty_letters_1",
             "a_marker_with_a_name_of_more_than_forty_letters_2")  # fmt: skip
    [made] = _made(*({"analyte": name, "value": 3.0} for name in names))
    pairs = _rows(made, "LBTESTCD", "LBTEST")
    assert (
        len(set(pairs)) == len({code for code, _ in pairs}) == len({test for _, test in pairs}) == 4
    )
    assert all(re.fullmatch("[A-Z][A-Z0-9]{0,7}", code) and len(test) <= 40 for code, test in pairs)
    assert sorted(test[8:] for _, test in pairs)[-2:] == ["-Interleukin 6", "-Interleukin 8"]


def test_a_unit_with_a_greek_letter_is_the_same_unit() -> None:
    told: list[dict[str, Any]] = [
        {"analyte": "bilirubin", "value": 12.0, "unit": f"{sign}mol/L"} for sign in "u\u00b5\u03bc"
    ]
    [made] = _made(*told)
    assert _rows(made, "LBORRESU", "LBSTRESU") == [("umol/L", "umol/L")] * 3


def test_no_number_has_an_exponent() -> None:
    [made] = _made({"value": 1e-07, "upper_limit": 2e-05}, {"value": 1e20, "upper_limit": 50.0})
    assert _rows(made, "LBORRES", "LBSTRESC", "LBORNRHI") == [
        ("0.0000001", "0.0000001", "0.00002"),
        ("100000000000000000000", "100000000000000000000", "50"),
    ]


def test_every_analyte_of_the_four_protocols_is_listed_with_its_unit() -> None:
    asked = {
        (each.analyte, each.unit.lower())
        for name in ("ldn-mecfs", "ldn-ms", "ldn-crohns", "ldn-case-series")
        for each in shipped(name).outcomes
        if isinstance(each, LaboratoryOutcome)
    }
    assert asked, "one of them has such an outcome"
    assert all(unit in _units().get(analyte, {}) for analyte, unit in asked)
    assert set(LIVER_ANALYTES) <= set(_units())


def test_the_table_of_analytes_names_tests_and_units_as_cdisc_does() -> None:
    codes, names, units = (
        {each.value: each.code for each in terms()[listed]}
        for listed in ("LBTESTCD", "LBTEST", "UNIT")
    )
    own = {"BENDORPH", "pg/10^6 cells"}
    for by_unit in _units().values():
        lines = list(by_unit.values())
        assert len({line["LBSTRESU"] for line in lines}) == 1
        assert any(line["LBORRESU"] == line["LBSTRESU"] and line["factor"] == "1" for line in lines)
        for line in lines:
            assert re.fullmatch("[A-Z][A-Z0-9]{0,7}", line["LBTESTCD"])
            assert line["LBTESTCD"] in own or codes[line["LBTESTCD"]] == names[line["LBTEST"]]
            assert {line["LBORRESU"], line["LBSTRESU"]} <= units.keys() | own
