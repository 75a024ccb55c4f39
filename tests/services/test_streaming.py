"""Minute and second data as partitioned Parquet: one data set for every reader, taken up where it stopped."""

import os
import shutil
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pandas as pd
import pyarrow.parquet as pq
import pytest

from hometrial import clock
from hometrial.errors import ExportRefusedError
from hometrial.exports.deidentifying import Disguise
from hometrial.exports.source.reading import Row
from hometrial.services import enrolling
from hometrial.services.capturing import wearables
from hometrial.services.streaming import files, writing

pytestmark = pytest.mark.long

BEATS = "Id,Time,Value\n" + "".join(
    f"{who},{month}/{day}/2016 7:{n:02}:05 AM,{60 + n}\n"
    for who in (1, 2)
    for month in (4, 5)
    for day in (12, 13)
    for n in range(20)
)
ASLEEP = "Id,date,value,logId\n" + "".join(
    f"1,4/12/2016 2:{n:02}:30 AM,{1 + n // 10 % 3},11380564589\n" for n in range(40)
)
KEY = bytes(range(32))


@dataclass
class Place:
    """A study with some samples, and its chunks."""

    study: object
    chunks: list[Row]
    at: datetime

    def write(self, out: Path, disguise: Disguise | None = None) -> dict[Path, int]:
        """Write all samples."""
        return writing.write(
            self.study.database, self.chunks, out, disguise, lambda _step: None, known_at=self.at
        )

    @property
    def store(self) -> Path:
        """Where finished parts lie."""
        return self.study.database.settings.home / "samples"


@pytest.fixture
def place(study, fitabase) -> Place:
    folder = fitabase({"heartrate_seconds_merged.csv": BEATS, "minuteSleep_merged.csv": ASLEEP})
    study.take_in("fitabase", folder, create_participants=True, zone="Europe/Berlin")
    with study.database.reading() as session:
        chunks = list(wearables.chunks(session))
    made = Place(study, chunks, clock.now())
    shutil.rmtree(made.store, ignore_errors=True)  # of other tests, which share the home
    return made


def test_duckdb_reads_a_stream_as_one_data_set_and_by_its_partitions(place, tmp_path):
    place.write(tmp_path)
    heart_rate = duckdb.read_parquet(f"{tmp_path}/heart_rate/**/*.parquet", hive_partitioning=True)
    assert heart_rate.aggregate("count(*), sum(value)").fetchall() == [(160, 8 * 1390)]
    found = heart_rate.aggregate("participant, month, count(*)").order("ALL").fetchall()
    assert found == [
        (who, month, 40) for who in ("P-0001", "P-0002") for month in ("2016-04", "2016-05")
    ]


@pytest.mark.filterwarnings("ignore:The inplace keyword")  # of Dask's own
def test_dask_reads_a_stream_as_one_data_set(place, tmp_path):
    dask = pytest.importorskip("dask.dataframe")
    place.write(tmp_path)
    frame = dask.read_parquet(tmp_path / "heart_rate")
    assert frame["value"].sum().compute() == 8 * 1390
    assert sorted(frame["participant"].unique().compute()) == ["P-0001", "P-0002"]


def test_nights_and_their_stages_are_streams_of_their_own(place, tmp_path):
    written = place.write(tmp_path)
    stages = next(path for path in written if "sleep_stage" in path.as_posix())
    assert set(pq.read_table(stages)["stage"].to_pylist()) == {"asleep", "restless", "awake"}
    nights = next(path for path in written if "sleep_session" in path.as_posix())
    assert pd.read_parquet(nights)["local_start_at"].dt.hour.tolist() == [2]


def test_where_somebody_lived_as_it_was_known_then_places_the_ends_of_nights(place, tmp_path):
    first = bytes_of(place.write(tmp_path / "a"), tmp_path / "a")
    with place.study.database.transaction("test", "a journey, told late") as session:
        person = enrolling.find_participant(session, "P-0001")
        since = datetime(2016, 4, 11, tzinfo=UTC)
        enrolling.set_zone(session, person, "America/New_York", valid_from=since, source="staff")
    for path in place.store.glob("??/*"):
        path.unlink()
    assert bytes_of(place.write(tmp_path / "b"), tmp_path / "b") == first
    place.at = clock.now()
    (later,) = (path for path in place.write(tmp_path / "c") if "sleep_session" in path.as_posix())
    was = pd.read_parquet(tmp_path / "a" / later.relative_to(tmp_path / "c"))
    assert (was["local_end_at"] - pd.read_parquet(later)["local_end_at"]).tolist() == [
        timedelta(hours=6)
    ]


def test_the_same_chunks_make_the_same_bytes(place, tmp_path):
    first = {
        path.relative_to(tmp_path / "a"): path.read_bytes() for path in place.write(tmp_path / "a")
    }
    for path in place.store.glob("??/*.parquet"):
        path.unlink()
    again = {
        path.relative_to(tmp_path / "b"): path.read_bytes() for path in place.write(tmp_path / "b")
    }
    assert first == again


