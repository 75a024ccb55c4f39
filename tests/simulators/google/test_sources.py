"""G8: every source side by side in list, one stream in reconcile, totals of that stream."""

from datetime import UTC, date, datetime

import pytest

DAY = date(2026, 3, 3)
FAMILY = "users/me/dataSourceFamilies/"
CIVIL = (
    'steps.interval.civil_start_time >= "2026-03-03" AND '
    'steps.interval.civil_start_time < "2026-03-04"'
)


def total(points):
    return sum(int(point["steps"].get("count", 0)) for point in points)


def daily(client, data_type="steps", day=DAY):
    parts = {"year": day.year, "month": day.month}
    body = {
        "range": {
            "start": {"date": parts | {"day": day.day}},
            "end": {"date": parts | {"day": day.day + 1}},
        }
    }
    reply = client.post(f"dataTypes/{data_type}/dataPoints:dailyRollUp", body).json()
    return reply["rollupDataPoints"][0][data_type]


@pytest.mark.parametrize("person", [1, 2, 6])
def test_the_list_double_counts_and_the_merged_stream_is_the_daily_total(sims, client, person):
    one = client(person)
    listed = total(one.points("steps", filter=CIVIL, pageSize=9_000))
    merged = total(one.points("steps", ":reconcile", filter=CIVIL, pageSize=9_000))
    assert listed > merged > 0
    assert daily(one)["countSum"] == str(merged)
    assert sims.truth.daily_total(person, "steps", DAY) == merged


def test_distance_is_the_wearables_alone_and_its_total_equal(client):
    one = client(4)
    civil = CIVIL.replace("steps", "distance")
    points = one.points("distance", ":reconcile", filter=civil, pageSize=9_000)
    millimetres = sum(int(point["distance"]["millimeters"]) for point in points)
    assert daily(one, "distance") == {"millimetersSum": str(millimetres)}


def test_families_choose_among_the_sources(client):
    one = client(2)
    asked = {"filter": CIVIL, "pageSize": 9_000}
    everything = one.points("steps", **asked)
    worn = one.points("steps", **asked, dataSourceFamily=f"{FAMILY}google-wearables")
    own = one.points("steps", **asked, dataSourceFamily=f"{FAMILY}self-sources")
    assert len(everything) > len(worn) > 0
    assert own == []
    assert {p["dataSource"]["device"].get("formFactor") for p in worn} <= {"FITNESS_BAND", "WATCH"}
    again = one.points("steps", **asked, dataSourceFamily=f"{FAMILY}all-sources")
    assert again == everything


def test_families_are_refused_where_they_are_not_supported(client):
    one = client(2)
    wearables = f"{FAMILY}google-wearables"
    status, error = one.refusal("dataTypes/sleep/dataPoints", dataSourceFamily=wearables)
    assert status == 400
    assert error["details"][0]["reason"] == "INVALID_DATA_POINT_DATA_SOURCE_FAMILY"
    unknown = f"{FAMILY}best-sources"
    assert one.refusal("dataTypes/steps/dataPoints", dataSourceFamily=unknown)[0] == 400
    assert one.points("sleep", ":reconcile")
    assert one.points("sleep", ":reconcile", dataSourceFamily=wearables) == []


def test_two_devices_on_one_day_stand_side_by_side_and_are_merged(sims, client):
    swap = sims.truth.holder(1).person.devices[1].first_day
    start, end = (
        datetime.fromtimestamp(sims.truth.day_start(1, swap) + hours * 3_600, UTC)
        for hours in (0, 24)
    )
    time = "heart_rate.sample_time.physical_time"
    asked = {
        "filter": f'{time} >= "{start:%Y-%m-%dT%H:%M:%SZ}" AND {time} < "{end:%Y-%m-%dT%H:%M:%SZ}"',
        "pageSize": 9_000,
    }
    one = client(1)
    listed = one.points("heart-rate", **asked)
    names = {point["dataSource"]["device"]["displayName"] for point in listed}
    assert names == {"Charge 6", "Pixel Watch 3"}
    minutes = {p["heartRate"]["sampleTime"]["physicalTime"][:16] for p in listed}
    merged = one.points("heart-rate", ":reconcile", **asked)
    assert {p["heartRate"]["sampleTime"]["physicalTime"][:16] for p in merged} == minutes
    assert len(merged) < len(listed)
