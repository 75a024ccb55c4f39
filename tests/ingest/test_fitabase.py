from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial_ingest.archive import MemoryFile
from hometrial_ingest.errors import UnreadableFileError
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


def refusal(lines, name=NAMES["heart_rate"]):
    with pytest.raises(UnreadableFileError) as caught:
        read(lines, name)
    return str(caught.value)


def brief(sample, *fields):
    return tuple(sample[field] for field in fields)


@pytest.mark.parametrize(("kind", "name"), [*NAMES.items(), ("minute_sleep", "minuteSleep.csv")])
def test_a_file_is_known_by_its_name(kind, name):
    stem = name.removesuffix(".csv").removesuffix("_merged")
    for known in (
        name,
        f"{stem}.csv",
        f"{stem.upper()}_MERGED.CSV",
        f"Fitabase Data 4.12.16-5.12.16/{name}",
        f"1503960366_{stem}_20160412_20160512.csv",
        f"HeartRate/ID 1003_{stem}_20160412_20160512.csv",
    ):
        assert reader.kind(known) == kind


@pytest.mark.parametrize(
    "path",
    [
        "hourlyCalories_merged.csv",
        "heartrate_15min_merged.csv",
        "minuteIntensitiesWide_merged.csv",
        "heartrate_seconds_merged.csv.bak",
        "heartrate_seconds_merged.json",
        "__MACOSX/._heartrate_seconds_merged.csv",
        "dailySteps_merged.csv/readme.txt",
    ],
)
def test_other_files_are_left_alone(path):
    assert reader.kind(path) is None


def test_heart_rate_is_an_instant_on_the_wearers_clock():
    samples, lost = read(["Id,Time,Value", "7001,4/12/2016 7:21:05 PM,97"])
    assert not lost
    [sample] = samples[Signal.HEART_RATE]
    assert sample == {
        "row": 1,
        "person": "7001",
        "at": None,
        "local": wall_clock(2016, 4, 12, 19, 21, 5),
        "offset": None,
        "duration": 0,
        "value": 97.0,
        "code": None,
        "session": None,
        "source": "fitabase",
        "device": None,
        "confidence": None,
    }


def test_a_minutes_mean_comes_from_another_source_than_the_seconds():
    samples, _ = read(["Id,Time,Value", "7001,4/12/2016 7:21:00 AM,97"], NAMES["heart_rate_1min"])
    assert brief(samples[Signal.HEART_RATE][0], "source", "value") == ("fitabase/1min", 97)


@pytest.mark.parametrize(
    ("kind", "header", "signal", "duration"),
    [
        ("minute_steps_narrow", "Id,ActivityMinute,Steps", Signal.STEPS, 60),
        ("hourly_steps", "Id,ActivityHour,StepTotal", Signal.STEPS_HOURLY, 3_600),
    ],
)
def test_steps_are_an_amount_over_an_interval(kind, header, signal, duration):
    samples, _ = read([header, "7001,4/12/2016 12:00:00 AM,0"], NAMES[kind])
    found = brief(samples[signal][0], "local", "duration", "value")
    assert found == (wall_clock(2016, 4, 12), duration, 0)


def test_daily_activity_holds_steps_metres_and_sedentary_minutes_of_a_day():
    header = "Id,ActivityDate,TotalSteps,TotalDistance,SedentaryMinutes,Calories"
    samples, _ = read([header, "7001,4/12/2016,13162,8.5,728,1985"], NAMES["daily_activity"])
    assert {signal: rows[0]["value"] for signal, rows in samples.items()} == {
        Signal.STEPS_DAILY: 13_162,
        Signal.DISTANCE_DAILY: 8_500,
        Signal.SEDENTARY_MINUTES_DAILY: 728,
    }
    for [sample] in samples.values():
        assert brief(sample, "at", "local", "duration") == (None, wall_clock(2016, 4, 12), 0)


def test_daily_steps_are_the_same_signal_as_in_daily_activity():
    samples, _ = read(["Id,ActivityDay,StepTotal", "7001,4/12/2016,13162"], NAMES["daily_steps"])
    assert brief(samples[Signal.STEPS_DAILY][0], "local", "value") == (
        wall_clock(2016, 4, 12),
        13_162,
    )


def test_a_day_of_sleep_holds_its_records_and_minutes():
    header = "Id,SleepDay,TotalSleepRecords,TotalMinutesAsleep,TotalTimeInBed"
    samples, _ = read([header, "7001,4/12/2016 12:00:00 AM,2,327,346"], NAMES["sleep_day"])
    assert {signal: rows[0]["value"] for signal, rows in samples.items()} == {
        Signal.SLEEP_RECORDS_DAILY: 2,
        Signal.MINUTES_ASLEEP_DAILY: 327,
        Signal.TIME_IN_BED_DAILY: 346,
    }


def test_a_weight_is_read_in_kilograms():
    lines = ["Id,Date,WeightKg,WeightPounds", "7001,5/2/2016 11:59:59 PM,52.5999984741211,115.9"]
    samples, _ = read(lines, NAMES["weight"])
    found = brief(samples[Signal.WEIGHT][0], "local", "value")
    assert found == (wall_clock(2016, 5, 2, 23, 59, 59), 52.5999984741211)


