"""The study as SDTM refers to it: identifiers, reference dates, arms, elements, epochs and visits of each person."""

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Any

from hometrial.declarations import read as read_declaration
from hometrial.exports.sdtm import attended, planned
from hometrial.exports.sdtm.attended import ActualVisit
from hometrial.exports.sdtm.contact import last_contacts
from hometrial.exports.source.reading import Row, Source
from hometrial.protocol.medicines import found_in
from hometrial.protocol.model import Protocol

_DAY = re.compile(r"(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?")
_WHOLE_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_TO_THE_MINUTE = len("2026-01-31T08:00")


@dataclass(frozen=True)
class Element:
    """A stretch that a person entered: from its first day to the first day of the next, the last to the last contact."""

    epoch: str
    first: date
    end: date
    source: str


@dataclass(frozen=True)
class Study:
    """One study and all its people."""

    source: Source
    _visits: dict[str, list[ActualVisit]] = field(default_factory=dict, compare=False, repr=False)
    _elements: dict[str, list[Element]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def protocol(self) -> Protocol:
        """The protocol in force."""
        return self.source.protocol

    @property
    def study_id(self) -> str:
        """STUDYID: the protocol's id in capitals."""
        return self.protocol.id.upper()

    @cached_property
    def treatment(self) -> str:
        """The study drug: the substance that the protocol's title names, or STUDY DRUG where it names none we know."""
        found = found_in(self.protocol.title)
        return "STUDY DRUG" if found is None else found.substance.upper()

    def usubjid(self, person: str) -> str:
        """Return USUBJID of a pseudonym."""
        return f"{self.study_id}-{person}"

    @property
    def people(self) -> list[str]:
        """The pseudonyms in order."""
        return self.source.people

    @cached_property
    def exposure_days(self) -> dict[str, list[Row]]:
        """Each person's days of `dose_day` on which drug was surely taken, in order."""
        days = self.source.by_person("dose_day")
        return {
            person: sorted((row for row in rows if (row["mg_least"] or 0) > 0), key=_by_day)
            for person, rows in days.items()
        }

    def first_dose(self, person: str) -> date | None:
        """RFSTDTC and RFXSTDTC: the first day on which drug was taken."""
        taken = self.exposure_days.get(person)
        return taken[0]["day"] if taken else None

    def last_dose(self, person: str) -> date | None:
        """RFXENDTC: the last day on which drug was taken."""
        taken = self.exposure_days.get(person)
        return taken[-1]["day"] if taken else None

    @cached_property
    def _by_table(self) -> dict[str, dict[str, list[Row]]]:
        return {}

    def rows(self, table: str, person: str) -> list[Row]:
        """Return a person's rows of a source table, in order of their ids."""
        if table not in self._by_table:
            self._by_table[table] = self.source.by_person(table)
        return self._by_table[table].get(person, [])

    @cached_property
    def anchors(self) -> dict[str, dict[str, date]]:
        """The days that each person's trial is counted from."""
        found: dict[str, dict[str, date]] = {}
        for row in self.source.rows("anchor"):
            found.setdefault(row["participant"], {})[row["anchor"]] = row["day"]
        return found

    def consented(self, person: str) -> tuple[date, str] | None:
        """RFICDTC, and the record that says so: the first signature of the person, or the day that is counted from."""
        signed = [
            row for row in self.rows("consent_signature", person) if row["part"] == "participant"
        ]
        if signed:
            first = min(signed, key=lambda row: row["signed"])
            return date.fromisoformat(first["signed"][:10]), f"consent_signature/{first['id']}"
        day = self.anchors.get(person, {}).get("consent")
        return None if day is None else (day, f"anchor/{person}/consent")

    def arm(self, person: str) -> str | None:
        """Return a person's arm: the one drawn; where nobody is allocated the only one, from the first order of the drug.

        Before that nothing has assigned anybody to treatment: who leaves in the run-in was never assigned (SDTMIG 3.4,
        5.2, example 2).
        """
        for row in self.rows("allocation", person):
            return None if row["arm"] is None else str(row["arm"])
        if self.protocol.allocation.method != "not_allocated":
            return None
        is_ordered = any(row["mg"] for row in self.rows("dose_order", person))
        return self.protocol.arms[0].id if is_ordered or self.first_dose(person) else None

    def screened(self, person: str) -> Row | None:
        """Return a person's last screening."""
        rows = self.rows("screening", person)
        return max(rows, key=lambda row: row["number"] or 0) if rows else None

    @cached_property
    def _contacts(self) -> Mapping[str, date]:
        return last_contacts(self.source)

    def last_contact(self, person: str) -> date | None:
        """RFPENDTC: the last day of which anything of a person is on record."""
        return self._contacts.get(person)

    def elements(self, person: str) -> list[Element]:
        """Return the stretches that a person entered, without gap or overlap, the last one until the last contact."""
        if person not in self._elements:
            self._elements[person] = self._entered(person)
        return self._elements[person]

    def _entered(self, person: str) -> list[Element]:
        last = self.last_contact(person)
        rows = [
            row
            for row in self.rows("epoch", person)
            if row["first"] is not None and last is not None and row["first"] <= last
        ]
        if last is None or not rows:
            return []
        rows.sort(key=lambda row: (row["first"], row["number"] or 0))
        ends = [*(row["first"] for row in rows[1:]), last]
        return [
            Element(row["epoch"], row["first"], end, f"epoch/{row['id']}")
            for row, end in zip(rows, ends, strict=True)
        ]

    def epoch(self, person: str, day: date) -> str:
        """Return EPOCH of a day of a person. The day on which an epoch begins is of that one.

        Empty before consent; who never signed and was screened was not in any epoch but that of the screening.
        """
        entered = self.elements(person)
        found = [each for each in entered if each.first <= day]
        if not entered and self.screened(person) is not None:
            return self.epoch_terms.get(self.protocol.epochs[0].id, "")
        return self.epoch_terms.get(found[-1].epoch, "") if found else ""

    def epoch_of(self, person: str, written: str | None) -> str:
        """Return EPOCH of an ISO 8601 date as far as it is known; empty where its days lie in more than one."""
        parts = _DAY.match(written or "")
        if parts is None:
            return ""
        year, month, day = int(parts[1]), int(parts[2] or 0), int(parts[3] or 0)
        if day:
            return self.epoch(person, date(year, month, day))
        first = date(year, month or 1, 1)
        last = date(year, month or 12, monthrange(year, month or 12)[1])
        both = {self.epoch(person, first), self.epoch(person, last)}
        return both.pop() if len(both) == 1 else ""

    @cached_property
    def epoch_terms(self) -> dict[str, str]:
        """The term of CDISC for each epoch of the protocol; for one that only another version has, if the plan has that term."""
        now = {
            name: term
            for each in self.source.protocols
            for name, term in planned.epoch_terms(each).items()
        }
        return _terms_of_others(self.source, set(now.values())) | now

    @cached_property
    def planned_visits(self) -> dict[tuple[str, int], planned.PlannedVisit]:
        """The protocol's visits by id and repetition (from 1), in their order there."""
        return {(each.visit.id, each.repetition): each for each in planned.visits(self.protocol)}

    def visits(self, person: str) -> list[ActualVisit]:
        """Return the visits that a person had or missed, in order of their numbers."""
        if person not in self._visits:
            self._visits[person] = attended.visits(self.rows("visit", person), self.planned_visits)
        return self._visits[person]

    def visit(self, person: str, visit: str | None, number: int | None) -> dict[str, Any]:
        """Return VISITNUM, VISIT and VISITDY of a visit that a person had; nothing where SV has no such visit held."""
        for each in self.visits(person):
            if each.day and (each.row["visit"], each.row["number"]) == (visit, number or 1):
                day = None if each.planned is None else each.planned.day
                return {"VISITNUM": each.number, "VISIT": each.name, "VISITDY": day}
        return {}

    @cached_property
    def visits_before_drug(self) -> frozenset[float]:
        """VISITNUM of the visits that the protocol puts before the first dose, if only by hours."""
        return planned.before_drug(self.protocol)

    @cached_property
    def _first_times(self) -> dict[str, str]:
        return {person: self._first_time(person) for person in self.people}

    def _first_time(self, person: str) -> str:
        """Return the wall clock of the first dose to the minute; empty if any dose of its day has none."""
        first = self.first_dose(person)
        taken = [
            row["at"]
            for row in self.rows("intake", person)
            if row["day"] == first and row["taken"] and row["mg"]
        ]
        return min(taken)[:_TO_THE_MINUTE] if taken and all(taken) else ""

    def is_before_dose(self, person: str, written: str, visit: float | None) -> bool:
        """Whether a record is from before the first dose (--LOBXFL).

        On the day of the first dose the times of the clock decide; where one of them is not known, only a record of a
        visit that the protocol puts before the drug is: a date alone does not tell it.
        """
        first = self.first_dose(person)
        if first is None or not _WHOLE_DAY.match(written):
            return False
        day, time = date.fromisoformat(written[:10]), written[:_TO_THE_MINUTE]
        dosed = self._first_times.get(person, "")
        if day < first:
            return True
        if dosed and len(time) == _TO_THE_MINUTE:
            return time < dosed
        return day == first and visit in self.visits_before_drug


def _terms_of_others(source: Source, known: set[str]) -> dict[str, str]:
    """Return the terms of epochs in versions that are not in force, as far as the one that is has them, too."""
    found: dict[str, str] = {}
    for row in source.rows("protocol_version"):
        if not row["in_force"]:
            declared = read_declaration(row["body"], str(row["id"]), Protocol)
            found |= planned.epoch_terms(declared)
    return {name: term for name, term in found.items() if term in known}


def _by_day(row: Row) -> date:
    day: date = row["day"]
    return day
