"""What holds on a day of a person: study day, epoch and dose, looked up for many rows at once."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from hometrial.exports.sdtm.planned import study_day
from hometrial.exports.sdtm.study import Study
from hometrial.exports.source.reading import Row, Source

_DAY_0 = date(1970, 1, 1)
_SPAN, _HALF = 1 << 20, 1 << 19


@dataclass(frozen=True)
class Calendar:
    """The days of all people."""

    study: Study

    @cached_property
    def _doses(self) -> dict[tuple[str, date], Row]:
        rows = self.study.source.rows("dose_day")
        return {(row["participant"], row["day"]): row for row in rows}

    def of(self, people: Any, days: Any) -> dict[str, pa.Array]:
        """Return study_day, epoch, epoch_term, dose_mg_planned and dose_mg_actual of each person's day; null without a day."""
        pairs, place = _pairs(people, days)

        def each(ask: Callable[[str, date], object], kind: pa.DataType) -> pa.Array:
            return pa.array([ask(*pair) for pair in pairs], kind).take(place)

        return {
            "study_day": each(self._study_day, pa.int64()),
            "epoch": each(self.epoch, pa.string()),
            "epoch_term": each(lambda who, day: self.study.epoch(who, day) or None, pa.string()),
            "dose_mg_planned": each(self._planned, pa.float64()),
            "dose_mg_actual": each(self.taken, pa.float64()),
        }

    def _study_day(self, person: str, day: date) -> int | None:
        first = self.study.first_dose(person)
        return None if first is None else study_day(day, first)

    def epoch(self, person: str, day: date) -> str | None:
        """Return the protocol's own name of a day's epoch."""
        found = [each for each in self.study.elements(person) if each.first <= day]
        return found[-1].epoch if found else None

    def _planned(self, person: str, day: date) -> float | None:
        row = self._doses.get((person, day))
        return None if row is None else row["mg_planned"]

    def taken(self, person: str, day: date) -> float | None:
        """Return the dose of a day; None where nobody told, or before the first order."""
        row = self._doses.get((person, day))
        return None if row is None or row["mg_least"] != row["mg_most"] else row["mg_least"]


def calendar(source: Source) -> Calendar:
    """Return the calendar of a study."""
    return Calendar(Study(source))


def _pairs(people: Any, days: Any) -> tuple[list[tuple[str, date]], pa.Array]:
    """Return each person's different days, and which of them each row is of; null for a row without a day."""
    who = _flat(people).dictionary_encode()
    names = who.dictionary.to_pylist()
    when = _flat(days).cast(pa.int32()).cast(pa.int64())
    known = pc.and_(pc.is_valid(when), pc.is_valid(who))
    codes = pc.fill_null(who.indices, 0).to_numpy(zero_copy_only=False).astype(np.int64)
    numbers = codes * _SPAN + pc.fill_null(when, 0).to_numpy(zero_copy_only=False) + _HALF
    seen, place = np.unique(numbers, return_inverse=True)
    pairs = [
        (names[int(each) // _SPAN] if names else "", _DAY_0 + timedelta(int(each) % _SPAN - _HALF))
        for each in seen
    ]
    return pairs, pc.if_else(known, pa.array(place, pa.int64()), None)


def _flat(values: Any) -> pa.Array:
    return values.combine_chunks() if isinstance(values, pa.ChunkedArray) else values


def day_of(local: Any) -> pa.Array:
    """Return the civil day of wall clocks, or of ISO 8601 dates that are known to the day; else null."""
    coded = _flat(local).dictionary_encode()
    days = [
        date.fromisoformat(each[:10])
        if len(each) >= len("2026-01-01") and "/" not in each
        else None
        for each in coded.dictionary.to_pylist()
    ]
    return pa.array(days, pa.date32()).take(coded.indices)
