"""LB: what laboratories found, as they told it and in one unit an analyte."""

import csv
import re
from collections import Counter
from decimal import Decimal
from functools import cache
from importlib.resources import files

from hometrial.exports.metadata import canonical
from hometrial.exports.sdtm.assembling import PERSON, SOURCE, SUPPLEMENT, Qualifier, Row
from hometrial.exports.sdtm.coding import made_code
from hometrial.exports.sdtm.study import Study

_NAMES = ("LBTESTCD", "LBTEST", "LBCAT", "LBSPEC")
_LONGEST_TEST = 40
_MICRO = str.maketrans("\N{MICRO SIGN}\N{GREEK SMALL LETTER MU}", "uu")
_DIGITS = 6
"""Significant digits of a converted result: more than any of these methods measures."""


@cache
def _units() -> dict[str, dict[str, dict[str, str]]]:
    """Return what the table beside says, by analyte and by unit as told in lower case."""
    written = files("hometrial.exports.sdtm").joinpath("laboratory.csv").read_text(encoding="utf-8")
    found: dict[str, dict[str, dict[str, str]]] = {}
    for line in csv.DictReader(written.splitlines()):
        found.setdefault(line["analyte"], {})[line["unit"].lower()] = line
    return found


def lb(study: Study) -> list[Row]:
    """Return the rows of LB."""
    results = study.source.rows("laboratory")
    named = _names({row["analyte"] for row in results})
    return [_row(study, row, named[row["analyte"]]) for row in results]


def _row(study: Study, row: Row, names: Row) -> Row:
    unit = (row["unit"] or "").translate(_MICRO).lower()
    result = _Result(row, _units().get(row["analyte"], {}).get(unit))
    made: Row = {
        PERSON: row["participant"],
        SOURCE: (f"laboratory/{row['id']}",),
        **names,
        **result.columns(),
        "LBNAM": row["laboratory"] or "",
        "LBDTC": row["sampled"] or "",
        **study.visit(row["participant"], row["visit"], row["visit_number"]),
    }
    if row["upper_limit"] is not None and not result.is_number:
        limit = Qualifier("Upper Limit of Normal, Original Unit", canonical(row["upper_limit"]))
        made[SUPPLEMENT] = {"UPPERLIM": limit}
    return made


def _names(analytes: set[str]) -> dict[str, Row]:
    """Return how each analyte is named: as the table beside says, else after itself, by a code of its own if need be."""
    listed = {name: next(iter(units.values())) for name, units in _units().items()}
    found = {
        name: {column: listed[name][column] for column in _NAMES}
        if name in listed
        else {"LBTESTCD": _short(name), "LBTEST": _words(name)[:_LONGEST_TEST].rstrip()}
        for name in sorted(analytes)
    }
    for column in ("LBTESTCD", "LBTEST"):
        times = Counter(each[column] for each in found.values())
        for name in sorted(analytes - set(listed)):
            if times[found[name][column]] > 1:
                code = made_code(f"laboratory/{name}")
                found[name] = {"LBTESTCD": code, "LBTEST": f"{code}-{_words(name)}"[:_LONGEST_TEST].rstrip()}  # fmt: skip
    return found


def _short(analyte: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", analyte.upper())[:8]


def _words(analyte: str) -> str:
    return analyte.replace("_", " ").capitalize()


def _plain(value: float) -> str:
    """Write a number without an exponent: nobody reads 1e-05 as a number there."""
    return f"{Decimal(canonical(value)):f}"


class _Result:
    """A result in the laboratory's unit and in the standard one."""

    def __init__(self, row: Row, line: dict[str, str] | None) -> None:
        self._row = row
        self._unit = line["LBORRESU"] if line else row["unit"] or ""
        self._standard = line["LBSTRESU"] if line else self._unit
        self._factor = Decimal(line["factor"]) if line else Decimal(1)
        self.is_number = row["value"] is not None

    def columns(self) -> Row:
        """Return results, units, limits and where the result lies."""
        row = self._row
        sign = "" if self.is_number else "<" if row["below"] is not None else ">"
        found = next(row[each] for each in ("value", "below", "above") if row[each] is not None)
        made: Row = {
            "LBORRES": f"{sign}{_plain(found)}",
            "LBORRESU": self._unit,
            "LBSTRESC": f"{sign}{_plain(self._converted(found))}",
            "LBSTRESU": self._standard,
            "LBNRIND": self._indicator(),
        }
        if self.is_number:
            made["LBSTRESN"] = self._converted(found)
            limit = row["upper_limit"]
            if limit is not None:
                made |= {"LBORNRHI": _plain(limit), "LBSTNRHI": self._converted(limit)}
        return made

    def _converted(self, value: float) -> float:
        if self._factor == 1:
            return value
        return float(f"{Decimal(repr(value)) * self._factor:.{_DIGITS}g}")

    def _indicator(self) -> str:
        """HIGH above the upper limit, else NORMAL; empty where that cannot be said."""
        row = self._row
        limit = row["upper_limit"]
        if limit is None:
            return ""
        if row["value"] is not None:
            return "HIGH" if row["value"] > limit else "NORMAL"
        if row["above"] is not None:
            return "HIGH" if row["above"] >= limit else ""
        return "NORMAL" if row["below"] <= limit else ""
