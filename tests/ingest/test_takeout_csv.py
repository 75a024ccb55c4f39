from collections import defaultdict
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial_ingest.archive import MemoryFile
from hometrial_ingest.errors import UnreadableFileError
from hometrial_ingest.readers.takeout import reader
from hometrial_ingest.signals import Signal

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
STEPS = "timestamp,steps,data source"
HEART_RATE = "timestamp,beats per minute,data source"
SLEEPS = (
    "sleep_id,sleep_type,minutes_in_sleep_period,minutes_after_wake_up,minutes_to_fall_asleep,"
    "minutes_asleep,minutes_awake,start_utc_offset,sleep_start,end_utc_offset,sleep_end,data_source"
)
NIGHT = "8041,STAGES,450,0,5,400,50,+05:30,2026-05-20T18:00:00Z,-03:30,2026-05-21T01:30:00Z,DERIVED"
STAGES = (
    "sleep_id,sleep_stage_id,sleep_stage_type,start_utc_offset,sleep_stage_start,end_utc_offset,"
    "sleep_stage_end,data_source"
)
STAGE = "8041,1,LIGHT,+05:30,2026-05-20T18:00:00Z,+05:30,2026-05-20T18:36:00Z,DERIVED"


def microseconds(text):
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


def read(name, *lines):
    file = MemoryFile(f"Takeout/Google Health/{name}", "\r\n".join(lines).encode())
    kind = reader.kind(file.path)
    reader.check(file, kind)
    rows, samples, unreadable = 0, defaultdict(list), []
    for segment in reader.read(file, kind):
        rows += segment.rows
        unreadable += segment.unreadable
        for frame in segment.frames:
            samples[frame.signal] += frame.table.to_pylist()
    return rows, samples, unreadable


def test_each_source_keeps_its_own_name_so_that_nobody_adds_them_up():
    stamp = "2026-06-10T16:39:18.008Z"
    sources = ["MobileTrack", "Google Fitbit Air", "Fit Health Connect", ""]
    lines = [f"{stamp},34,{source}" for source in sources]
    rows, samples, unreadable = read("steps_2026-06-01.csv", STEPS, *lines)
    assert (rows, unreadable) == (4, [])
    assert [sample["source"] for sample in samples[Signal.STEPS]] == [
        "takeout/MobileTrack",
        "takeout/Google Fitbit Air",
        "takeout/Fit Health Connect",
        "takeout/unnamed-source",
    ]
    assert {sample["at"] for sample in samples[Signal.STEPS]} == {microseconds(stamp[:-1])}
    assert {sample["duration"] for sample in samples[Signal.STEPS]} == {60}


def test_an_older_file_without_the_source_column_is_read():
    _, samples, _ = read(
        "heart_rate_2024-10-27.csv", "timestamp,beats per minute", "2024-10-27T00:00:04Z,65.0"
    )
    [sample] = samples[Signal.HEART_RATE]
    assert (sample["value"], sample["source"]) == (65, "takeout/unnamed-source")
    assert sample["confidence"] is None


def test_a_daily_value_belongs_to_the_local_date_that_its_utc_midnight_names():
    rows, samples, [odd] = read(
        "daily_resting_heart_rate.csv",
        HEART_RATE,
        "2026-09-20T00:00:00Z,65.451,Google Health App",
        "2026-09-21T14:00:00Z,65.451,Google Health App",
    )
    [sample] = samples[Signal.RESTING_HEART_RATE]
    assert (rows, sample["at"], sample["value"]) == (2, None, 65.451)
    assert sample["local"] == microseconds("2026-09-20T00:00:00")
    assert (odd.row, odd.field) == (2, "timestamp")


def test_grams_become_kilograms_and_metres_stay_metres():
    _, weights, _ = read(
        "weight.csv", "timestamp,weight grams,data source", "2026-08-14T06:00:00Z,81500,Scale"
    )
    _, distances, _ = read(
        "distance_2026-08-01.csv",
        "timestamp,distance,data source",
        "2026-08-01T01:15:09.096319Z,8.80,Phone Health Kit",
    )
    assert weights[Signal.WEIGHT][0]["value"] == 81.5
    assert distances[Signal.DISTANCE][0]["value"] == 8.8
    assert distances[Signal.DISTANCE][0]["at"] == microseconds("2026-08-01T01:15:09.096319")


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("2026-02-30T16:39:18Z,34,x", "timestamp"),
        ("2026-02-28T16:39:18,34,x", "timestamp"),
        ("2026-02-28T16:39:18+01:00,34,x", "timestamp"),
        (",34,x", "timestamp"),
        ("2026-02-28T16:39:18Z,,x", "steps"),
        ("2026-02-28T16:39:18Z,NaN,x", "steps"),
        ("2026-02-28T16:39:18Z,1e999,x", "steps"),
        ("2026-02-28T16:39:18Z,34", "(whole line)"),
    ],
)
def test_one_odd_line_is_named_and_its_neighbours_survive(line, field):
    good = "2026-06-10T16:39:00Z,34,x"
    rows, samples, [odd] = read("steps_2026-06-01.csv", STEPS, good, line, good)
    assert (rows, [sample["row"] for sample in samples[Signal.STEPS]]) == (3, [1, 3])
    assert (odd.row, odd.field) == (2, field)


