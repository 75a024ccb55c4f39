"""G6: the API's way with JSON: strings of whole numbers, absent zeros, offsets, fractions, names."""

import json
import re

import pytest

FRACTION = re.compile(r"T\d\d:\d\d:\d\d(?:\.(\d+))?Z")


def walk(value):
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name, inner
            yield from walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from walk(inner)


def test_whole_numbers_are_strings_and_offsets_are_durations(client):
    one = client(1)
    (steps,) = one.page("steps", pageSize=1)["dataPoints"]
    (beat,) = one.page("heart-rate", pageSize=1)["dataPoints"]
    assert isinstance(steps["steps"]["count"], str)
    assert isinstance(beat["heartRate"]["beatsPerMinute"], str)
    assert steps["steps"]["interval"]["startUtcOffset"] == "-14400s"
    assert beat["heartRate"]["sampleTime"]["utcOffset"] == "-14400s"
    (half,) = client(3).page("steps", pageSize=1)["dataPoints"]
    assert half["steps"]["interval"]["endUtcOffset"] == "19800s"


def test_zeros_are_left_out_of_civil_times_and_summaries(client):
    one = client(5)
    times = [v for n, v in walk(one.points("steps", pageSize=9_000)) if n == "time"]
    assert {} in times or {"hours": 8} in [t for t in times if len(t) == 1]
    assert any(set(time) == {"hours"} for time in times)
    assert all(part != 0 for time in times for part in time.values())
    summaries = [v for n, v in walk(one.points("sleep")) if n == "summary"]
    assert all(v != "0" for summary in summaries for v in summary.values())
    assert any("minutesAfterWakeUp" not in summary for summary in summaries)


def test_all_lengths_of_fractions_occur(client):
    one = client(1)
    types = ("steps", "sleep", "weight", "heart-rate-variability")
    text = json.dumps([one.points(data_type) for data_type in types])
    assert {len(fraction) for fraction in FRACTION.findall(text)} == {0, 3, 6, 9}


def test_a_session_has_no_civil_time_and_a_sample_has(client):
    one = client(1)
    assert not [name for name, _ in walk(one.points("sleep")) if name.startswith("civil")]
    assert "civilStartTime" in one.page("steps", pageSize=1)["dataPoints"][0]["steps"]["interval"]


@pytest.mark.parametrize("data_type", ["sleep", "weight"])
def test_identifiable_points_have_a_name_and_merged_ones_another(sims, client, data_type):
    one = client(1)
    listed, merged = one.points(data_type), one.points(data_type, ":reconcile")
    prefix = f"users/{sims.google.account_id(1)}/dataTypes/{data_type}/dataPoints/"
    assert all(point["name"].startswith(prefix) and "dataSource" in point for point in listed)
    assert [point["dataPointName"] for point in merged] == [point["name"] for point in listed]
    assert not any({"name", "dataSource"} & point.keys() for point in merged)


@pytest.mark.parametrize("data_type", ["steps", "heart-rate", "daily-resting-heart-rate"])
def test_other_points_have_none(client, data_type):
    one = client(1)
    for method in ("", ":reconcile"):
        points = one.points(data_type, method, pageSize=9_000)
        assert points
        assert not any({"name", "dataPointName"} & point.keys() for point in points)
        assert all(("dataSource" in point) == (not method) for point in points)


def test_devices_come_with_a_name_without_one_and_not_at_all(client):
    sources = [
        p["dataSource"] for n in (1, 2, 3) for p in client(n).points("steps", pageSize=9_000)
    ]
    sources += [p["dataSource"] for p in client(1).points("weight")]
    devices = [source.get("device") for source in sources]
    assert {"displayName": "MobileTrack", "formFactor": "PHONE"} in devices
    assert {} in devices
    assert None in devices
    echoes = [source for source in sources if source["platform"] == "HEALTH_CONNECT"]
    assert echoes
    assert not any("recordingMethod" in source for source in echoes)


def test_third_parties_can_lack_their_offsets(sims, client):
    sims.faults.google.no_third_party_offsets = True
    points = client(2).points("steps", pageSize=9_000)
    for point in points:
        third = point["dataSource"]["platform"] == "HEALTH_CONNECT"
        assert ("startUtcOffset" in point["steps"]["interval"]) != third


def test_fields_and_words_that_nobody_has_heard_of_can_turn_up(sims, client):
    sims.faults.google.unknown_fields = True
    one = client(1)
    (point,) = one.page("steps", pageSize=1)["dataPoints"]
    assert "futureField" in point
    assert point["dataSource"]["recordingMethod"] == "FUTURE_METHOD"
    assert one.points("sleep")[0]["sleep"]["metadata"]["stagesStatus"] == "FUTURE_STATUS"


def test_an_early_build_used_other_names(sims, client):
    sims.faults.google.preview_names = True
    one = client(1)
    assert one.page("steps", ":reconcile", pageSize=1)["reconciledDataPoints"]
    sessions = [point["sleep"]["metadata"] for point in one.points("sleep")]
    assert any("main" in metadata for metadata in sessions)
    assert not any("mainSleep" in metadata for metadata in sessions)
