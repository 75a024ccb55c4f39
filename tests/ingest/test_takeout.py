import json
from collections import defaultdict
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hometrial_ingest.archive import MemoryFile
from hometrial_ingest.errors import UnreadableFileError
from hometrial_ingest.readers.takeout import global_export, reader
from hometrial_ingest.signals import Signal

REAL = Path(__file__).resolve().parents[2] / "../shared/data"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def microseconds(text):
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1)


def read(name, data):
    file = MemoryFile(f"Takeout/Fitbit/Global Export Data/{name}", data)
    kind = reader.kind(file.path)
    reader.check(file, kind)
    rows, samples, unreadable = 0, defaultdict(list), []
    for segment in reader.read(file, kind):
        rows += segment.rows
        unreadable += segment.unreadable
        for frame in segment.frames:
            samples[frame.signal] += frame.table.to_pylist()
    return rows, samples, unreadable


def read_entries(name, entries):
    return read(name, json.dumps(entries).encode())


def beat(stamp="06/24/16 16:00:10", bpm=70, confidence=0):
    return {"dateTime": stamp, "value": {"bpm": bpm, "confidence": confidence}}


def minute(stamp="06/24/16 16:17:00", value="7"):
    return {"dateTime": stamp, "value": value}


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("Takeout/Fitbit/Global Export Data/steps-2016-06-24.json", "steps"),
        ("Takeout/Google Salud/Datos/heart_rate-2016-06-24.json", "heart_rate"),
        ("steps-1995-06-23_Fitbit.json", "steps"),
        ("resting_heart_rate-2016-06-24.json", "resting_heart_rate"),
        ("distance-2016-06-24.json", "distance"),
        ("Physical Activity_GoogleData/heart_rate_2024-10-27.csv", "heart_rate_csv"),
        ("Health Fitness Data_GoogleData/UserSleepStages_2026-05-06.csv", "sleep_stages_csv"),
        ("Takeout/Fitbit/Global Export Data/calories-2016-06-24.json", None),
        ("global_export_heart_rate.json", "heart_rate"),
        ("global_export_sleep_stages.json", "sleep"),
        ("my-steps-2016-03-07.json", "steps"),
        ("Anna_resting_heart_rate-2016-06-24.json", "resting_heart_rate"),
        ("steps-2016-06-24 (1).json", "steps"),
        ("sleep (2).json", "sleep"),
        ("__MACOSX/._steps-2016-06-24.json", None),
        ("sleep_score-2016-06-24.json", None),
        ("sleep_score.json", None),
        ("footsteps-2016-06-24.json", None),
        ("heart_rate_zones.json", None),
        ("Takeout/Fitbit/Your Profile/Profile.csv", None),
        ("Takeout/Fitbit/time_in_heart_rate_zones-2016-06-24.json", None),
        ("Physical Activity_GoogleData/steps_2024-10-27.csv README.txt", None),
    ],
)
def test_a_file_is_known_by_its_own_name_and_not_by_its_folder(path, kind):
    assert reader.kind(path) == kind


@pytest.mark.parametrize(
    ("name", "data", "kept"),
    [
        ("my_steps.json", b'[{"dateTime":"06/24/16 16:00:00","value":"7"}]', True),
        ("my_steps.json", b'[{"day":"2016-06-24","count":7}]', False),
        ("sleep.json", b'[{"dateTime":"06/24/16 16:00:00","value":"7"}]', False),
        ("sleep.json", b'[{"logId":1}]', True),
        ("steps-2016-06-24.json", b"[]", True),
        ("steps-2016-06-24.json", b'[{"dateTi', True),
        ("steps-2016-06-24.json", b'{"day":1}', True),
        ("steps-2016-06-24.json", b"no data", True),
        ("steps_2016-06-24.csv", b"anything", True),
    ],
)
def test_a_list_of_other_entries_is_left_alone_and_what_is_broken_is_not(name, data, kept):
    assert reader.keeps(MemoryFile(name, data)) is kept


def test_a_filler_of_70_without_confidence_is_kept_with_its_confidence():
    rows, samples, unreadable = read_entries("heart_rate-2016-06-24.json", [beat()])
    assert (rows, unreadable) == (1, [])
    [sample] = samples[Signal.HEART_RATE]
    assert (sample["value"], sample["confidence"], sample["duration"]) == (70, 0, 0)
    assert sample["at"] == microseconds("2016-06-24T16:00:10")
    assert (sample["local"], sample["offset"], sample["person"]) == (None, None, None)
    assert sample["source"] == "takeout/fitbit"


