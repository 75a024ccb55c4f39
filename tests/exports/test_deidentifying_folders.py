"""The finished folder of a public release, byte by byte: none of the marks that were planted in the house is in it."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.support.twins import twin

from hometrial.exports.building import Delivery, build
from hometrial.exports.deidentifying import PROFILES, release
from hometrial.exports.source.reading import Source
from hometrial.exports.source.tables import TABLES
from hometrial.services.locking import telling
from hometrial.services.locking.wanted import wanted

_KEY = bytes(range(32))
_ON = date(2099, 5, 17)
_FORMATS = ("parquet", "xpt5")
_DAY = re.compile(rb"202\d-\d\d-\d\d")
_OURS = {b"2025-03-28"}
"""Days that are not of people: the release of CDISC's terms."""
_MARKS = {
    "free": "Zoe.Canary@example.org +44 20 7946 0958",
    ("site", "name"): "Practice of Dr Canary",
    ("laboratory", "laboratory"): "Canary Village Clinic",
    ("device", "firmware"): "CANARY-FW",
    ("device", "model"): "Canary Watch 99.4.3",
    ("supply", "lot"): "CANARY-LOT",
    ("data_day", "consent_version"): "CANARY-V",
    ("batch", "path"): "Zoe Canary/export.zip",
    ("batch", "reason"): "Zoe Canary",
    ("audit", "actor"): "staff:zoe.canary",
    ("query", "subject"): "Zoe Canary",
}
_SAID = re.compile(rb"(?i)canary(?! watch)|zoe|7946 0958|99\.4\.3")


def _planted() -> Source:
    """Return a study whose every word, code and name that somebody typed bears a mark."""
    source = twin("ldn-case-series", people=1)
    tables = {}
    for each in TABLES:
        table = source.table(each.name)
        for place, field in enumerate(each.fields):
            mark = _MARKS.get((each.name, field.name)) or _MARKS.get(field.kind)
            if mark is not None and table.num_rows:
                marks = pa.array([mark] * table.num_rows, pa.string())
                table = table.set_column(place, table.schema.field(place), marks)
        tables[each.name] = table
    return Source(tables)


@dataclass(frozen=True)
class Place:
    """A study with its marks, and the public folder that was made of it."""

    source: Source
    folder: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    source, folder = _planted(), tmp_path_factory.mktemp("public")
    asked = wanted(_FORMATS, "public")
    released = release(source, asked.profile, _KEY, _ON)
    facts = {
        "kind": "lock",
        "number": 1,
        "name": "open",
        "reason": "for all",
        "made_at": f"{_ON}T00:00:00+00:00",
        **telling.facts(released, {"open_queries": 0, "provisional_days": 0}, asked, 1),
    }
    at = datetime(_ON.year, _ON.month, _ON.day, tzinfo=UTC)
    build(folder, Delivery(released.source, frozenset(asked.formats), facts, at))
    return Place(source, folder)


def _told(path: Path) -> Iterator[bytes]:
    """Yield a file's bytes, what is packed in them, and what stands in a Parquet file's columns and footer."""
    whole = path.read_bytes()
    yield whole
    if path.suffix == ".parquet":
        file = pq.ParquetFile(path)
        yield str(file.metadata.to_dict()).encode()
        for column in file.read().columns:
            yield "\n".join(map(str, column.unique().to_pylist())).encode()
    for packed in re.findall(rb"stream\r?\n(.*?)endstream", whole, re.DOTALL):
        try:
            yield zlib.decompress(packed)
        except zlib.error:
            continue


def _files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            name = path.relative_to(folder).as_posix()
            yield name, name.encode()
            for told in _told(path):
                yield name, told


def test_no_mark_no_day_no_name_of_a_person_or_a_record_is_in_any_file(place: Place) -> None:
    people = [each.encode() for each in place.source.people]
    ids = {
        row["id"].encode()
        for each in TABLES
        if "participant" in each.schema.names
        for row in place.source.rows(each.name)
    }
    tokens = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
    for name, told in _files(place.folder):
        assert not _SAID.findall(told), name
        assert set(_DAY.findall(told)) <= _OURS, name
        assert not [each for each in people if each in told], name
        assert not set(tokens.findall(told)) & ids, name


@pytest.mark.parametrize("name", ["study", "blinded"])
def test_no_words_that_somebody_typed_leave_under_the_usual_profiles(name: str) -> None:
    released = release(_planted(), PROFILES[name], _KEY).source
    for each in TABLES:
        for field in each.fields:
            told = set(released.table(each.name)[field.name].to_pylist())
            assert _MARKS["free"] not in told, f"{each.name}.{field.name}"
