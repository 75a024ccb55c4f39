"""What leaves the house, by profile: words somebody typed, dates, small sites and pseudonyms (features.md D6, D13).

It works on the source tables, before any data set is made: so every format and every data set is alike. What a column
is (`exports/source/fields.py`) says what becomes of it; nothing is decided by a column's name but the age.
"""

import base64
import hashlib
import hmac
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any

import pyarrow as pa

from hometrial.errors import ExportRefusedError
from hometrial.exports import blinding, ending, publishing
from hometrial.exports.moving import MOVED, shift
from hometrial.exports.source.fields import Field, SourceTable
from hometrial.exports.source.reading import Source, in_order
from hometrial.exports.source.tables import TABLES

WITHHELD = "NOT RELEASED"
"""Stands for words that were typed and stay behind: that there were some is told, not what."""
_EVIDENCE = frozenset({"audit", "batch", "verdict", "quarantined", "query", "chunk"})
_SAME_DAY = frozenset({"gap", "participation"})
"""Tables of what befell many people on one day, or has an hour more or less when clocks change."""


@dataclass(frozen=True)
class Profile:
    """What stays behind. `roles`: who may ask for it; `sites_below`: smaller sites are told together."""

    name: str
    text: str
    roles: frozenset[str]
    words: bool = False
    shifted: bool = False
    unblinded: bool = True
    sites_below: int = 0
    without: frozenset[str] = frozenset()


PROFILES = {
    each.name: each
    for each in (
        Profile(
            "study",
            "Pseudonyms and dates as they are; words that somebody typed stay behind.",
            frozenset({"statistician", "data_manager", "dsmb"}),
        ),
        Profile(
            "words",
            "As study, with the words that somebody typed: terms of events, medicines, reasons.",
            frozenset({"data_manager"}),
            words=True,
        ),
        Profile(
            "blinded",
            "As study, without what tells the arm: no arm, stratum or place in the list, any dose and any number of units "
            "given as 1, no step, strength, formulation or lot.",
            frozenset({"statistician", "data_manager"}),
            unblinded=False,
        ),
        Profile(
            "public",
            "New pseudonyms; all dates of a person moved by the same whole weeks, to one calendar on which everybody is "
            "entered in the week of 2001-01-01; nobody before 1 to 26 weeks after the last that is on record of them, with which "
            "all their rows end; of the making the quarter of the year; "
            "clocks local ones, also where UTC is named, and no Saturday after 23:00 nor Sunday before 4:00 in samples; "
            "sites of fewer than 5 people together; ages above 89 as 90; no words, no evidence of single files.",
            frozenset({"statistician", "data_manager"}),
            shifted=True,
            sites_below=5,
            without=_EVIDENCE | _SAME_DAY,
        ),
    )
}


def profile(name: str) -> Profile:
    """Return a profile. Raises ExportRefusedError for a name that there is not."""
    if name not in PROFILES:
        raise ExportRefusedError(
            f"profile: {name} is none; choose from {', '.join(PROFILES)} (hometrial export --help)"
        )
    return PROFILES[name]


@dataclass(frozen=True)
class Released:
    """Source tables that may leave, and what was done to them: how many values of which kind, for the manifest."""

    source: Source
    done: Mapping[str, int]
    remarks: tuple[str, ...] = ()
    """What a profile cannot hide of this study."""


@dataclass(frozen=True)
class Disguise:
    """New names and moved dates of the people of a study, by a key that stays in the house."""

    key: bytes
    people: tuple[str, ...]
    entered: tuple[date, ...]
    """The day on which each of them was entered."""

    @classmethod
    def of(cls, source: Source, key: bytes) -> "Disguise":
        """Return the disguise of everybody in source tables."""
        rows = sorted(source.rows("participant"), key=lambda row: str(row["participant"]))
        entered = tuple(date.fromisoformat(row["created"][:10]) for row in rows)
        return cls(key, tuple(row["participant"] for row in rows), entered)

    def digest(self, *parts: str) -> bytes:
        """Return 32 bytes that only the key tells."""
        return hmac.new(self.key, "\x1f".join(parts).encode(), hashlib.sha256).digest()

    @cached_property
    def names(self) -> dict[str, str]:
        """The new pseudonyms: the same from lock to lock, whoever comes later.

        Raises ExportRefusedError if two people got the same one, which the key alone decides.
        """
        made = {
            person: f"P{base64.b32encode(self.digest('person', person))[:8].decode()}"
            for person in self.people
        }
        if len(set(made.values())) < len(made):
            raise ExportRefusedError(
                "two people got the same new pseudonym; give the study another release key"
            )
        return made

    @cached_property
    def shifts(self) -> dict[str, timedelta]:
        """By how much each person's dates are moved."""
        return {person: shift(day) for person, day in zip(self.people, self.entered, strict=True)}

    @cached_property
    def embargoes(self) -> dict[str, int]:
        """How many weeks must have gone since the last record of each person before any is released.

        Only the key tells: so nobody learns, from who is there now and was not before, when somebody took part.
        """
        return {
            person: 1
            + int.from_bytes(self.digest("embargo", person)[:8], "big") % publishing.LONGEST
            for person in self.people
        }

    def record(self, identifier: str) -> str:
        """Return the new name of a record, which holds neither pseudonym nor day."""
        return self.digest("record", identifier)[:10].hex()


