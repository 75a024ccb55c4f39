"""EX says what was taken, EC what was told, DA where the units went."""

from collections.abc import Iterable
from datetime import date, timedelta
from itertools import pairwise
from typing import Any

import pytest

from hometrial.errors import ExportRefusedError
from hometrial.exports.sdtm.accountability import da
from hometrial.exports.sdtm.assembling import Made, assemble
from hometrial.exports.sdtm.collected import ec
from hometrial.exports.sdtm.exposure import ex
from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME
from hometrial.protocol import loading

_WHO = "A-1"
_START = date(2026, 1, 10)


def _study(protocol: str = "ldn-mecfs", **tables: list[dict[str, Any]]) -> Study:
    body = loading.shipped_text(protocol)
    rows: dict[str, list[dict[str, Any]]] = {
        "protocol_version": [{"id": "P", "protocol": protocol, "in_force": True, "body": body}],
        "participant": [{"id": _WHO, "participant": _WHO, "site": "S-01"}],
        **tables,
    }
    return Study(Source({name: BY_NAME[name].table(each) for name, each in rows.items()}))


def _day(day: date, least: float, most: float | None = None, **more: Any) -> dict[str, Any]:
    most = least if most is None else most
    return {
        "id": f"{_WHO}/{day}", "participant": _WHO, "day": day, "mg_least": least, "mg_most": most, **more,
    }  # fmt: skip


def _days(
    first: date, amounts: Iterable[float | None], planned: float = 4.5
) -> list[dict[str, Any]]:
    """Make a row for each day; None: nobody told, so that nothing or what was planned may have been taken."""
    return [
        _day(first + timedelta(place), amount or 0.0, planned if amount is None else amount, formulation="cap")
        for place, amount in enumerate(amounts)
    ]  # fmt: skip


def _order(number: int, kind: str, day: date, mg: float | None, **more: Any) -> dict[str, Any]:
    return {
        "id": f"o{number}", "participant": _WHO, "number": number, "kind": kind, "day": day, "mg": mg,
        "times_a_day": None if mg is None else 1, "formulation": "cap", **more,
    }  # fmt: skip


def _intake(number: int, day: date, **more: Any) -> dict[str, Any]:
    return {
        "id": f"i{number}", "participant": _WHO, "number": number, "day": day, "formulation": "cap", **more,
    }  # fmt: skip


def _made(name: str, rows: list[dict[str, Any]], study: Study) -> list[Made]:
    return assemble(name, rows, study)


def _rows(made: Made, *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in made.table.to_pylist()]


_SPAN = ("EXDOSE", "EXDOSFRQ", "EXSTDTC", "EXENDTC")


def _exposed(study: Study, *names: str) -> list[tuple[Any, ...]]:
    return _rows(_made("EX", ex(study), study)[0], *(names or _SPAN))


def test_every_step_of_a_titration_is_a_row_and_says_why_it_began() -> None:
    days = _days(_START, [0.5] * 7 + [1.0] * 7 + [0.5] * 3)
    orders = [
        _order(1, "start", _START, 0.5),
        _order(2, "step up", _START + timedelta(7), 1.0),
        _order(3, "step down", _START + timedelta(14), 0.5),
    ]
    study = _study(dose_day=days, dose_order=orders)
    assert _exposed(study, *_SPAN, "EXADJ", "EXDOSFRM", "EXROUTE", "EXTRT") == [
        (0.5, "QD", "2026-01-10", "2026-01-16", "", "CAPSULE", "ORAL", "NALTREXONE"),
        (1.0, "QD", "2026-01-17", "2026-01-23", "DOSE TITRATION", "CAPSULE", "ORAL", "NALTREXONE"),
        (0.5, "QD", "2026-01-24", "2026-01-26", "DOSE REDUCTION", "CAPSULE", "ORAL", "NALTREXONE"),
    ]


def test_a_step_down_for_an_adverse_event_says_so() -> None:
    orders = [_order(1, "start", _START, 1.5), _order(2, "step down", _START + timedelta(3), 1.0)]
    event = {
        "id": "e", "participant": _WHO, "number": 1, "verbatim": "Headache", "start": "2026-01-11",
        "action": "dose_reduced",
    }  # fmt: skip
    study = _study(
        dose_day=_days(_START, [1.5] * 3 + [1.0] * 2), dose_order=orders, adverse_event=[event]
    )
    assert _exposed(study, "EXADJ") == [("",), ("ADVERSE EVENT",)]


