"""Frames of a reader placed in the study: whose each sample is, when it was, and on which local day."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from uuid import UUID

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from hometrial.errors import ZoneNeededError
from hometrial_ingest.frame import Frame
from hometrial_ingest.local_time import DAY, SECOND, Placed, Placement, ZoneHistory
from hometrial_ingest.signals import SIGNALS, Shape

Int64 = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

PLACEMENTS = ["placed", "in_gap", "ambiguous"]
# Beyond these years nothing can be placed; the gate then says what is wrong with the date.
_EARLIEST, _LATEST = -5_000_000_000 * SECOND, 10_000_000_000 * SECOND


@dataclass(frozen=True)
class Person:
    """A participant as ingest needs them: key, pseudonym and zones (None if none is on record)."""

    id: UUID
    code: str
    zones: ZoneHistory | None


People = Mapping[str | None, Person]
"""The participants behind a source's ids; the key None is the one person of a one-person archive."""


def place(frame: Frame, people: People) -> pd.DataFrame:
    """Return the frame's samples as a DataFrame, one row each, in the frame's order.

    Columns: those of the frame plus `row_id` (0..n-1), `participant` (categorical pseudonym), `zone`
    (categorical, the names of that person's zones),
    `placement` (categorical: placed, in_gap, ambiguous) and `day` (days since 1970, the local day the
    sample belongs to; that of its end for a sleep session and its stages). `at`, `local`, `offset` are
    int64 without nulls; where `placement` is not `placed`, `at` and `offset` are 0.

    Raises ZoneNeededError if a stamp without a zone belongs to a person without one on record.
    """
    table = frame.table.combine_chunks()
    samples = _plain_columns(table)
    samples["participant"] = _by_person(table, people, lambda person: person.code)
    samples["zone"] = _by_person(table, people, _zone_names)
    times = _Times.of(table)
    for person, rows in _rows_by_person(table, people):
        times.place(rows, person, daily=SIGNALS[frame.signal].shape is Shape.DAILY)
    samples["at"], samples["local"], samples["offset"] = times.at, times.local, times.offset
    samples["placement"] = pd.Categorical.from_codes(times.status, pd.Index(PLACEMENTS))
    samples["day"] = times.local // DAY
    return samples


def _plain_columns(table: pa.Table) -> pd.DataFrame:
    placed_here = ("person", "at", "local", "offset", "end_at", "end_local", "end_offset")
    names = [name for name in table.column_names if name not in placed_here]
    samples: pd.DataFrame = table.select(names).to_pandas()
    if "session" in samples:
        samples["session"] = samples["session"].astype("category")
    samples.insert(0, "row_id", np.arange(len(samples), dtype=np.int64))
    return samples


def person_ids(table: pa.Table) -> dict[str | None, int]:
    """Return the source's ids of the people that a frame tells of, with the first source row of each.

    The id of rows that name nobody is None.
    """
    ids, codes = _person_codes(table)
    found, first = np.unique(codes, return_index=True)
    rows = table["row"].take(pa.array(first)).to_pylist()
    return dict(zip((ids[i] for i in found), rows, strict=True))


def _person_codes(table: pa.Table) -> tuple[list[str | None], Int64]:
    """Return the source's person ids and each row's index among them."""
    encoded = table["person"].unify_dictionaries().combine_chunks()
    encoded = encoded.chunk(0) if isinstance(encoded, pa.ChunkedArray) else encoded
    ids: list[str | None] = [*encoded.dictionary.to_pylist(), None]
    codes = encoded.indices.fill_null(len(ids) - 1).to_numpy(zero_copy_only=False)
    return ids, codes.astype(np.int64)


def _zone_names(person: Person) -> str:
    """Return the zones a person has lived in, for sentences: Europe/Berlin, then Asia/Kolkata."""
    pieces = person.zones.pieces if person.zones else ()
    return ", then ".join(zone for _, zone in pieces) or "no zone on record"


def _by_person(
    table: pa.Table, people: People, name_of: Callable[[Person], str]
) -> "pd.Categorical[str]":
    """Return a word about each row's person."""
    ids, codes = _person_codes(table)
    names = sorted({name_of(person) for person in people.values()})
    of_id = np.array([names.index(name_of(people[i])) if i in people else -1 for i in ids])
    return pd.Categorical.from_codes(of_id[codes], pd.Index(names))


def _rows_by_person(table: pa.Table, people: People) -> list[tuple[Person, Int64]]:
    ids, codes = _person_codes(table)
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(len(ids) + 1))
    return [
        (people[ids[i]], order[edges[i] : edges[i + 1]])
        for i in range(len(ids))
        if edges[i + 1] > edges[i]
    ]


