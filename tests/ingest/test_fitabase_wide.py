"""An hour a line, a minute a column, as Fitabase's wide file has it."""

from datetime import UTC, datetime, timedelta

from hometrial_ingest.archive import MemoryFile
from hometrial_ingest.frame import schema_of
from hometrial_ingest.readers.fitabase import reader
from hometrial_ingest.signals import Signal

NAMES = {
    "heart_rate": "heartrate_seconds_merged.csv",
    "heart_rate_1min": "heartrate_1min_merged.csv",
    "minute_steps_narrow": "minuteStepsNarrow_merged.csv",
    "minute_steps_wide": "minuteStepsWide_merged.csv",
    "hourly_steps": "hourlySteps_merged.csv",
    "sleep_day": "sleepDay_merged.csv",
    "daily_activity": "dailyActivity_merged.csv",
    "daily_steps": "dailySteps_merged.csv",
    "weight": "weightLogInfo_merged.csv",
}


def wall_clock(*parts):
    return (datetime(*parts, tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(
        microseconds=1
    )


def read(lines, name=NAMES["heart_rate"]):
    """Return the samples by signal, as dictionaries, and the unreadable lines; check that none is lost."""
    file = MemoryFile(name, "\r\n".join(lines).encode())
    kind = reader.kind(file.path)
    reader.check(file, kind)
    samples, lost, rows = {}, [], 0
    for segment in reader.read(file, kind):
        held = set()
        for frame in segment.frames:
            assert frame.table.schema == schema_of(frame.signal)
            samples.setdefault(frame.signal, []).extend(frame.table.to_pylist())
            held |= set(frame.table["row"].to_pylist())
        gone = [line.row for line in segment.unreadable]
        assert sorted([*held, *gone]) == list(range(rows + 1, rows + segment.rows + 1))
        rows += segment.rows
        lost += segment.unreadable
    assert rows == len(lines) - 1
    return samples, lost


def brief(sample, *fields):
    return tuple(sample[field] for field in fields)


HOUR = ",".join(["Id,ActivityHour", *(f"Steps{minute:02}" for minute in range(60))])


def wide(cells, hour="4/13/2016 11:00:00 PM"):
    return read([HOUR, f"7001,{hour},{','.join(cells)}"], NAMES["minute_steps_wide"])


def test_an_hour_of_minutes_becomes_sixty_samples_in_order():
    samples, _ = wide([str(minute) for minute in range(60)])
    found = [brief(one, "row", "local", "value", "duration") for one in samples[Signal.STEPS]]
    start = wall_clock(2016, 4, 13, 23)
    assert found == [(1, start + minute * 60_000_000, minute, 60) for minute in range(60)]


def test_an_empty_minute_is_no_sample():
    samples, lost = wide(["", "7", *[""] * 58])
    assert not lost
    found = [brief(one, "local", "value") for one in samples[Signal.STEPS]]
    assert found == [(wall_clock(2016, 4, 13, 23, 1), 7)]


def test_an_hour_without_a_minute_is_unreadable():
    samples, lost = wide([""] * 60)
    assert not samples
    assert brief(vars(lost[0]), "row", "field") == (1, "Steps00..Steps59")


def test_an_hour_with_a_minute_that_is_no_number_is_unreadable():
    samples, lost = wide([*["1"] * 59, "NaN"])
    assert not samples
    assert brief(vars(lost[0]), "row", "field", "value") == (1, "Steps59", "NaN")


def test_an_hour_with_a_bad_stamp_is_unreadable():
    samples, lost = wide(["1"] * 60, hour="4/13/2016 25:00:00")
    assert not samples
    assert brief(vars(lost[0]), "row", "field") == (1, "ActivityHour")