def test_a_missed_day_and_a_pause_are_gaps() -> None:
    days = _days(_START, [4.5, 4.5, 0.0, 4.5] + [0.0] * 20 + [3.0])
    orders = [
        _order(1, "start", _START, 4.5),
        _order(2, "hold", _START + timedelta(4), None),
        _order(3, "restart", _START + timedelta(24), 3.0),
    ]
    study = _study(dose_day=days, dose_order=orders)
    assert _exposed(study, *_SPAN, "EXADJ") == [
        (4.5, "QD", "2026-01-10", "2026-01-11", ""),
        (4.5, "QD", "2026-01-13", "2026-01-13", ""),
        (3.0, "QD", "2026-02-03", "2026-02-03", "RESTART AFTER INTERRUPTION"),
    ]


def test_silence_is_bridged_between_equal_doses_as_long_as_the_protocol_goes_on_with_the_same_dose() -> (
    None
):
    study = _study(dose_day=_days(_START, [4.5, *[None] * 6, 4.5, *[None] * 7, 4.5, None]))
    main, supplement = _made("EX", ex(study), study)
    assert _rows(main, *_SPAN) == [
        (4.5, "QD", "2026-01-10", "2026-01-17"),
        (4.5, "QD", "2026-01-25", "2026-01-25"),
    ], "six days of silence are bridged, seven are not, and none at the end"
    assert _rows(supplement, "QNAM", "QVAL", "IDVARVAL") == [("UNTOLDDY", "6", "1")]


def test_silence_before_another_dose_is_no_exposure() -> None:
    study = _study(dose_day=_days(_START, [3.0, None, 4.5]))
    assert _exposed(study) == [
        (3.0, "QD", "2026-01-10", "2026-01-10"),
        (4.5, "QD", "2026-01-12", "2026-01-12"),
    ]


def test_days_that_are_not_on_record_end_an_interval() -> None:
    study = _study(dose_day=[_day(_START, 4.5), _day(_START + timedelta(2), 4.5)])
    assert [span for _, _, *span in _exposed(study)] == [["2026-01-10"] * 2, ["2026-01-12"] * 2]


def test_a_dose_twice_a_day_is_given_by_what_is_taken_at_once() -> None:
    days = [
        *_days(_START, [15.0, 15.0]),
        _day(_START + timedelta(2), 7.5, 15.0),
        *_days(_START + timedelta(3), [15.0]),
    ]
    study = _study(
        "ldn-case-series",
        dose_day=days,
        dose_order=[_order(1, "start", _START, 15.0, times_a_day=2)],
    )
    main, supplement = _made("EX", ex(study), study)
    assert _rows(main, *_SPAN) == [(7.5, "BID", "2026-01-10", "2026-01-13")]
    assert _rows(supplement, "QVAL") == [("1",)], "the evening of which nobody told is counted"


def test_parts_that_differ_are_one_amount_a_day() -> None:
    intakes = [_intake(1, _START, mg=1.5, taken=True), _intake(2, _START, mg=3.0, taken=True)]
    study = _study(dose_day=_days(_START, [4.5]), intake=intakes)
    assert _exposed(study) == [(4.5, "QD", "2026-01-10", "2026-01-10")]


def test_exposure_begins_and_ends_with_the_reference_dates_and_never_overlaps() -> None:
    amounts = [None, 4.5, None, 0.0, 4.5, 2.25, None, 4.5, 0.0, 4.5, None]
    study = _study(dose_day=_days(_START, amounts))
    spans = _exposed(study, "EXSTDTC", "EXENDTC")
    assert spans[0][0] == str(study.first_dose(_WHO))
    assert spans[-1][1] == str(study.last_dose(_WHO))
    assert all(one[1] < other[0] for one, other in pairwise(spans))
    assert all(one <= other for one, other in spans)


