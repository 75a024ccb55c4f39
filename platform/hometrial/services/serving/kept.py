"""A snapshot of a table in its file: whose rows stand where, and since when they are what they are."""

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ROWS_IN_A_GROUP = 10_000
_TOLD = b"hometrial"
Range = tuple[int, int]
"""Rows from the first up to, and without, the second."""


@dataclass(frozen=True)
class Share:
    """One person's rows: where they begin, how many they are (none: gone), and since when they are so."""

    person: str
    first: int
    rows: int
    since: datetime


@dataclass(frozen=True)
class Kept:
    """One table at one moment, in its order."""

    path: Path

    @cached_property
    def _file(self) -> pq.FileMetaData:
        return pq.read_metadata(self.path)

    @cached_property
    def _told(self) -> dict[str, Any]:
        told: dict[str, Any] = json.loads(self._file.metadata[_TOLD])
        return told

    @property
    def name(self) -> str:
        """By which it is found again."""
        return self.path.stem

    @property
    def at(self) -> datetime:
        """The moment that it shows: the version of the table."""
        return datetime.fromisoformat(self._told["at"])

    @property
    def digest(self) -> str:
        """The digest of all rows."""
        return str(self._told["digest"])

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return int(self._file.num_rows)

    @cached_property
    def shares(self) -> tuple[Share, ...]:
        """The people in order, those who are gone last."""
        return tuple(
            Share(person, first, rows, datetime.fromisoformat(since))
            for person, first, rows, since in self._told["shares"]
        )

    def chosen(
        self, people: Collection[str] | None = None, since: datetime | None = None
    ) -> list[Share]:
        """Return the shares of some people, or of those whose rows were seen to be others after a moment."""
        return [
            each
            for each in self.shares
            if (people is None or each.person in people) and (since is None or each.since > since)
        ]

    def tables(
        self, ranges: Sequence[Range], columns: Sequence[str] | None = None
    ) -> Iterator[pa.Table]:
        """Yield the rows of ranges, which are in order, one piece of the file in memory at a time."""
        with pq.ParquetFile(self.path) as file:
            first = 0
            for number in range(file.num_row_groups):
                end = first + file.metadata.row_group(number).num_rows
                inside = [(max(a, first), min(b, end)) for a, b in ranges if a < end and b > first]
                if inside:
                    group = file.read_row_group(number, columns)
                    for a, b in inside:
                        yield group.slice(a - first, b - a)
                first = end


def ranges_of(shares: Sequence[Share]) -> list[Range]:
    """Return where the rows of shares stand, neighbours joined."""
    found: list[Range] = []
    for each in shares:
        if found and found[-1][1] == each.first:
            found[-1] = (found[-1][0], each.first + each.rows)
        elif each.rows:
            found.append((each.first, each.first + each.rows))
    return found


def cut(ranges: Sequence[Range], start: int, count: int) -> list[Range]:
    """Return the `count` rows from the `start`-th on, counted over all ranges."""
    found, passed = [], 0
    for a, b in ranges:
        low, high = max(start - passed, 0), min(start + count - passed, b - a)
        if low < high:
            found.append((a + low, a + high))
        passed += b - a
    return found


def told(at: datetime, digest: str, shares: Sequence[Share]) -> dict[bytes, bytes]:
    """Return what is written beside the rows."""
    listed = [(each.person, each.first, each.rows, each.since.isoformat()) for each in shares]
    return {_TOLD: json.dumps({"at": at.isoformat(), "digest": digest, "shares": listed}).encode()}