def test_steps_are_minutes_in_utc_and_a_zero_is_a_value():
    _, samples, unreadable = read_entries("steps-2016-06-24.json", [minute(value="0"), minute()])
    assert unreadable == []
    assert [sample["value"] for sample in samples[Signal.STEPS]] == [0, 7]
    assert {sample["duration"] for sample in samples[Signal.STEPS]} == {60}


def test_centimetres_become_metres():
    _, samples, _ = read_entries("distance-2016-06-24.json", [minute(value="1234.5")])
    assert samples[Signal.DISTANCE][0]["value"] == 12.345


def test_a_resting_heart_rate_belongs_to_its_own_local_date_and_padding_is_unreadable():
    day = {"dateTime": "06/25/16 07:00:00", "value": {"date": "06/24/16", "value": 61.2}}
    padding = {"dateTime": "06/26/16 00:00:00", "value": {"date": None, "value": 0.0}}
    rows, samples, unreadable = read_entries("resting_heart_rate-2016-01-01.json", [padding, day])
    [sample] = samples[Signal.RESTING_HEART_RATE]
    assert (rows, sample["row"], sample["value"], sample["at"]) == (2, 2, 61.2, None)
    assert sample["local"] == microseconds("2016-06-24T00:00:00")
    assert [(odd.row, odd.reason) for odd in unreadable] == [(1, "padding without a date")]


@pytest.mark.parametrize(
    ("entry", "field", "shown"),
    [
        (beat(bpm=None), "value.bpm", "null"),
        (beat(bpm="70"), "value.bpm", '"70"'),
        (beat(confidence=4), "value.confidence", "4"),
        (beat("24.06.2016 16:00:10"), "dateTime", "24.06.2016"),
        (beat("02/30/16 16:00:10"), "dateTime", "02/30/16"),
        (beat("13/01/16 16:00:10"), "dateTime", "13/01/16"),
        (beat("06/24/16 24:00:10"), "dateTime", "24:00:10"),
        (beat("06/24/16 16:00:60"), "dateTime", "16:00:60"),
        (beat("06/24/16 16:00:10Z"), "dateTime", "10Z"),
        (beat("06/24/16 16:00:10\n"), "dateTime", "10\\n"),
        (beat("06/24/60 16:00:10"), "dateTime", "06/24/60"),
        ({"value": {"bpm": 70}}, "", "{"),
        (7, "", "7"),
    ],
)
def test_one_odd_entry_is_named_and_its_neighbours_survive(entry, field, shown):
    rows, samples, unreadable = read_entries("heart_rate-2016-06-24.json", [beat(), entry, beat()])
    assert (rows, [sample["row"] for sample in samples[Signal.HEART_RATE]]) == (3, [1, 3])
    [odd] = unreadable
    assert (odd.row, odd.field) == (2, field)
    assert shown in odd.value
    assert odd.reason


@pytest.mark.parametrize("value", ["", "NaN", "Infinity", "1e999", "seven", "7 ", "0x7", "1,234"])
def test_an_amount_that_is_no_number_is_unreadable(value):
    rows, samples, [odd] = read_entries("steps-2016-06-24.json", [minute(value=value)])
    assert (rows, samples, odd.row, odd.field) == (1, {}, 1, "value")


def test_a_number_too_large_for_any_column_is_unreadable_and_shown():
    data = b'[{"value":{"date":"06/24/16","value":1e400}}]'
    _, _, [odd] = read("resting_heart_rate-2016-01-01.json", data)
    assert (odd.field, odd.value) == ("value.value", "1e400")


@pytest.mark.parametrize(
    ("data", "says"),
    [
        (b'[\n{"dateTime":"06/24/16 16:00:00","value":NaN}]', r"line 2.*byte 42.*NaN"),
        (b'[\n{"dateTime":"06/24/16 16:00:00","value":-Infinity}]', r"line 2.*byte"),
        (b'[\n{"dateTime":"06/24/16', r"line 2: the JSON breaks off after byte 23"),
        (b'[{"dateTime":"06/24/16"},]', "trailing comma"),
        (b'{"dateTime":"06/24/16"}', "not a JSON list"),
        (b'[{"dateTime":"\xe9"}]', r"line 1.*UTF-8"),
        (b"[" * 10_000, "nested too deeply"),
        (b"", "empty"),
    ],
)
def test_a_damaged_file_is_refused_with_the_place_and_the_way_out(data, says):
    with pytest.raises(UnreadableFileError, match=says) as refused:
        read("heart_rate-2016-06-24.json", data)
    assert "heart_rate-2016-06-24.json" in str(refused.value)
    assert refused.value.way_out


