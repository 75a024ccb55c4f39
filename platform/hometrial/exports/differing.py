"""Two snapshots of a study compared: rows added, changed and removed, each with who did it, when and why (features.md D9).

Rows are the same when their natural keys are: a correction is a newer record in the database, and the same value here.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal

import pyarrow as pa

from hometrial.exports.source.reading import Row, Source
from hometrial.exports.source.tables import TABLES

_KEYS: dict[str, tuple[str, ...]] = {
    "screening": ("participant", "number"),
    "screening_answer": ("screening", "variable"),
    "consent_event": ("participant", "data_type", "effective"),
    "visit": ("participant", "visit", "number"),
    "deviation": ("participant", "number"),
    "dose_order": ("participant", "number"),
    "intake": ("participant", "number"),
    "interruption": ("participant", "number"),
    "medication": ("participant", "number"),
    "adverse_event": ("participant", "number"),
    "baseline_symptom": ("participant", "term"),
    "laboratory": ("participant", "form", "visit", "visit_number", "analyte", "sampled"),
    "response": ("participant", "form", "occasion"),
    "item": ("response", "item"),
    "free_answer": ("response", "item"),
    "score": ("response", "score"),
    "expected_form": ("participant", "form", "occasion"),
    "allocation": ("participant",),
    "participation": ("participant", "number"),
}
"""What tells the rows of a table apart where their ids do not: ids of records change with a correction."""
_EVIDENCE = frozenset({"audit", "batch", "verdict", "chunk", "quarantined"})
"""Tables that tell how data came about: what changed in them is the reason of a change, not one."""
_PARENTS = re.compile(r'"(?:adverse_event|response|screening)_id":\s*"([0-9a-f-]{36})"')
"""In the state of a record: the one that it is a version or a part of, which is what the tables are about."""
_CODE = re.compile(r'"code":\s*"([^"]+)"')
"""In the state of a person: the pseudonym, which names them here; the trail knows them by their row's key."""
_NO_VALUES = frozenset({"id", "version", "revision", "rule_suite", "scorer"})
Change = Literal["added", "changed", "removed"]
SCHEMA = pa.schema(
    [
        pa.field(name, pa.string())
        for name in (
            "table", "key", "participant_id", "change", "variable", "before", "after", "who", "when", "why"
        )
    ]
)  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """A row more or less (`variable` empty), or a value that is another now."""

    table: str
    key: str
    participant: str
    change: Change
    variable: str
    before: str
    after: str
    who: str
    when: str
    why: str

    def row(self) -> dict[str, str]:
        """Return it as the columns of SCHEMA."""
        told = vars(self)
        return {
            name: told[{"participant_id": "participant"}.get(name, name)] for name in SCHEMA.names
        }


def differences(before: Source, after: Source, cutoff: int) -> Iterator[Difference]:
    """Yield what differs, table by table. `cutoff`: the newest entry of the trail that `before` can hold."""
    trail = _Trail(after, cutoff)
    for each in TABLES:
        if each.name not in _EVIDENCE:
            names = [field.name for field in each.fields if field.name not in _NO_VALUES]
            yield from _of_table(each.name, names, (before, after), trail)


def _of_table(
    name: str, columns: list[str], sources: tuple[Source, Source], trail: "_Trail"
) -> Iterator[Difference]:
    old, new = (_by_key(name, source) for source in sources)
    for key in sorted(old.keys() | new.keys()):
        was, now = old.get(key), new.get(key)
        row = now or was
        if row is None:
            continue
        whose, reason = str(row.get("participant") or ""), trail.reason(name, now, was)
        if was is None or now is None:
            change: Change = "added" if was is None else "removed"
            yield Difference(name, key, whose, change, "", "", "", *reason)
            continue
        for column in columns:
            if was[column] != now[column]:
                values = _written(was[column]), _written(now[column])
                yield Difference(name, key, whose, "changed", column, *values, *reason)


def _by_key(name: str, source: Source) -> dict[str, Row]:
    keys = _KEYS.get(name, ("id",))
    return {"/".join(_written(row[key]) for key in keys): row for row in source.rows(name)}


def _written(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


@dataclass(frozen=True)
class _Trail:
    """Who changed what since the earlier snapshot, and why."""

    after: Source
    cutoff: int

    @cached_property
    def _codes(self) -> dict[str, str]:
        """The pseudonym of each person by the key of their row."""
        said = (row for row in self.after.rows("audit") if row["table"] == "participant")
        found = ((row["record"], _CODE.search(row["new"] or "")) for row in said)
        return {record: code[1] for record, code in found if code}

    @cached_property
    def _by_record(self) -> dict[str, Row]:
        newer = [row for row in self.after.rows("audit") if row["sequence"] > self.cutoff]
        found = {}
        for row in sorted(newer, key=lambda row: row["sequence"]):
            found[row["record"]] = row
            if row["record"] in self._codes:
                found[self._codes[row["record"]]] = row
            for parent in _PARENTS.findall(row["new"] or ""):
                found[parent] = row
        return found

    @cached_property
    def _chunks(self) -> dict[tuple[str, date], Row]:
        """Of each person and day the entry about the newest chunk: daily figures change with what came."""
        found = {}
        for row in self.after.rows("chunk"):
            entry = self._by_record.get(row["id"])
            if entry is not None:
                found[row["participant"], row["day"]] = entry
        return found

    @cached_property
    def _doses(self) -> dict[str, list[tuple[date, Row]]]:
        found: dict[str, list[tuple[date, Row]]] = {}
        for table in ("dose_order", "intake"):
            for row in self.after.rows(table):
                entry = self._by_record.get(row["id"])
                if entry is not None and row["day"]:
                    found.setdefault(row["participant"], []).append((row["day"], entry))
        return found

    def reason(self, table: str, now: Row | None, was: Row | None) -> tuple[str, str, str]:
        """Return who, when and why; empty where the trail has no entry about the record."""
        for row in (now, was):
            entry = None if row is None else self._entry(table, row)
            if entry is not None:
                return str(entry["actor"]), _written(entry["at"]), str(entry["reason"] or "")
        return "", "", ""

    def _entry(self, table: str, row: Row) -> Row | None:
        own = self._by_record.get(row["id"])
        if own is not None or "day" not in row or row.get("day") is None:
            return own or self._by_record.get(str(row.get("response")))
        if table == "dose_day":
            before = [
                each for day, each in self._doses.get(row["participant"], []) if day <= row["day"]
            ]
            return before[-1] if before else None
        return self._chunks.get((row["participant"], row["day"]))
