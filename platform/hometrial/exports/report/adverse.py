"""Adverse events as the report counts them: adjusted for what was there before the drug, with exposure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property

import pandas as pd

from hometrial.exports.report.material import Frame, Material, records
from hometrial.exports.report.saying import is_missing, words
from hometrial.exports.source.reading import Row
from hometrial.protocol.safety import vocabulary

UNCODED = "not coded"
WEEK = 7.0


@dataclass(frozen=True)
class Events:
    """The events of everybody treated."""

    material: Material
    only: frozenset[str] | None = None
    """Of whom; None: of everybody treated."""

    @cached_property
    def all(self) -> Frame:
        """Every event in ADAE with its term, its record, and whether it is emergent over the own baseline."""
        rows = self.material.frame("ADAE").reset_index(drop=True)
        lineage = self.material.lineage("ADAE")
        known = {row["id"]: row for row in self.material.source.rows("adverse_event")}
        own = [self._record(lineage.get(place, []), known) for place in range(1, len(rows) + 1)]
        told = records(rows)
        rows = rows.assign(
            term=[_term(each) for each in own],
            label=[_label(each) for each in own],
            organ=[_organ(each, row["AEBODSYS"]) for each, row in zip(own, told, strict=True)],
            grade=[each.get("grade") or float("nan") for each in own],
            record=pd.Series(own, rows.index, dtype="object"),
        )
        rows = rows.assign(was_there=[self._was_there(row, rows) for row in records(rows)])
        return rows.assign(emergent=(rows["TRTEMFL"] == "Y") & ~rows["was_there"].astype(bool))

    @staticmethod
    def _record(sources: list[str], records: Mapping[str, Row]) -> Row:
        for each in sources:
            table, _, name = each.partition("/")
            if table == "adverse_event" and name in records:
                return records[name]
        return {}

    @cached_property
    def _baselines(self) -> dict[tuple[str, str], int]:
        found: dict[tuple[str, str], int] = {}
        for row in self.material.source.rows("baseline_symptom"):
            key = (row["participant"], row["term"])
            found[key] = max(found.get(key, 0), row["grade"] or 0)
        return found

    def _was_there(self, row: Mapping[str, object], rows: Frame) -> bool:
        """Say whether an event was there before the drug at the same or a higher grade; of an unknown grade it was not."""
        grade, term = row["grade"], row["term"]
        if is_missing(grade) or not term or row["TRTEMFL"] != "Y":
            return False
        before = self._baselines.get((str(row["SUBJID"]), str(term)), 0)
        earlier = rows[
            (rows["SUBJID"] == row["SUBJID"]) & (rows["term"] == term) & (rows["PREFL"] == "Y")
        ]
        running = [
            each["grade"]
            for each in records(earlier)
            if is_missing(each["AENDT"])
            or (not is_missing(row["ASTDT"]) and each["AENDT"] >= row["ASTDT"])
        ]
        return bool(
            max([before, *(each for each in running if not is_missing(each))]) >= float(str(grade))
        )

    @cached_property
    def emergent(self) -> Frame:
        """The events that began on the drug, or in the days of safety after it, and were not there before."""
        found = self.all[self.all["emergent"]]
        return found[found["SUBJID"].isin(self.treated)]

    @cached_property
    def treated(self) -> list[str]:
        """Everybody who took a dose, of those that it is about."""
        everybody = self.material.population("SAF")
        return [who for who in everybody if self.only is None or who in self.only]

    @cached_property
    def ends(self) -> dict[str, date]:
        """Return the last day on which an event of each person counts as emergent."""
        after = self.material.protocol.analysis.safety.days_after_last_dose
        found = {}
        for who in self.treated:
            row = self.material.persons[who]
            end = (
                row["TRTEDT"]
                if row["EOTSTT"] == "ONGOING"
                else row["TRTEDT"] + timedelta(days=after)
            )
            found[who] = (
                end if is_missing(row["EOSDT"]) else max(row["TRTEDT"], min(end, row["EOSDT"]))
            )
        return found

    @cached_property
    def weeks(self) -> float:
        """Person-weeks from the first dose to the end of the days of safety, or of the study."""
        starts = {who: row["TRTSDT"] for who, row in self.material.persons.items()}
        days = sum((end - starts[who]).days + 1 for who, end in self.ends.items())
        return float(days / WEEK)

    def weeks_from(self, first: int, last: int | None) -> float:
        """Return person-weeks from one day on the drug (1 is the first) to another, both included."""
        starts, days = {who: row["TRTSDT"] for who, row in self.material.persons.items()}, 0
        for who, end in self.ends.items():
            whole = (end - starts[who]).days + 1
            days += max(0, (whole if last is None else min(whole, last)) - first + 1)
        return float(days / WEEK)

    def weeks_at(self) -> dict[float, float]:
        """Return person-weeks at each daily dose that is known; of missed days and after the drug at 0 mg."""
        days: dict[float, int] = {}
        told = {
            (row["participant"], row["day"]): row["mg_least"] if row["status"] == "taken" else 0.0
            for row in self.material.source.rows("dose_day")
            if row["status"] != "unknown"
        }
        unknown = {
            (row["participant"], row["day"])
            for row in self.material.source.rows("dose_day")
            if row["status"] == "unknown"
        }
        for who, end in self.ends.items():
            start = self.material.persons[who]["TRTSDT"]
            for ordinal in range(start.toordinal(), end.toordinal() + 1):
                day = start.fromordinal(ordinal)
                if (who, day) not in unknown:
                    mg = float(told.get((who, day)) or 0.0)
                    days[mg] = days.get(mg, 0) + 1
        return {mg: count / WEEK for mg, count in sorted(days.items())}


def _term(record: Row) -> str:
    return str(record.get("term") or "")


def _label(record: Row) -> str:
    """Return an event's name: MedDRA's preferred term where it is coded, else our own word."""
    if record.get("pt_name"):
        return str(record["pt_name"])
    if record.get("term"):
        return words(vocabulary.shipped().of(record["term"]).label["en"])
    return UNCODED


def _organ(record: Row, body_system: str) -> str:
    if record.get("soc_name") or body_system:
        return str(record.get("soc_name") or body_system)
    if record.get("term"):
        return str(vocabulary.shipped().of(record["term"]).organ_class)
    return UNCODED