@pytest.mark.parametrize("lines", [["no data"], [STEPS], [STEPS, ""]])
def test_a_file_that_says_it_holds_nothing_has_no_rows(lines):
    assert read("steps_2026-06-01.csv", *lines) == (0, {}, [])


@pytest.mark.parametrize(
    "name", ["steps_2026-06-01.csv", "UserSleeps_1.csv", "UserSleepStages_1.csv"]
)
def test_a_file_whose_header_is_another_is_refused(name):
    with pytest.raises(UnreadableFileError, match="header lacks"):
        read(name, "date,count", "2026-06-10,34")


def test_a_night_carries_its_instants_its_offsets_and_the_wall_clocks_of_both():
    rows, samples, unreadable = read("UserSleeps_2026-05-06.csv", SLEEPS, NIGHT)
    assert (rows, unreadable) == (1, [])
    [night] = samples[Signal.SLEEP_SESSION]
    assert (night["session"], night["code"], night["source"]) == (
        "8041",
        "stages",
        "takeout/DERIVED",
    )
    assert (night["value"], night["minutes_in_bed"], night["minutes_awake"]) == (400, 450, 50)
    assert (night["minutes_to_fall_asleep"], night["minutes_after_wakeup"]) == (5, 0)
    assert (night["duration"], night["offset"], night["end_offset"]) == (27_000, 19_800, -12_600)
    assert night["local"] == microseconds("2026-05-20T23:30:00")
    assert night["end_at"] == microseconds("2026-05-21T01:30:00")
    assert night["end_local"] == microseconds("2026-05-20T22:00:00")
    assert night["main_sleep"] is None


def test_a_stage_names_its_session_and_has_a_row_of_its_own_file():
    odd = STAGE.replace("LIGHT", "SOMETHING_NEW")
    _, samples, unreadable = read("UserSleepStages_2026-05-06.csv", STAGES, STAGE, odd)
    assert unreadable == []
    first, second = samples[Signal.SLEEP_STAGE]
    assert (first["session"], first["code"], first["duration"]) == ("8041", "light", 2160)
    assert (second["row"], second["code"], second["overlay"]) == (2, "unknown", False)


def test_minutes_that_a_night_leaves_empty_are_unknown_and_not_zero():
    _, samples, unreadable = read("UserSleeps_1.csv", SLEEPS, NIGHT.replace(",5,400,50,", ",,,50,"))
    assert unreadable == []
    [night] = samples[Signal.SLEEP_SESSION]
    assert (night["value"], night["minutes_to_fall_asleep"], night["minutes_awake"]) == (
        None,
        None,
        50,
    )


@pytest.mark.parametrize(
    ("found", "instead", "field"),
    [
        ("8041", "", "sleep_id"),
        ("+05:30", "", "start_utc_offset"),
        ("+05:30", "5.5", "start_utc_offset"),
        ("-03:30", "-99:30", "end_utc_offset"),
        ("2026-05-21T01:30:00Z", "2026-05-20T01:30:00Z", "sleep_end"),
        ("2026-05-21T01:30:00Z", "", "sleep_end"),
        ("450", "many", "minutes_in_sleep_period"),
    ],
)
def test_a_broken_night_is_named(found, instead, field):
    rows, samples, [odd] = read("UserSleeps_1.csv", SLEEPS, NIGHT.replace(found, instead))
    assert (rows, samples, odd.row, odd.field) == (1, {}, 1, field)


@given(
    st.lists(
        st.tuples(
            st.text("0123456789-:TZ.eE +", max_size=24), st.text("0123456789.eE-", max_size=9)
        )
    )
)
def test_every_line_has_a_sample_or_a_reason_and_never_both(cells):
    lines = [f"{stamp},{count},x" for stamp, count in cells]
    rows, samples, unreadable = read("steps_2026-06-01.csv", STEPS, *lines)
    found = [sample["row"] for sample in samples[Signal.STEPS]]
    assert rows == len(lines)
    assert sorted([*found, *(odd.row for odd in unreadable)]) == list(range(1, rows + 1))


@given(st.datetimes(min_value=datetime(1970, 1, 1)))  # noqa: DTZ001
def test_every_utc_stamp_is_read_to_the_microsecond(moment):
    stamp = moment.isoformat(timespec="microseconds")
    _, samples, unreadable = read("steps_2026-06-01.csv", STEPS, f"{stamp}Z,1,x")
    assert unreadable == []
    assert samples[Signal.STEPS][0]["at"] == microseconds(stamp)
