"""LB: what laboratories found, as they told it and in one unit an analyte."""

import csv
import re
from decimal import Decimal
from functools import cache
from importlib.resources import files

from hometrial.exports.metadata import ValueRefusedError, canonical
from hometrial.exports.sdtm.assembling import PERSON, SOURCE, SUPPLEMENT, Qualifier, Row
from hometrial.exports.sdtm.study import Study

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
    """Return the rows of LB. Raises ValueRefusedError for two unlisted analytes of one short name."""
    rows = [_row(study, row) for row in study.source.rows("laboratory")]
    names: dict[str, str] = {}
    for row in rows:
        known = names.setdefault(row["LBTESTCD"], row["LBTEST"])
        if known != row["LBTEST"]:
            raise ValueRefusedError(
                f"LB.LBTESTCD: {row['LBTESTCD']} is short for {known} and for {row['LBTEST']}; "
                "list them in exports/sdtm/laboratory.csv"
            )
    return rows


def _row(study: Study, row: Row) -> Row:
    units = _units().get(row["analyte"], {})
    line = units.get((row["unit"] or "").lower())
    result = _Result(row, line)
    made: Row = {
        PERSON: row["participant"],
        SOURCE: (f"laboratory/{row['id']}",),
        **_named(row["analyte"], line or next(iter(units.values()), None)),
        **result.columns(),
        "LBNAM": row["laboratory"] or "",
        "LBDTC": row["sampled"] or "",
        **study.visit(row["participant"], row["visit"], row["visit_number"]),
    }
    if row["upper_limit"] is not None and not result.is_number:
        limit = Qualifier("Upper Limit of Normal, Original Unit", canonical(row["upper_limit"]))
        made[SUPPLEMENT] = {"UPPERLIM": limit}
    return made


def _named(analyte: str, line: dict[str, str] | None) -> Row:
    """Return the names of a listed analyte; one that is not listed is named after itself."""
    if line is not None:
        return {name: line[name] for name in ("LBTESTCD", "LBTEST", "LBCAT", "LBSPEC")}
    code = re.sub(r"[^A-Z0-9]", "", analyte.upper())[:8]
    return {"LBTESTCD": code, "LBTEST": analyte.replace("_", " ").capitalize()[:40]}


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
            "LBORRES": f"{sign}{canonical(found)}",
            "LBORRESU": self._unit,
            "LBSTRESC": f"{sign}{canonical(self._converted(found))}",
            "LBSTRESU": self._standard,
            "LBNRIND": self._indicator(),
        }
        if self.is_number:
            made["LBSTRESN"] = self._converted(found)
            limit = row["upper_limit"]
            if limit is not None:
                made |= {"LBORNRHI": canonical(limit), "LBSTNRHI": self._converted(limit)}
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