_CASES: dict[str, list[tuple[str, int, float, int]]] = {
    # Kind, days, mg a day, times a day.
    "case 1: up, down for headache, up to 15 mg in two doses, settled at 12": [
        ("start", 90, 1.5, 1), ("step up", 600, 4.5, 1), ("step down", 300, 3.0, 1), ("step up", 90, 6.0, 1),
        ("step up", 90, 9.0, 1), ("step up", 90, 15.0, 2), ("step down", 200, 12.0, 2),
    ],
    "case 2: from 0.25 mg to 4 mg in four years": [
        ("start", 180, 0.25, 1), ("step up", 365, 1.0, 1), ("step up", 365, 2.0, 1), ("step up", 365, 4.0, 1),
    ],
    "case 3 and the thread: 1 to 4.5 mg, 3.5 mg for years, ran out twice": [
        ("start", 60, 1.0, 1), ("step up", 60, 4.5, 1), ("step down", 400, 3.5, 1), ("", 9, 0.0, 0),
        ("restart", 300, 3.5, 1), ("", 5, 0.0, 0), ("restart", 100, 3.5, 1),
    ],
}  # fmt: skip
_WHY = {
    "start": "", "step up": "DOSE TITRATION", "step down": "DOSE REDUCTION",
    "restart": "RESTART AFTER INTERRUPTION",
}  # fmt: skip


@pytest.mark.parametrize("case", _CASES)
def test_the_histories_of_the_case_series_come_out_as_rows(case: str) -> None:
    days, orders, expected, day = [], [], [], _START
    for number, (kind, length, mg, times) in enumerate(_CASES[case], start=1):
        days += _days(day, [mg] * length)
        last = day + timedelta(length - 1)
        if kind:
            orders.append(_order(number, kind, day, mg, times_a_day=times, formulation="liq"))
            often = {1: "QD", 2: "BID"}[times]
            expected.append((mg / times, often, str(day), str(last), _WHY[kind]))
        day = last + timedelta(1)
    study = _study("ldn-case-series", dose_day=days, dose_order=orders)
    assert _exposed(study, *_SPAN, "EXADJ") == expected


_TOLD = ("ECOCCUR", "ECDOSE", "ECDOSU", "ECDOSFRQ", "ECSTDTC", "ECENDTC")


def test_doses_told_alike_are_one_row_and_a_missed_one_is_its_own_with_its_reason() -> None:
    intakes = [
        _intake(n, _START + timedelta(n), mg=0.0 if n == 3 else 4.5, taken=n != 3, time_of_day="evening",
                reason="ran_out" if n == 3 else None)
        for n in range(6)
    ]  # fmt: skip
    study = _study(intake=intakes)
    main, supplement = _made("EC", ec(study), study)
    assert _rows(main, *_TOLD) == [
        ("Y", 4.5, "mg", "QD", "2026-01-10", "2026-01-12"),
        ("N", None, "", "", "2026-01-13", "2026-01-13"),
        ("Y", 4.5, "mg", "QD", "2026-01-14", "2026-01-15"),
    ]
    assert _rows(supplement, "IDVARVAL", "QNAM", "QVAL") == [
        ("1", "DOSETIME", "EVENING"), ("2", "DOSETIME", "EVENING"), ("2", "MISSEDRS", "RAN OUT"),
        ("3", "DOSETIME", "EVENING"),
    ]  # fmt: skip
    assert {row["source"] for row in main.lineage.to_pylist()} == {f"intake/i{n}" for n in range(6)}


def test_a_solution_is_told_in_millilitres_with_its_strength_and_taken_in_milligrams() -> None:
    intakes = [_intake(1, _START, mg=4.5, ml=4.5, taken=True, formulation="liq")]
    days = [_day(_START, 4.5, formulation="liq")]
    study = _study(intake=intakes, dose_day=days)
    [collected] = _made("EC", ec(study), study)
    names = ("ECTRT", "ECDOSE", "ECDOSU", "ECDOSFRM", "ECPSTRG", "ECPSTRGU")
    assert _rows(collected, *names) == [("NALTREXONE SOLUTION", 4.5, "mL", "SOLUTION", 1.0, "g/L")]
    assert _exposed(study, "EXDOSE", "EXDOSU", "EXDOSFRM") == [(4.5, "mg", "SOLUTION")]


