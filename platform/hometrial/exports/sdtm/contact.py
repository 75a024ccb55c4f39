"""The last day of which anything of a person is on record: the end of participation as far as it is known."""

import re
from collections.abc import Iterator
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports.source.reading import Source

_TOLD: dict[str, tuple[str, ...]] = {
    "anchor": ("day",),
    "screening": ("opened", "decided"),
    "screening_answer": ("recorded",),
    "consent_signature": ("signed",),
    "consent_event": ("effective",),
    "withdrawal": ("decided",),
    "allocation": ("allocated",),
    "visit": ("day",),
    "deviation": ("happened",),
    "intake": ("day", "at"),
    "supply": ("day",),
    "medication": ("began", "ended"),
    "adverse_event": ("start", "stop", "learned"),
    "baseline_symptom": ("recorded",),
    "laboratory": ("sampled",),
    "response": ("submitted",),
    "item": ("answered",),
    "bad_day": ("at",),
    "device": ("first_seen", "last_seen"),
    "daily_metric": ("day",),
    "data_day": ("day", "main_sleep_end"),
}
"""By table what happened, not what is due: the plan is no contact."""
_TOLD_DOSES = ("taken", "missed")
_WHOLE_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def last_contacts(source: Source) -> dict[str, date]:
    """Return the last day on record by person."""
    found: dict[str, date] = {}
    for person, day in _days(source):
        found[person] = max(day, found.get(person, day))
    return found


def _days(source: Source) -> Iterator[tuple[str, date]]:
    for name, columns in _TOLD.items():
        for column in columns:
            yield from _latest(source.table(name), column)
    doses = source.table("dose_day")
    told = pc.or_kleene(
        pc.is_in(doses["status"], pa.array(_TOLD_DOSES)), pc.greater(doses["mg_least"], 0)
    )
    yield from _latest(doses.filter(told), "day")


def _latest(table: pa.Table, column: str) -> Iterator[tuple[str, date]]:
    """Yield the latest day of a column by person; a date that is not known to the day says nothing."""
    told = table.filter(pc.is_valid(table[column]))
    if pa.types.is_string(told[column].type):
        told = told.filter(pc.match_substring_regex(told[column], f"^{_WHOLE_DAY.pattern}"))
        days = pc.utf8_slice_codeunits(told[column], 0, 10)
    else:
        days = told[column]
    grouped = pa.table({"participant": told["participant"], "day": days})
    for row in grouped.group_by("participant").aggregate([("day", "max")]).to_pylist():
        yield row["participant"], _day(row["day_max"])


def _day(value: Any) -> date:
    return value if isinstance(value, date) else date.fromisoformat(value)
