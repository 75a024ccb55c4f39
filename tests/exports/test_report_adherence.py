"""Which dose people came to and how well they kept to it: reckoned again by plain loops, and of people made by hand."""

import dataclasses
import statistics
from datetime import date, timedelta

import pytest
from reported import of_twin

from hometrial.exports.report import adhering, exposure
from hometrial.exports.report.blocks import Section
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import BY_NAME

FIRST = date(2026, 3, 2)


def by_hand(days, breaks=(), supply=(), ends="COMPLETED"):
    """Return the material of one person; `days`: planned mg, taken mg or None where nobody told."""
    old = of_twin("ldn-crohns")
    rows = [
        {
            "id": f"P/{at}", "participant": "P", "day": FIRST + timedelta(at), "mg_planned": planned,
            "mg_least": taken or 0.0, "mg_most": planned if taken is None else taken,
            "status": "unknown" if taken is None else "taken" if taken else "missed",
        }
        for at, (planned, taken) in enumerate(days)
    ]  # fmt: skip
    paused = [
        {
            "id": str(at), "participant": "P", "number": at, "reason": "ran_out",
            "first": FIRST + timedelta(first), "last": None if last is None else FIRST + timedelta(last),
        }
        for at, (first, last) in enumerate(breaks)
    ]  # fmt: skip
    moved = [
        {"id": str(at), "participant": "P", "number": at, "move": move, "day": FIRST, "units": units, "lot": "L",
         "formulation": "cap", "strength_mg": 4.5}
        for at, (move, units) in enumerate(supply)
    ]  # fmt: skip
    tables = {
        "dose_day": BY_NAME["dose_day"].table(rows),
        "interruption": BY_NAME["interruption"].table(paused),
        "supply": BY_NAME["supply"].table(moved),
        "protocol_version": old.source.table("protocol_version"),
    }
    made = dataclasses.replace(old, source=Source(tables), _frames={})
    made.__dict__["persons"] = {
        "P": {"TRTSDT": FIRST, "TRTEDT": FIRST + timedelta(len(days) - 1), "EOTSTT": ends}
    }
    return made


def test_the_dose_achieved_is_the_median_of_the_days_taken_in_the_last_fortnight():
    days = [(1.5, 1.5)] * 10 + [(3.0, 3.0)] * 8 + [(4.5, 0.0), (4.5, None), (4.5, 4.5), (4.5, 4.5)]
    assert adhering.achieved(by_hand(days), ["P"]) == {"P": 3.0}


def test_a_break_of_two_days_is_no_break_and_a_longer_one_is_left_out():
    days = [(4.5, 4.5)] * 6 + [(4.5, 0.0)] * 4 + [(4.5, 4.5)] * 4
    assert adhering.without_breaks(by_hand(days, [(6, 9)]), ["P"]) == (10, 10)
    assert adhering.without_breaks(by_hand(days, [(6, 7)]), ["P"]) == (10, 14)
    assert adhering.without_breaks(by_hand(days, [(6, None)]), ["P"]) == (6, 6)


@pytest.mark.parametrize(
    ("supply", "ends", "percent"),
    [
        ([("dispensed", 28.0), ("returned", 3.0), ("lost", 1.0)], "COMPLETED", 24 / 20 * 100),
        ([("dispensed", 20.0), ("returned", 4.0)], "DISCONTINUED", 80.0),
        ([("dispensed", 20.0)], "COMPLETED", None),  # nothing came back: what is left is not known
        ([("dispensed", 20.0), ("returned", 4.0)], "ONGOING", None),
    ],
)
def test_by_units_counts_what_did_not_come_back_of_what_was_planned(supply, ends, percent):
    found = adhering.counted(by_hand([(4.5, 4.5)] * 20, supply=supply, ends=ends), ["P"])
    assert found == ({} if percent is None else {"P": pytest.approx(percent, abs=1e-9)})


def test_the_twin_s_figures_are_those_of_a_loop():
    material = of_twin("ldn-mecfs")
    treated = material.population("SAF")
    found = adhering.achieved(material, treated)
    for who in treated:
        last = material.persons[who]["TRTEDT"]
        taken = [
            row["mg_least"]
            for row in material.source.rows("dose_day")
            if row["participant"] == who
            and row["status"] == "taken"
            and 0 <= (last - row["day"]).days < 14
        ]
        assert found[who] == statistics.median(taken)
    made = Section("exposure", "")
    told = dict(adhering.rows(made, material, treated))
    assert len(told) == 3
    assert {each.name for each in made.numbers} >= {
        "days taken without breaks",
        "adherence by units",
    }


def test_the_share_that_reaches_a_dose_is_that_of_kaplan_and_meier_with_greenwoods_error():
    """The vector of protocol-and-instruments 8.4: S .9, .8, .685714; SE .094868, .126491, .151494."""
    made = Section("exposure", "")
    times, status = [4, 8, 8, 12, *[16] * 6], [True, True, False, True, *[False] * 6]
    assert exposure._by_the_end(made, 3.0, times, status) == "0.314 (SE 0.151)"
    found = dict(vars(made.numbers[0])["values"])
    assert found["share"] == pytest.approx(1 - 0.9 * 8 / 9 * 6 / 7, abs=1e-9)
    variance = 1 / (10 * 9) + 1 / (9 * 8) + 1 / (7 * 6)
    assert found["se"] == pytest.approx((1 - found["share"]) * variance**0.5, abs=1e-9)
    assert exposure._by_the_end(made, 3.0, [5, 6], [False, False]) == "0"