def test_a_pause_that_was_told_is_a_missed_stretch_but_for_days_told_by_themselves() -> None:
    pause = {
        "id": "p", "participant": _WHO, "number": 1, "first": _START, "last": None, "reason": "courier",
    }  # fmt: skip
    intakes = [_intake(1, _START + timedelta(2), mg=4.5, taken=True)]
    orders = [_order(1, "start", _START, 4.5), _order(2, "hold", _START, None, formulation=None)]
    days = [each | {"status": "missed"} for each in _days(_START, [0.0] * 5)]
    study = _study(dose_order=orders, interruption=[pause], intake=intakes, dose_day=days)
    main = _made("EC", ec(study), study)[0]
    assert _rows(main, "ECOCCUR", "ECSTDTC", "ECENDTC") == [
        ("N", "2026-01-10", "2026-01-11"),
        ("Y", "2026-01-12", "2026-01-12"),
        ("N", "2026-01-13", "2026-01-14"),
    ]


def test_days_on_which_the_drug_was_held_are_told_with_their_reason_within_treatment_alone() -> (
    None
):
    orders = [
        _order(1, "start", _START, 4.5), _order(2, "hold", _START + timedelta(1), None, formulation=None),
        _order(3, "resume", _START + timedelta(3), 4.5), _order(4, "hold", _START + timedelta(4), None, formulation=None),
    ]  # fmt: skip
    days = _days(_START, [4.5, 0.0, 0.0, 4.5, 0.0])
    days = [each | {"status": "taken" if each["mg_least"] else "not_planned"} for each in days]
    intakes = [_intake(n, _START + timedelta(n), mg=4.5, taken=True) for n in (0, 3)]
    study = _study(dose_order=orders, dose_day=days, intake=intakes)
    main, supplement = _made("EC", ec(study), study)
    assert _rows(main, "ECOCCUR", "ECDOSFRM", "ECSTDTC", "ECENDTC") == [
        ("Y", "CAPSULE", "2026-01-10", "2026-01-10"),
        ("N", "CAPSULE", "2026-01-11", "2026-01-12"),
        ("Y", "CAPSULE", "2026-01-13", "2026-01-13"),
    ]
    assert _rows(supplement, "IDVARVAL", "QNAM", "QVAL") == [("2", "MISSEDRS", "HELD BY ORDER")]


_PLAN = ("ECMOOD", "ECDOSE", "ECDOSU", "ECDOSFRQ", "ECSTDTC", "ECENDTC", "ECADJ")


def _planned(first: date, amounts: Iterable[float]) -> list[dict[str, Any]]:
    """Make a row for each day with what was ordered, of which nobody told anything."""
    return [
        _day(first + timedelta(place), 0.0, mg, mg_planned=mg, status="unknown" if mg else "not_planned")
        for place, mg in enumerate(amounts)
    ]  # fmt: skip


def test_the_plan_stands_in_ec_as_it_was_ordered_from_step_to_step_and_through_a_hold() -> None:
    orders = [
        _order(1, "start", _START, 1.5), _order(2, "step up", _START + timedelta(7), 15.0, times_a_day=2),
        _order(3, "step down", _START + timedelta(10), 12.0, times_a_day=2),
        _order(4, "hold", _START + timedelta(12), None, formulation=None),
        _order(5, "resume", _START + timedelta(14), 12.0, times_a_day=2),
        _order(6, "stop for good", _START + timedelta(16), None, formulation=None),
    ]  # fmt: skip
    amounts = [1.5] * 7 + [15.0] * 3 + [12.0] * 2 + [0.0] * 2 + [12.0] * 2
    study = _study("ldn-case-series", dose_order=orders, dose_day=_planned(_START, amounts))
    [main] = _made("EC", ec(study), study)
    assert _rows(main, *_PLAN) == [
        ("SCHEDULED", 1.5, "mg", "QD", "2026-01-10", "2026-01-16", ""),
        ("SCHEDULED", 7.5, "mg", "BID", "2026-01-17", "2026-01-19", "DOSE TITRATION"),
        ("SCHEDULED", 6.0, "mg", "BID", "2026-01-20", "2026-01-21", "DOSE REDUCTION"),
        ("SCHEDULED", 6.0, "mg", "BID", "2026-01-24", "2026-01-25", "RESTART AFTER INTERRUPTION"),
    ]
    assert main.lineage["source"].to_pylist() == [f"dose_order/o{n}" for n in (1, 2, 3, 5)]
    assert "ECOCCUR" not in main.table.column_names or not any(main.table["ECOCCUR"].to_pylist())