def test_an_interrupted_export_is_taken_up_where_it_stopped(place, tmp_path, monkeypatch):
    done: list[str] = []
    true_write = files.write

    def stops_after_two(session, part, path):
        if len(done) == 2:
            raise OSError(28, "No space left on device")
        done.append(part.digest)
        return true_write(session, part, path)

    monkeypatch.setattr(files, "write", stops_after_two)
    with pytest.raises(OSError, match="No space left"):
        place.write(tmp_path / "out")
    assert len(list(place.store.glob("??/*.parquet"))) == 2
    assert not [
        path for path in place.store.glob("??/*") if path.suffix not in (".parquet", ".sha256")
    ], "half a part is left"

    further: list[str] = []

    def counts(session, part, path):
        further.append(part.digest)
        return true_write(session, part, path)

    monkeypatch.setattr(files, "write", counts)
    written = place.write(tmp_path / "out")
    assert not set(done) & set(further)
    assert len(further) == len(written) - 2


def test_only_what_changed_is_written_anew(place, fitabase, tmp_path, monkeypatch):
    place.write(tmp_path / "before")
    more = fitabase(
        {"heartrate_seconds_merged.csv": "Id,Time,Value\n2,5/12/2016 9:00:05 AM,70\n"}, "more"
    )
    place.study.take_in("fitabase", more, create_participants=True, zone="Europe/Berlin")
    with place.study.database.reading() as session:
        place.chunks = list(wearables.chunks(session))
    made = []
    true_write = files.write
    monkeypatch.setattr(
        files, "write", lambda *given: made.append(given[1].path) or true_write(*given)
    )
    place.write(tmp_path / "after")
    assert made == ["heart_rate/participant=P-0002/month=2016-05/part.parquet"]


def test_people_are_disguised_in_their_samples_too(place, tmp_path):
    entered = date(2016, 4, 13)
    disguise = Disguise(KEY, ("P-0001", "P-0002"), (entered, entered))
    written = place.write(tmp_path, disguise)
    told = " ".join(path.relative_to(tmp_path).as_posix() for path in written)
    assert "P-000" not in told
    assert "2016-04-12" not in told
    table = pd.concat(pd.read_parquet(path) for path in written if "heart_rate" in path.as_posix())
    assert set(table["participant_id"]) == set(disguise.names.values())
    name = disguise.names["P-0001"]
    mine = table[table["participant_id"] == name]
    expected = pd.Timestamp("2016-04-12") + disguise.shifts["P-0001"]
    assert mine["local_at"].min() == expected + timedelta(hours=7, seconds=5)
    assert not mine["chunk"].str.contains("P-0001").any()


def test_a_chunk_that_is_not_what_it_was_is_refused(place, tmp_path):
    place.chunks[0] = {**place.chunks[0], "sha256": "0" * 64}
    with pytest.raises(ExportRefusedError, match="not what they were"):
        place.write(tmp_path)


@pytest.mark.parametrize("place_of", [-6, 40, 0])
def test_a_finished_part_that_rotted_is_made_anew_and_that_is_told(place, tmp_path, place_of):
    first = place.write(tmp_path / "a")
    part = sorted(place.store.glob("??/*.parquet"))[1]
    whole = bytearray(part.read_bytes())
    whole[place_of] ^= 1
    part.write_bytes(whole)
    said = []
    again = writing.write(place.study.database, place.chunks, tmp_path / "b", None, said.append, known_at=place.at)  # fmt: skip
    assert bytes_of(again, tmp_path / "b") == bytes_of(first, tmp_path / "a")
    assert list(again.values()) == list(first.values())
    assert len([each for each in said if "not what it was when it was finished; made anew" in each]) == 1  # fmt: skip


def bytes_of(written, out):
    return {path.relative_to(out): path.read_bytes() for path in written}


def test_parts_are_kept_by_the_clock_that_removes_them(place, tmp_path, monkeypatch):
    long_ago = datetime(2019, 5, 1, tzinfo=UTC)
    monkeypatch.setattr(clock, "now", lambda: long_ago)
    place.write(tmp_path)
    assert {path.stat().st_mtime for path in place.store.glob("??/*")} == {long_ago.timestamp()}
    monkeypatch.setattr(clock, "now", lambda: long_ago + timedelta(days=13))
    assert writing.expire(place.study.database.settings.home) == 0
    monkeypatch.setattr(clock, "now", lambda: long_ago + timedelta(days=15))
    assert writing.expire(place.study.database.settings.home) > 0
    assert list(place.store.glob("??/*")) == []


def test_parts_that_nobody_takes_are_removed_after_two_weeks(place, tmp_path):
    place.write(tmp_path)
    [old, *others] = sorted(place.store.glob("??/*.parquet"))
    os.utime(old, (1, 1))
    assert writing.expire(place.study.database.settings.home) == 1
    assert not old.exists()
    assert all(path.exists() for path in others)


def test_several_processes_make_the_same_files(place, tmp_path, monkeypatch):
    one = {
        path.relative_to(tmp_path / "a"): path.read_bytes() for path in place.write(tmp_path / "a")
    }
    for path in place.store.glob("??/*.parquet"):
        path.unlink()
    monkeypatch.setattr(writing, "_WORTH_A_PROCESS", 1)
    monkeypatch.setattr(writing, "_AT_ONCE", 2)
    two = {
        path.relative_to(tmp_path / "b"): path.read_bytes() for path in place.write(tmp_path / "b")
    }
    assert one == two
    assert place.study.rows("SELECT 1") == [(1,)]
