"""A part: one stream of one person in one month, whose file depends on its chunks and on nothing else."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from hometrial_ingest.local_time import ZoneHistory
from hometrial_ingest.signals import Signal

LAYOUT = b"samples/2"
"""Raised when what stands in the files changes: then none of the kept ones is taken any more."""
_DISGUISE = 2
"""The same for those of disguised people alone."""


@dataclass(frozen=True)
class Hidden:
    """How one person is disguised: another name, dates moved, and a key that renames what the source calls its sessions."""

    name: str
    shift: timedelta
    key: bytes


@dataclass(frozen=True)
class Part:
    """One file. `days`: (day, version, SHA-256 of the bytes) of its chunks, in order.

    `month` is that of the days in the file: where they are moved, a part that ended with a true month would tell how far.
    """

    stream: str
    participant: str
    month: str
    days: tuple[tuple[date, int, str], ...]
    hidden: Hidden | None = None
    zones: ZoneHistory | None = None
    """Of nights alone, whose chunks hold no wall clock of their end: where the person lived, as far as was known then."""

    @property
    def signal(self) -> Signal:
        """The stream."""
        return Signal(self.stream)

    @property
    def path(self) -> str:
        """Where it stands: partitioned as Hive does, so that DuckDB, Spark and Dask read a stream as one data set."""
        who = self.hidden.name if self.hidden else self.participant
        return f"{self.stream}/participant={who}/month={self.month}/part.parquet"

    @property
    def digest(self) -> str:
        """What its bytes depend on: the same digest, the same file."""
        found = hashlib.sha256(LAYOUT)
        found.update(f"{self.stream}\x1f{self.participant}\x1f{self.month}".encode())
        for day, version, sha256 in self.days:
            found.update(f"\x1e{day}\x1f{version}\x1f{sha256}".encode())
        for since, zone in self.zones.pieces if self.zones else ():
            found.update(f"\x1c{since}\x1f{zone}".encode())
        if self.hidden:
            found.update(
                f"\x1d{_DISGUISE}\x1f{self.hidden.name}\x1f{self.hidden.shift.days}\x1f".encode()
                + self.hidden.key
            )
        return found.hexdigest()


def parts(
    chunks: Iterable[dict[str, Any]],
    hidden: Mapping[str, Hidden],
    zones: Mapping[str, ZoneHistory],
) -> Iterator[Part]:
    """Yield the parts of chunks, which are rows of the source table `chunk`; those without samples have none."""
    told = sorted(
        (
            row["stream"],
            row["participant"],
            f"{row['day'] + _shift(hidden.get(row['participant'])):%Y-%m}",
            row["day"],
            row["version"],
            row["sha256"],
        )
        for row in chunks
        if row["samples"]
    )
    for (stream, person, month), found in groupby(told, key=lambda each: each[:3]):
        days = tuple(each[3:] for each in found)
        lived = zones.get(person) if stream == Signal.SLEEP_SESSION else None
        yield Part(stream, person, month, days, hidden.get(person), lived)


def _shift(hidden: Hidden | None) -> timedelta:
    return timedelta(0) if hidden is None else hidden.shift