def test_the_plan_and_what_was_told_of_the_same_days_have_numbers_of_their_own() -> None:
    intakes = [_intake(n, _START + timedelta(n), mg=4.5, taken=True) for n in range(2)]
    study = _study(
        dose_order=[_order(1, "start", _START, 4.5)],
        dose_day=_planned(_START, [4.5] * 3),
        intake=intakes,
    )
    main = _made("EC", ec(study), study)[0]
    assert _rows(main, "ECSEQ", "ECMOOD", "ECSTDTC", "ECENDTC") == [
        (1, "PERFORMED", "2026-01-10", "2026-01-11"),
        (2, "SCHEDULED", "2026-01-10", "2026-01-11"),
    ]


def test_neither_the_plan_nor_a_pause_goes_on_after_the_last_day_on_record() -> None:
    pause = {"id": "p", "participant": _WHO, "number": 1, "first": _START + timedelta(3),
             "last": _START + timedelta(30), "reason": "courier"}  # fmt: skip
    seen = {"id": "v", "participant": _WHO, "visit": "V2", "number": 1, "outcome": "held", "day": _START + timedelta(5)}  # fmt: skip
    study = _study(
        dose_order=[_order(1, "start", _START, 4.5)], dose_day=_planned(_START, [4.5] * 20),
        intake=[_intake(1, _START, mg=4.5, taken=True)], interruption=[pause], visit=[seen],
    )  # fmt: skip
    main = _made("EC", ec(study), study)[0]
    assert _rows(main, "ECMOOD", "ECOCCUR", "ECSTDTC", "ECENDTC") == [
        ("PERFORMED", "Y", "2026-01-10", "2026-01-10"),
        ("SCHEDULED", "", "2026-01-10", "2026-01-15"),
        ("PERFORMED", "N", "2026-01-13", "2026-01-15"),
    ]


def test_two_equal_doses_of_a_day_are_one_row_twice_a_day() -> None:
    intakes = [
        _intake(n, _START, mg=2.25, taken=True, time_of_day=time)
        for n, time in enumerate(("morning", "evening"))
    ]
    study = _study(intake=intakes)
    main, supplement = _made("EC", ec(study), study)
    assert _rows(main, "ECDOSE", "ECDOSFRQ") == [(2.25, "BID")]
    assert _rows(supplement, "QVAL") == [("EVENING; MORNING",)]


def test_a_formulation_that_no_protocol_has_is_refused_and_named() -> None:
    study = _study(dose_day=[_day(_START, 4.5, formulation="patch")])
    with pytest.raises(ExportRefusedError, match="formulation patch: no version of the protocol"):
        ex(study)


def test_units_given_returned_and_lost_are_amounts_of_their_lot() -> None:
    supply = [
        {"id": f"s{n}", "participant": _WHO, "number": n, "move": move, "day": _START + timedelta(n),
         "units": units, "lot": "L1", "formulation": formulation, "strength_mg": 1.5}
        for n, (move, units, formulation) in enumerate(
            [("dispensed", 84.0, "cap"), ("returned", 12.0, "cap"), ("lost", 2.5, "liq")]
        )
    ]  # fmt: skip
    study = _study(supply=supply)
    main, supplement = _made("DA", da(study), study)
    names = ("DATESTCD", "DATEST", "DAORRES", "DAORRESU", "DASTRESN", "DAREFID")
    assert _rows(main, *names) == [
        ("DISPAMT", "Dispensed Amount", "84", "CAPSULE", 84.0, "L1"),
        ("RETAMT", "Returned Amount", "12", "CAPSULE", 12.0, "L1"),
        ("LOSTAMT", "Lost Amount", "2.5", "mL", 2.5, "L1"),
    ]
    assert _rows(supplement, "QNAM", "QVAL") == [("STRENGTH", "1.5")] * 3
