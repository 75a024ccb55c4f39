"""RELREC: which records belong together, by the numbers that they were given."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from hometrial.exports import deidentifying
from hometrial.exports.sdtm import dates
from hometrial.exports.sdtm.assembling import SOURCE, Made, Row
from hometrial.exports.sdtm.doses import Dosing
from hometrial.exports.sdtm.events import label
from hometrial.exports.sdtm.study import Study

MadeSets = Mapping[str, Made]
RELATED = ("AE", "EX", "CM")
"""The domains whose records are related."""
_NAMELESS = {"", deidentifying.WITHHELD.casefold()}


@dataclass(frozen=True)
class _Numbered:
    """A data set's rows by the source records that they came of."""

    name: str
    made: Made

    @cached_property
    def rows(self) -> list[Row]:
        rows: list[Row] = self.made.table.to_pylist()
        return rows

    @cached_property
    def by_source(self) -> dict[str, Row]:
        """The first row of each source record."""
        found: dict[str, Row] = {}
        for line in self.made.lineage.to_pylist():
            found.setdefault(line["source"], self.rows[line["row"] - 1])
        return found

    @cached_property
    def by_subject(self) -> dict[str, list[Row]]:
        found: dict[str, list[Row]] = {}
        for row in self.rows:
            found.setdefault(row["USUBJID"], []).append(row)
        return found

    def member(self, row: Row, relation: str, source: str) -> Row:
        """Return the row of RELREC that names this one."""
        return {
            "RDOMAIN": self.name,
            "USUBJID": row["USUBJID"],
            "IDVAR": f"{self.name}SEQ",
            "IDVARVAL": str(row[f"{self.name}SEQ"]),
            "RELID": relation,
            SOURCE: (source,),
        }


def relrec(study: Study, made: MadeSets) -> list[Row]:
    """Return the rows of RELREC: adverse events with the dose that they changed and the medicines given for them.

    Made when all domains are, as it points to their numbers.
    """
    if "AE" not in made:
        return []
    events = _Numbered("AE", made["AE"])
    rows: list[Row] = []
    if "EX" in made:
        rows += _dose_changes(study, events, _Numbered("EX", made["EX"]))
    if "CM" in made:
        rows += _given_for(study, events, _Numbered("CM", made["CM"]))
    return rows


def _dose_changes(study: Study, events: _Numbered, exposure: _Numbered) -> Iterator[Row]:
    """Yield each event with the interval that its step down began, or that a hold or a stop for it ended."""
    dosing = Dosing(study)
    for event in study.source.rows("adverse_event"):
        order = dosing.led_to(event)
        if order is None:
            continue
        source = f"adverse_event/{event['id']}"
        row = events.by_source[source]
        intervals = exposure.by_subject.get(row["USUBJID"], [])
        found = _changed(intervals, order["day"], begins=event["action"] == "dose_reduced")
        if found is not None:
            relation = f"AE{row['AESEQ']}EX"
            yield events.member(row, relation, source)
            yield exposure.member(found, relation, f"dose_order/{order['id']}")


def _changed(intervals: list[Row], day: date, *, begins: bool) -> Row | None:
    """Return the first interval from a day on, or the last one before it."""
    in_time = sorted(intervals, key=lambda row: str(row["EXSTDTC"]))
    if begins:
        return next((row for row in in_time if row["EXSTDTC"] >= day.isoformat()), None)
    before = [row for row in in_time if row["EXSTDTC"] <= day.isoformat()]
    return before[-1] if before else None


def _given_for(study: Study, events: _Numbered, medicines: _Numbered) -> Iterator[Row]:
    """Yield each event with the medicines whose indication names it, unless they began before it did.

    Words that were not released name nothing: no two of them are alike.
    """
    taken = study.source.by_person("medication")
    for event in study.source.rows("adverse_event"):
        source = f"adverse_event/{event['id']}"
        names = {_plain(event["verbatim"]), _plain(label(event["term"]))} - _NAMELESS
        found = [
            row
            for row in taken.get(event["participant"], [])
            if _plain(row["indication"]) in names and not _began_before(row, event)
        ]
        if found:
            row = events.by_source[source]
            relation = f"AE{row['AESEQ']}CM"
            yield events.member(row, relation, source)
            for each in found:
                named = f"medication/{each['id']}"
                yield medicines.member(medicines.by_source[named], relation, named)


def _plain(words: str | None) -> str:
    return " ".join((words or "").split()).casefold()


def _began_before(medicine: Row, event: Row) -> bool:
    """Whether a medicine surely began before the event."""
    one, other = dates.bounds(medicine["began"]), dates.bounds(event["start"])
    return one is not None and other is not None and one[1] < other[0]
