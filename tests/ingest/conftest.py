"""A synthetic study, written once, and its files read back."""

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import pytest

from hometrial_ingest.simulate import Fault, FaultKind, Person, Study, study

Rows = list[dict[str, str]]


@cache
def rows_of(path: Path) -> Rows:
    text = path.read_bytes().decode("ascii")
    assert text.endswith("\r\n")
    assert text.count("\n") == text.count("\r\n")
    return list(csv.DictReader(io.StringIO(text, newline="")))


@dataclass(frozen=True)
class Export:
    """A Fitabase export in a folder."""

    folder: Path

    def at(self, folder: Path) -> "Export":
        return Export(folder)

    def rows(self, name: str) -> Rows:
        return rows_of(self.folder / f"{name}_merged.csv")

    def of(self, person: Person, name: str) -> Rows:
        return [row for row in self.rows(name) if row["Id"] == str(person.fitabase_id)]

    def beats(self, person: Person) -> Iterator[tuple[str, str]]:
        own = str(person.fitabase_id).encode()
        with (self.folder / "heartrate_seconds_merged.csv").open("rb") as file:
            for line in file:
                who, at, value = line.rstrip(b"\r\n").split(b",")
                if who == own:
                    yield at.decode(), value.decode()

    def stamp(self, person: Person, at: int, day: date) -> str:
        wall = int(person.local_day(day).wall_clock(np.array([at]))[0])
        moment = datetime.fromtimestamp(wall, UTC)
        hour, half = (moment.hour - 1) % 12 + 1, "AM" if moment.hour < 12 else "PM"
        return f"{moment.month}/{moment.day}/{moment.year} {hour}:{moment:%M:%S} {half}"


class Beat(NamedTuple):
    at: int
    value: int
    offset: str
    device: str


@dataclass(frozen=True)
class Pages:
    """Pages of the Google Health API, a folder a person."""

    folder: Path

    def points(self, person: Person, data_type: str) -> Iterator[dict[str, Any]]:
        for file in sorted((self.folder / person.code / data_type).glob("*.json")):
            yield from msgspec.json.decode(file.read_bytes())["dataPoints"]

    def sleeps(self, person: Person) -> Iterator[dict[str, Any]]:
        yield from (point["sleep"] for point in self.points(person, "sleep"))

    @cache  # noqa: B019 - the fixture lives as long as the tests
    def listed(self, person: Person) -> list[Beat]:
        return [
            Beat(
                self.instant(point["heartRate"]["sampleTime"]["physicalTime"]),
                int(point["heartRate"]["beatsPerMinute"]),
                point["heartRate"]["sampleTime"]["utcOffset"],
                point["dataSource"]["device"]["displayName"],
            )
            for point in self.points(person, "heart-rate")
        ]

    def instant(self, text: str) -> int:
        return int(datetime.fromisoformat(text).timestamp())


@pytest.fixture(scope="session")
def made() -> Study:
    return study(seed=21, people=4, days=13, first_day=date(2026, 10, 20))


@pytest.fixture(scope="session")
def export(made: Study, tmp_path_factory: pytest.TempPathFactory) -> Export:
    folder = tmp_path_factory.mktemp("export")
    made.write_fitabase(folder)
    return Export(folder)


@pytest.fixture(scope="session")
def pages(made: Study, tmp_path_factory: pytest.TempPathFactory) -> Pages:
    folder = tmp_path_factory.mktemp("pages")
    for person in made.people:
        made.write_google(person, folder / person.code)
    return Pages(folder)


@pytest.fixture(scope="session")
def fault(made: Study) -> Callable[[FaultKind], tuple[Person, Fault]]:
    def planted(kind: FaultKind) -> tuple[Person, Fault]:
        found = next(fault for fault in made.faults if fault.kind is kind)
        return next(p for p in made.people if p.code == found.person), found

    return planted
