from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial_ingest.archive import MemoryFile
from hometrial_ingest.errors import UnreadableFileError
from hometrial_ingest.readers.fitabase import reader, sleep
from hometrial_ingest.signals import Signal

MINUTE = 60_000_000
EVENING = datetime(2016, 4, 12, 22, 47, 30, tzinfo=UTC)
START = (EVENING - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def stamp(minute):
    """Return the stamp of a minute after 10:47:30 in the evening, as Fitabase writes it."""
    moment = EVENING + timedelta(minutes=minute)
    half = "AM" if moment.hour < 12 else "PM"
    date = f"{moment.month}/{moment.day}/{moment.year}"
    return f"{date} {(moment.hour % 12) or 12}:{moment:%M:%S} {half}"


def log(key, values, person="7001", start=0):
    return [f"{person},{stamp(start + at)},{value},{key}" for at, value in enumerate(values)]


def file_of(lines):
    return MemoryFile("minuteSleep_merged.csv", "\n".join(["Id,date,value,logId", *lines]).encode())


def read(lines, block_bytes=sleep.BLOCK_BYTES):
    """Return sessions, stages and unreadable lines; check that no line is lost and no log is cut."""
    sessions, stages, lost, rows = [], [], [], 0
    for segment in sleep.read_sleep(file_of(lines), block_bytes):
        tables = {frame.signal: frame.table.to_pylist() for frame in segment.frames}
        here = tables.get(Signal.SLEEP_STAGE, [])
        counted = [stage["row"] for stage in here] + [line.row for line in segment.unreadable]
        assert sorted(counted) == list(range(rows + 1, rows + segment.rows + 1))
        sessions += tables.get(Signal.SLEEP_SESSION, [])
        stages += here
        lost += segment.unreadable
        rows += segment.rows
    assert rows == len(lines)
    return sessions, stages, lost


def test_the_minutes_of_a_log_become_one_session():
    [session], _, lost = read(log("L1", "3211123"))
    assert not lost
    assert {name: value for name, value in session.items() if value is not None} == {
        "row": 1,
        "person": "7001",
        "local": START,
        "end_local": START + 7 * MINUTE,
        "duration": 420,
        "value": 3,
        "minutes_in_bed": 7,
        "code": "classic",
        "session": "L1",
        "source": "fitabase",
    }


def test_each_minute_becomes_a_stage_of_its_session():
    _, stages, _ = read(log("L1", "123"))
    assert [(one["row"], one["local"], one["code"], one["session"]) for one in stages] == [
        (1, START, "asleep", "L1"),
        (2, START + MINUTE, "restless", "L1"),
        (3, START + 2 * MINUTE, "awake", "L1"),
    ]
    assert {(one["duration"], one["value"], one["overlay"]) for one in stages} == {
        (60, None, False)
    }


def test_another_log_or_another_person_begins_another_session():
    lines = [*log("L1", "11"), *log("L2", "1", start=200), *log("L2", "1", "7002", start=200)]
    sessions, _, _ = read(lines)
    assert [(one["row"], one["person"], one["session"]) for one in sessions] == [
        (1, "7001", "L1"),
        (3, "7001", "L2"),
        (4, "7002", "L2"),
    ]


def test_a_minute_that_is_written_twice_is_slept_once():
    [session], stages, _ = read(log("L1", "1121") * 2)
    assert (session["value"], session["minutes_in_bed"], session["duration"]) == (3, 4, 240)
    assert len(stages) == 8


def test_a_gap_inside_a_log_counts_for_its_length_and_not_for_its_minutes():
    [session], _, _ = read([*log("L1", "11"), *log("L1", "1", start=9)])
    assert (session["duration"], session["minutes_in_bed"]) == (600, 3)


@pytest.mark.parametrize("value", ["0", "4", "", "asleep", "1.0"])
def test_a_value_that_is_no_state_of_sleep_is_unreadable(value):
    lines = log("L1", ["1", value, "1"])
    [session], stages, lost = read(lines)
    assert [(line.row, line.field, line.value) for line in lost] == [(2, "value", value)]
    assert (session["value"], len(stages)) == (2, 2)


def test_a_line_without_a_log_is_unreadable():
    _, _, lost = read(["7001,4/12/2016 2:47:30 AM,1,"])
    assert [(line.row, line.field) for line in lost] == [(1, "logId")]


def test_one_persons_file_needs_no_column_of_people():
    data = b"date,value,logId\n4/12/2016 2:47:30 AM,1,L1\n"
    file = MemoryFile("ID 1003_minuteSleep_20160412_20160512.csv", data)
    kind = reader.kind(file.path)
    reader.check(file, kind)
    [segment] = reader.read(file, kind)
    assert segment.frames[0].table["person"].to_pylist() == ["ID 1003"]


def test_a_log_without_end_is_refused(monkeypatch):
    monkeypatch.setattr(sleep, "LONGEST_LOG", 100)
    with pytest.raises(UnreadableFileError, match="a sleep log of more than 100 minutes"):
        read(log("L1", "1" * 101))


NIGHTS = st.lists(st.text("123x", min_size=1, max_size=9), max_size=6)


@given(NIGHTS, st.integers(1, 400))
def test_no_block_size_cuts_a_log(nights, block_bytes):
    lines = []
    for number, values in enumerate(nights):
        lines += log(f"L{number}", values, start=number * 600)
    assert read(lines, block_bytes) == read(lines)