@pytest.mark.parametrize(
    "stamp",
    [
        "13/45/2016 7:21:00 AM",
        "2/30/2016 7:21:00 AM",
        "2/29/2015 7:21:00 AM",
        "4/31/2016 7:21:00 AM",
        "4/12/16 7:21:00 AM",
        "4/12/2016 13:21:00 PM",
        "4/12/2016 0:21:00 AM",
        "4/12/2016 7:60:00 AM",
        "4/12/2016 7:21:60 AM",
        "4/12/2016 7:21:00 AM x",
        " 4/12/2016 7:21:00 AM",
        "4/12/2016 7:21",
        "4/12/2016",
        "2016-04-12T07:21:00",
        "",
    ],
)
def test_a_stamp_that_is_no_moment_is_unreadable(stamp):
    samples, lost = read(["Id,Time,Value", f"7001,{stamp},97", "7001,4/12/2016 7:21:00 AM,98"])
    assert [sample["value"] for sample in samples[Signal.HEART_RATE]] == [98]
    assert [brief(vars(line), "row", "field", "value") for line in lost] == [(1, "Time", stamp)]
    assert "not a date and time such as" in lost[0].reason


@pytest.mark.parametrize("day", ["2/30/2016", "13/1/2016", "4/12/16", "4/12/2016 3:00:00 AM", ""])
def test_a_day_that_does_not_exist_is_unreadable(day):
    samples, lost = read(["Id,ActivityDay,StepTotal", f"7001,{day},5"], NAMES["daily_steps"])
    assert not samples
    assert brief(vars(lost[0]), "row", "field", "value") == (1, "ActivityDay", day)


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1)))  # noqa: DTZ001
def test_every_moment_of_the_calendar_is_read(moment):
    moment = moment.replace(microsecond=0)
    date = f"{moment.month}/{moment.day}/{moment.year}"
    stamp = f"{date} {(moment.hour % 12) or 12}:{moment:%M:%S} {'AM' if moment.hour < 12 else 'PM'}"
    samples, lost = read(["Id,Time,Value", f"7001,{stamp},97"])
    assert not lost
    assert samples[Signal.HEART_RATE][0]["local"] == wall_clock(*moment.timetuple()[:6])


@pytest.mark.parametrize(
    "value", ["", "NaN", "Infinity", "1e999", "97.5", "97.0", "x", " 97", "1e2"]
)
def test_a_daily_count_that_is_no_whole_number_is_unreadable(value):
    samples, lost = read(
        ["Id,ActivityDay,StepTotal", f"7001,4/12/2016,{value}"], NAMES["daily_steps"]
    )
    assert not samples
    assert brief(vars(lost[0]), "row", "field", "value") == (1, "StepTotal", value)


def test_a_mean_heart_rate_may_have_a_fraction():
    samples, lost = read(["Id,Time,Value", "7001,4/12/2016 7:21:00 AM,97.5"])
    assert not lost
    assert samples[Signal.HEART_RATE][0]["value"] == 97.5


@pytest.mark.parametrize("value", ["", "NaN", "-inf", "1e999", "8,5", "x", "5 "])
def test_a_measurement_that_is_no_finite_number_is_unreadable(value):
    samples, lost = read(
        ["Id,Date,WeightKg", f'7001,4/12/2016 7:21:00 AM,"{value}"'], NAMES["weight"]
    )
    assert not samples
    assert brief(vars(lost[0]), "row", "field", "value") == (1, "WeightKg", value)


@pytest.mark.parametrize("value", ["-5", "0", "999"])
def test_an_implausible_number_is_read_as_it_is(value):
    samples, lost = read(["Id,Time,Value", f"7001,4/12/2016 7:21:00 AM,{value}"])
    assert not lost
    assert samples[Signal.HEART_RATE][0]["value"] == float(value)


@pytest.mark.parametrize("person", ["", " ", "1.50396E+09", "1,50396E+09"])
def test_a_person_who_is_missing_or_was_rounded_by_a_spreadsheet_is_unreadable(person):
    samples, lost = read(["Id,Time,Value", f'"{person}",4/12/2016 7:21:00 AM,97'])
    assert not samples
    assert brief(vars(lost[0]), "row", "field", "value") == (1, "Id", person)


def test_a_line_with_several_bad_cells_is_told_once_by_its_first():
    header = "Id,ActivityDate,TotalSteps,TotalDistance,SedentaryMinutes"
    lines = [header, "7001,4/12/2016,1,x,y", "7001,4/12/2016", "7001,4/13/2016,1,2,3"]
    samples, lost = read(lines, NAMES["daily_activity"])
    assert [(line.row, line.field) for line in lost] == [(1, "TotalDistance"), (2, "(whole line)")]
    assert [sample["row"] for sample in samples[Signal.STEPS_DAILY]] == [3]


def test_one_persons_file_takes_the_person_from_its_name():
    name = "ID 1003_heartrate_seconds_20171001_20171007.csv"
    samples, _ = read(["Time,Value", "10/1/2017 7:21:00 AM,97"], name)
    assert samples[Signal.HEART_RATE][0]["person"] == "ID 1003"


def test_a_column_of_people_counts_more_than_the_files_name():
    name = "ID 1003_heartrate_seconds_20171001_20171007.csv"
    samples, _ = read(["Id,Time,Value", "7001,10/1/2017 7:21:00 AM,97"], name)
    assert samples[Signal.HEART_RATE][0]["person"] == "7001"


@pytest.mark.parametrize("name", ["heartrate_seconds_merged.csv", "copy of_heartrate_seconds.csv"])
def test_a_file_that_names_no_person_is_refused(name):
    message = refusal(["Time,Value", "10/1/2017 7:21:00 AM,97"], name)
    assert f"{name}, line 1: the header lacks 'Id' (found 'Time,Value')" in message


def test_a_file_without_its_columns_is_refused():
    assert "the header lacks 'SedentaryMinutes'" in refusal(
        ["Id,ActivityDate,TotalSteps,TotalDistance", "7001,4/12/2016,1,2"], NAMES["daily_activity"]
    )


def test_a_header_alone_holds_no_samples():
    assert read(["Id,Time,Value"]) == ({}, [])