@dataclass
class _Times:
    """The time columns of a frame while they are completed, person by person."""

    at: Int64
    local: Int64
    offset: Int64
    has_at: Bools
    has_local: Bools
    has_offset: Bools
    status: npt.NDArray[np.int8]

    @classmethod
    def of(cls, table: pa.Table) -> "_Times":
        at, has_at = _filled(table, "at")
        local, has_local = _filled(table, "local")
        offset, has_offset = _filled(table, "offset")
        status = np.zeros(table.num_rows, np.int8)
        return cls(at, local, offset, has_at, has_local, has_offset, status)

    def place(self, rows: Int64, person: Person, *, daily: bool) -> None:
        """Complete these rows' instants, wall clocks and offsets."""
        known = self.has_at[rows] & self.has_offset[rows]
        self._from_instant_and_offset(rows[known])
        self._from_instant(rows[self.has_at[rows] & ~self.has_offset[rows]], person)
        self._from_wall_clock(rows[~self.has_at[rows]], person, daily=daily)

    def _from_instant_and_offset(self, rows: Int64) -> None:
        self.local[rows] = self.at[rows] + self.offset[rows] * SECOND

    def _from_instant(self, rows: Int64, person: Person) -> None:
        rows = self._datable(rows, self.at)
        if rows.size:
            offset, local = _zones(person).place_instant(self.at[rows])
            self.offset[rows], self.local[rows] = offset, local

    def _from_wall_clock(self, rows: Int64, person: Person, *, daily: bool) -> None:
        with_offset = rows[self.has_offset[rows]]
        self.at[with_offset] = self.local[with_offset] - self.offset[with_offset] * SECOND
        rows = self._datable(rows[~self.has_offset[rows]], self.local)
        if rows.size:
            zones = _zones(person)
            placed: Placed = (
                zones.first_instant_of_day(self.local[rows] // DAY)
                if daily
                else zones.place_local(self.local[rows])
            )
            self.at[rows], self.offset[rows] = placed.at, placed.offset
            self.status[rows] = placed.status

    def _datable(self, rows: Int64, times: Int64) -> Int64:
        """Return the rows that a calendar date can be made for; the others stay as if in UTC."""
        datable = (times[rows] > _EARLIEST) & (times[rows] < _LATEST)
        wild = rows[~datable]
        self.at[wild] = self.local[wild] = times[wild]
        return rows[datable]


def _filled(table: pa.Table, name: str) -> tuple[Int64, Bools]:
    column = table[name]
    values = column.cast(pa.int64()).fill_null(0).to_numpy()
    return values.astype(np.int64), column.is_valid().to_numpy()


def _zones(person: Person) -> ZoneHistory:
    if person.zones is None:
        raise ZoneNeededError(
            f"{person.code} has no time zone on record and the file's stamps carry none; give "
            f"--zone (for example --zone Europe/Berlin), or if {person.code} was enrolled before, run: "
            f"hometrial participant zone {person.code} Europe/Berlin"
        )
    return person.zones


def place_sessions(samples: pd.DataFrame, frame: Frame, people: People) -> pd.DataFrame:
    """Add `end_at` and `end_stated_at` to placed sleep sessions and set their day to that of waking.

    `end_at` is start + duration: the duration is what the device counted (wearables.md 2.10).
    `end_stated_at` is the end that the source states, placed by itself; 0 if it states none or its
    wall clock cannot be placed.
    """
    table = frame.table.combine_chunks()
    stated = _Times.of(pa.table({name: table["end_" + name] for name in ("at", "local", "offset")}))
    has_end = stated.has_at | stated.has_local
    end = samples["at"].to_numpy() + samples["duration"].to_numpy() * SECOND
    end_local = samples["local"].to_numpy() + samples["duration"].to_numpy() * SECOND
    for person, rows in _rows_by_person(table, people):
        stated.place(rows[has_end[rows]], person, daily=False)
        if person.zones is not None:
            end_local[rows] = person.zones.place_instant(end[rows])[1]
    offset_known = stated.has_offset & stated.has_at
    end_local[offset_known] = (end + stated.offset * SECOND)[offset_known]
    samples["session"] = _told_apart(samples, end)
    samples["end_at"] = end
    samples["end_stated_at"] = np.where(stated.status == Placement.PLACED, stated.at, 0)
    samples["day"] = end_local // DAY
    return samples


def _told_apart(samples: pd.DataFrame, end: Int64) -> pd.Categorical:
    """Return session keys; nights that share one key but not a moment get their start added to it.

    Real exports hold such nights: a key is only as unique as the provider made it.
    """
    columns = [samples[name].astype(object) for name in ("participant", "source", "session")]
    keys = pd.MultiIndex.from_arrays(columns).factorize()[0]
    order = np.lexsort([samples["at"].to_numpy(), keys])
    again = keys[order][1:] == keys[order][:-1]
    apart = samples["at"].to_numpy()[order][1:] >= end[order][:-1]
    shared, clashing = keys[order][1:][again & apart], keys[order][1:][again & ~apart]
    change = np.isin(keys, np.setdiff1d(shared, clashing))
    starts = (
        samples["local"].to_numpy().astype("datetime64[us]").astype("datetime64[s]").astype(str)
    )
    names = samples["session"].astype(object).to_numpy().copy()
    names[change] = [f"{name}@{at}" for name, at in zip(names[change], starts[change], strict=True)]
    return pd.Categorical(names)


def place_stages(stages: pd.DataFrame, sessions: pd.DataFrame | None) -> pd.DataFrame:
    """Give each stage the key and local day of its session; without one, the day of the last stage.

    A stage belongs to the session of its own source row, else to that of its session key.
    """
    if sessions is not None and len(sessions):
        by_row = sessions.drop_duplicates("row").set_index("row")["session"].astype(object)
        own = stages["row"].map(by_row)
        stages["session"] = own.where(own.notna(), stages["session"].astype(object)).astype(
            "category"
        )
    key = ["participant", "session"]
    end_day = (stages["local"] + stages["duration"] * SECOND) // DAY
    last = end_day.groupby([stages[name] for name in key], observed=True).transform("max")
    stages["day"] = last.fillna(end_day).astype(np.int64)
    if sessions is not None and len(sessions):
        known = sessions.assign(**{name: sessions[name].astype(object) for name in key})
        days = known.drop_duplicates(key).set_index(key)["day"]
        wanted = pd.MultiIndex.from_arrays([stages[name].astype(object) for name in key])
        found = days.reindex(wanted).to_numpy()
        stages["day"] = np.where(pd.isna(found), stages["day"], found).astype(np.int64)
    return stages