@pytest.mark.parametrize("depth", range(980, 1000))
def test_nesting_near_the_depth_that_the_decoder_bears_never_crashes(depth):
    data = b'[{"dateTime":"06/24/16 16:00:00","value":' + b"[" * depth + b"]" * depth + b"}]"
    with suppress(UnreadableFileError):
        rows, samples, unreadable = read("steps-2016-06-24.json", data)
        assert (rows, samples, len(unreadable)) == (1, {}, 1)


@pytest.mark.parametrize("data", [b"no data", b"no data\r\n", b"[]", b"\xef\xbb\xbf[]"])
def test_a_file_that_says_it_holds_nothing_has_no_rows(data):
    assert read("steps-2016-06-24.json", data) == (0, {}, [])


def test_the_same_file_twice_gives_the_same_segments():
    data = json.dumps([beat(), beat(bpm=None), beat("06/24/16 16:00:15")]).encode()
    assert read("heart_rate-2016-06-24.json", data) == read("heart_rate-2016-06-24.json", data)


def test_rows_are_counted_on_across_segments(monkeypatch):
    monkeypatch.setattr(global_export, "SLICE", 2)
    rows, samples, unreadable = read_entries(
        "heart_rate-2016-06-24.json", [beat(), beat(), beat(bpm=None), beat(), beat("x")]
    )
    assert rows == 5
    assert [sample["row"] for sample in samples[Signal.HEART_RATE]] == [1, 2, 4]
    assert [odd.row for odd in unreadable] == [3, 5]


@given(st.datetimes(min_value=datetime(1969, 1, 1), max_value=datetime(2049, 12, 31)))  # noqa: DTZ001
def test_every_second_of_the_possible_years_is_read_as_it_was_written(moment):
    stamp = moment.strftime("%m/%d/%y %H:%M:%S")
    _, samples, unreadable = read_entries("heart_rate-2016-06-24.json", [beat(stamp)])
    assert unreadable == []
    whole = moment.replace(microsecond=0).isoformat()
    assert samples[Signal.HEART_RATE][0]["at"] == microseconds(whole)


@given(st.lists(st.one_of(st.text(), st.integers(), st.none(), st.just("06/24/16 16:00:10"))))
def test_every_entry_has_a_sample_or_a_reason_and_never_both(stamps):
    rows, samples, unreadable = read_entries(
        "heart_rate-2016-06-24.json", [beat(stamp) for stamp in stamps]
    )
    found = [sample["row"] for sample in samples[Signal.HEART_RATE]]
    assert rows == len(stamps)
    assert sorted([*found, *(odd.row for odd in unreadable)]) == list(range(1, rows + 1))


INVENTED = [("steps-2016-06-24.json", json.dumps([minute()]).encode(), 1, {Signal.STEPS: 7})]
REAL_FILES = [
    ("takeout/steps-1995-06-23_Fitbit.json", "steps", 34, {Signal.STEPS: 607}),
    ("takeout/heart_rate-1995-06-24.json", "heart_rate", 201, {Signal.HEART_RATE: 15765}),
    ("takeout/sleep-1995-06-23_Fitbit.json", "sleep", 2, {Signal.SLEEP_SESSION: 309}),
    ("payloads/takeout/global_export_steps.json", "steps", 34, {Signal.STEPS: 607}),
    (
        "payloads/takeout/global_export_heart_rate.json",
        "heart_rate",
        201,
        {Signal.HEART_RATE: 15765},
    ),
    ("payloads/takeout/global_export_sleep_stages.json", "sleep", 2, {Signal.SLEEP_SESSION: 309}),
]
FOUND = [
    (f"{kind}-1995-06-24.json", (REAL / path).read_bytes(), rows, totals)
    for path, kind, rows, totals in REAL_FILES
    if (REAL / path).exists()
]


@pytest.mark.parametrize(("name", "data", "rows", "totals"), INVENTED + FOUND)
def test_an_export_is_read_whole_and_adds_up(name, data, rows, totals):
    found_rows, samples, unreadable = read(name, data)
    assert (found_rows, unreadable) == (rows, [])
    for signal, total in totals.items():
        assert sum(sample["value"] for sample in samples[signal]) == total