def release(source: Source, wanted: Profile, key: bytes, on: date | None = None) -> Released:
    """Return the source tables as a profile lets them leave; `key`: 32 bytes of the study's own.

    `on`: the day on which they were taken. Raises ExportRefusedError where a profile disguises people, and nobody's
    records are old enough on that day, or it is not told.
    """
    done: Counter[str] = Counter()
    disguise = Disguise.of(source, key) if wanted.shifted else None
    if disguise:
        source = _old_enough(source, wanted, disguise, on, done)
    small = publishing.small_sites(source, wanted.sites_below)
    tables = {}
    for each in TABLES:
        table = source.table(each.name)
        if each.name in wanted.without:
            done["rows of tables left out"] += table.num_rows
            continue
        if small:
            table = publishing.without_small_sites(each.name, table, small, done)
        if disguise:
            table = _undated(each, table, done)
        if each.name == "item" and not wanted.unblinded:
            table = blinding.without_doses(table, source.table("instrument"))
        columns = {
            field.name: _Column(each, field, table, wanted, disguise).changed(done)
            for field in each.fields
        }
        tables[each.name] = in_order(pa.table(columns, schema=each.schema).combine_chunks())
    remarks = () if wanted.unblinded else blinding.remarks(source)
    return Released(Source(tables, source.lacking), dict(sorted(done.items())), remarks)


def _old_enough(
    source: Source, wanted: Profile, disguise: Disguise, on: date | None, done: Counter[str]
) -> Source:
    """Leave out whoever takes part still, or has not ended for long enough."""
    if on is None:
        raise ExportRefusedError(
            f"profile: {wanted.name} needs the day on which the data were taken; make a draft or a lock of it"
        )
    people = publishing.released_people(source, disguise.embargoes, on)
    done["people whose records are not old enough"] += len(source.people) - len(people)
    kept = {each.name: publishing.of_people(source.table(each.name), people) for each in TABLES}
    return ending.ended(Source(kept), done)


def _undated(known: SourceTable, table: pa.Table, done: Counter[str]) -> pa.Table:
    """Take out of a table what would tell when it was."""
    rows = table.num_rows
    if known.name == "screening_answer":
        table = publishing.without_great_ages(table, done)
    elif known.name == "daily_metric":
        table = publishing.without_clock_changes(table, done)
    elif known.name == "consent_signature":
        table = publishing.first_signatures(table)
        done["signatures under later versions left out"] += rows - table.num_rows
    return publishing.without_common_days(known, table, done)


def released(known: SourceTable, table: pa.Table, wanted: Profile) -> pa.Table:
    """Return one source table, of some people or all; a profile that disguises people raises ExportRefusedError."""
    if wanted.shifted:
        raise ExportRefusedError(
            f"profile: {wanted.name} disguises people, and is given for whole folders alone; make a lock of it"
        )
    columns = [
        _Column(known, each, table, wanted, None).changed(Counter()) for each in known.fields
    ]
    return pa.table(columns, schema=known.schema)


@dataclass(frozen=True)
class _Column:
    """One column on its way out."""

    known: SourceTable
    field: Field
    table: pa.Table
    wanted: Profile
    disguise: Disguise | None

    def changed(self, done: Counter[str]) -> pa.ChunkedArray | pa.Array:
        column = self.table[self.field.name]
        change = self._change()
        if change is None:
            return column
        values, people = column.to_pylist(), self._people()
        new = [
            None if value is None else change(value, person)
            for value, person in zip(values, people, strict=True)
        ]
        is_arm = self.field.is_unblinding and not self.wanted.unblinded
        what = "values that tell the arm" if is_arm else _COUNTED[self.field.kind]
        done[what] += sum(old != now for old, now in zip(values, new, strict=True))
        return pa.array(new, self.known.schema.field(self.field.name).type)

    def _people(self) -> list[str]:
        """Of each row the person, by the pseudonym in the house; of a row about nobody the empty text."""
        if "participant" not in self.table.column_names:
            return [""] * self.table.num_rows
        return [each or "" for each in self.table["participant"].to_pylist()]

    def _change(self) -> Callable[[Any, str], Any] | None:
        """Say what becomes of the column's values; None: they stay."""
        if self.field.is_unblinding and not self.wanted.unblinded:
            if self.field.is_amount:
                return lambda value, _person: 1.0 if value else 0.0
            return lambda _value, _person: None
        if self.field.kind == "free" and not self.wanted.words:
            return lambda _value, _person: WITHHELD
        if self.disguise is None or self.known.name in _OF_THE_STUDY:
            return None
        return self._disguised(self.disguise)

    def _disguised(self, disguise: Disguise) -> Callable[[Any, str], Any] | None:
        name, kind = self.field.name, self.field.kind
        if name == "participant" or (self.known.name == "participant" and name == "id"):
            return lambda value, _person: disguise.names[value]
        if kind == "id" and name not in _OF_THE_STUDY:
            return lambda value, _person: disguise.record(value)
        moved = MOVED.get(kind)
        return (
            None if moved is None else lambda value, person: moved(value, disguise.shifts[person])
        )


_COUNTED = {
    "id": "identifiers renamed",
    "free": "words left out",
    "day": "dates moved",
    "instant": "dates moved",
    "local": "dates moved",
    "partial": "dates moved",
    "occasion": "dates moved",
    "text": "dates moved",
}
_OF_THE_STUDY = frozenset({"protocol_version", "instrument", "site"})
"""Tables, and columns that name their rows, which are about nobody."""
