"""Two snapshots of a study compared: rows added, changed and removed, each with who did it, when and why (features.md D9).

Rows are the same when their natural keys are: a correction is a newer record in the database, and the same value here.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from itertools import zip_longest
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
_PARENTS = re.compile(
    r'"(?:adverse_event|response|screening|allocation|corrects)_id":\s*"([0-9a-f-]{36})"'
)
"""In the state of a record: the one that it is a version or a part of, corrects or marks as in error."""
_LOGS = {
    "dose_order": "dose_event",
    "intake": "dose_event",
    "interruption": "dose_event",
    "medication": "medication",
}
"""Tables whose records name the one that they correct by its number within the person, and the log that holds them."""
_OF_SAMPLES = frozenset({"daily_metric", "data_day", "gap"})
NOT_COMPARED = "the earlier one was made before there was this column: it is not compared"
_CODE = re.compile(r'"code":\s*"([^"]+)"')
"""In the state of a person: the pseudonym, which names them here; the trail knows them by their row's key."""
_NO_VALUES = frozenset({"id", "version", "revision", "rule_suite", "scorer"})
_Pair = tuple[Row | None, Row | None]
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
    trail = _Trail(before, after, cutoff)
    for each in TABLES:
        if each.name in _EVIDENCE:
            continue
        new = before.lacking.get(each.name, frozenset()) - after.lacking.get(each.name, frozenset())
        names = [field.name for field in each.fields if field.name not in _NO_VALUES | new]
        for name in sorted(new - _NO_VALUES):
            yield Difference(each.name, "", "", "changed", name, "", "", "", "", NOT_COMPARED)
        yield from _of_table(each.name, names, (before, after), trail)


def _of_table(
    name: str, columns: list[str], sources: tuple[Source, Source], trail: "_Trail"
) -> Iterator[Difference]:
    before, after = sources
    old, new = _paired(_by_key(name, before), _by_key(name, after), columns)
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


def _by_key(name: str, source: Source) -> dict[str, list[Row]]:
    keys = _KEYS.get(name, ("id",))
    found: dict[str, list[Row]] = {}
    for row in source.rows(name):
        found.setdefault("/".join(_written(row[key]) for key in keys), []).append(row)
    return found


def _paired(
    old: dict[str, list[Row]], new: dict[str, list[Row]], columns: list[str]
) -> tuple[dict[str, Row], dict[str, Row]]:
    """Give each row a key of its own, also where several share theirs."""
    was, now = dict[str, Row](), dict[str, Row]()
    for key in old.keys() | new.keys():
        pairs = _matched(old.get(key, []), new.get(key, []), columns)
        for number, (one, other) in enumerate(pairs, 1):
            own = key if len(pairs) == 1 else f"{key}#{number}"
            was |= {} if one is None else {own: one}
            now |= {} if other is None else {own: other}
    return was, now


def _matched(before: list[Row], after: list[Row], columns: list[str]) -> list[_Pair]:
    """Pair rows of one key: those whose values are all the same, then those of one id, then what is left in order."""
    if len(before) == len(after) == 1:
        return [(before[0], after[0])]
    pairs, was, now = list[_Pair](), list(before), list(after)
    for names in (columns, ["id"]):
        waiting, was = was, []
        for row in waiting:
            place = next((n for n, each in enumerate(now) if _same(row, each, names)), None)
            if place is None:
                was.append(row)
            else:
                pairs.append((row, now.pop(place)))
    return [*pairs, *zip_longest(was, now)]


def _same(one: Row, other: Row, names: list[str]) -> bool:
    return all(one[name] == other[name] for name in names)


def _written(value: Any) -> str:
    if value is None:
        return ""
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


@dataclass(frozen=True)
class _Trail:
    """Who changed what since the earlier snapshot, and why."""

    before: Source
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
            if row["table"] in _LOGS.values():
                found |= dict.fromkeys(self._corrected(row), row)
        return found

    def _corrected(self, row: Row) -> list[str]:
        """Name the record of a log that another corrects, as PSEUDONYM/NUMBER/LOG; nothing where its words are withheld."""
        try:
            told = json.loads(row["new"] or "{}")
        except ValueError:
            return []
        if not isinstance(told, dict) or told.get("corrects") is None:
            return []
        who = str(told.get("participant_id"))
        return [f"{self._codes.get(who, who)}/{told['corrects']}/{row['table']}"]

    @cached_property
    def _samples(self) -> dict[tuple[str, date], tuple[str, str, str]]:
        """Of each person and day whose samples are others now: which file or read brought the newest of them, and when."""
        known = {(row["id"], row["version"]) for row in self.before.rows("chunk")}
        batches = {row["id"]: row for row in self.after.rows("batch")}
        found: dict[tuple[str, date], tuple[str, str, str]] = {}
        for row in self.after.rows("chunk"):
            batch = batches.get(row["batch"])
            if batch is not None and (row["id"], row["version"]) not in known:
                key, when = (row["participant"], row["day"]), _written(batch["created_at"])
                told = ("", when, f"samples of batch {batch['id']} ({batch['provider']})")
                found[key] = max(found.get(key, told), told, key=lambda each: each[1])
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
        row = now or was
        if row is not None and table in _OF_SAMPLES:
            return self._samples.get((row["participant"], row["day"]), ("", "", ""))
        return "", "", ""

    def _entry(self, table: str, row: Row) -> Row | None:
        own = self._by_record.get(row["id"])
        if own is not None:
            return own
        if table in _LOGS:
            return self._by_record.get(f"{row['participant']}/{row['number']}/{_LOGS[table]}")
        if table == "dose_day":
            orders = self._doses.get(row["participant"], [])
            before = [each for day, each in orders if day <= row["day"]]
            return before[-1] if before else None
        return self._by_record.get(str(row.get("response")))
