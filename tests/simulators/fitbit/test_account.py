"""F5: the account's clock and devices; the weight log."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

DEPARTURE = datetime(2026, 3, 5, 13, 0, tzinfo=UTC)  # 14:00 in Berlin, person 4
BERLIN, NEW_YORK = ZoneInfo("Europe/Berlin"), ZoneInfo("America/New_York")


def profile(service, person: int) -> dict:
    return service.get("/1/user/-/profile.json", service.grant(person)).json()["user"]


def first_sync_after(service, person: int, at: datetime) -> datetime:
    moment = next(s for s in service.truth.syncs(person).tolist() if s >= at.timestamp())
    return datetime.fromtimestamp(moment, UTC)


def test_the_profile_shows_the_present_zone(service):
    user = profile(service, 3)
    assert user["timezone"] == "Asia/Kolkata"
    assert user["offsetFromUTCMillis"] == 19_800_000
    assert user["encodedId"] == service.face.account_id(3)


def test_the_zone_of_the_profile_changes_at_the_first_sync_after_the_journey(service):
    arrival = first_sync_after(service, 4, DEPARTURE)
    assert arrival > DEPARTURE
    for at, zone in (
        (DEPARTURE - timedelta(hours=1), "Europe/Berlin"),
        (arrival - timedelta(seconds=1), "Europe/Berlin"),
        (arrival, "America/New_York"),
    ):
        service.clock.set(at)
        assert profile(service, 4)["timezone"] == zone


def test_records_before_that_sync_keep_the_old_clock_and_later_ones_jump(service):
    arrival = first_sync_after(service, 4, DEPARTURE).timestamp()
    found = service.truth.records(4, "heart_rate", service.clock.now(), merged=True)
    expected = set()
    for at, value in zip((found.at // 1_000_000).tolist(), found.value.tolist(), strict=True):
        local = datetime.fromtimestamp(at, BERLIN if at < arrival else NEW_YORK)
        if local.date() == date(2026, 3, 5):
            expected.add((local.strftime("%H:%M:%S"), int(value)))
    path = "/1/user/-/activities/heart/date/2026-03-05/1d/1sec.json"
    dataset = service.get(path, service.grant(4)).json()["activities-heart-intraday"]["dataset"]
    told = {(entry["time"], entry["value"]) for entry in dataset}
    assert told <= expected
    assert {at for at, _ in told} == {at for at, _ in expected}


def test_devices_tell_their_last_sync_in_local_time_without_a_zone(service):
    devices = service.get("/1/user/-/devices.json", service.grant(2)).json()
    last = service.truth.last_sync(2, service.clock.now()).astimezone(BERLIN)
    trackers = [device for device in devices if device["type"] == "TRACKER"]
    assert [device["lastSyncTime"] for device in trackers] == [
        last.strftime("%Y-%m-%dT%H:%M:%S.000")
    ]
    assert {"battery", "batteryLevel", "deviceVersion", "id", "mac"} <= set(trackers[0])
    service.after(days=1)
    again = service.get("/1/user/-/devices.json", service.grant(2)).json()
    assert again[0]["lastSyncTime"] > devices[0]["lastSyncTime"]
    assert again[0]["id"] == devices[0]["id"]


def test_before_the_first_sync_there_is_no_device(service):
    service.clock.set(datetime(2026, 2, 25, 5, 0, tzinfo=UTC))
    assert service.get("/1/user/-/devices.json", service.grant(1)).json() == []


def test_after_a_swap_both_devices_are_there(service):
    devices = service.get("/1/user/-/devices.json", service.grant(1)).json()
    assert [d["deviceVersion"] for d in devices if d["type"] == "TRACKER"] == [
        "Charge 6",
        "Pixel Watch 3",
    ]
    assert "SCALE" in [device["type"] for device in devices]


def weights(service, rest: str = "2026-02-25/2026-03-12", language: str = "en_UK") -> list[dict]:
    path = f"/1/user/-/body/log/weight/date/{rest}.json"
    reply = service.get(path, service.grant(), headers={"Accept-Language": language})
    return reply.json()["weight"]


def test_the_weight_log_is_the_truth_in_kilograms(service):
    found = service.truth.records(1, "weight", service.clock.now(), merged=True)
    expected = [
        (datetime.fromtimestamp(at / 1e6, NEW_YORK).strftime("%Y-%m-%d %H:%M:%S"), value)
        for at, value in zip(found.at.tolist(), found.value.tolist(), strict=True)
    ]
    told = weights(service)
    assert told
    assert [(f"{entry['date']} {entry['time']}", entry["weight"]) for entry in told] == expected
    height = service.truth.holder(1).person.body.height
    assert all(abs(e["weight"] / e["bmi"] - height**2) < 0.01 for e in told)
    day = told[0]["date"]
    assert weights(service, day) == [entry for entry in told if entry["date"] == day]


@pytest.mark.parametrize(("language", "unit"), [("en_US", 0.45359237), ("en_GB", 6.35029318)])
def test_the_language_decides_the_unit(service, language, unit):
    kilograms, others = weights(service), weights(service, language=language)
    for one, other in zip(kilograms, others, strict=True):
        assert other["weight"] == round(one["weight"] / unit, 1)
        assert other["bmi"] == one["bmi"]


def test_a_range_of_weights_has_a_month_at_most(service):
    path = "/1/user/-/body/log/weight/date/2026-02-01/2026-03-04.json"
    assert service.get(path, service.grant()).status_code == 400
