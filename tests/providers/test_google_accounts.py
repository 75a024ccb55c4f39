"""Who a Google account is, and its devices."""

import json
from datetime import UTC, datetime

import pytest
from tests.providers.conftest import Answer, captured

from hometrial_ingest.provider import Account, PairedDevice, TryLaterError

REFUSED = Answer(403, b'{"error": "insufficient_scope"}')


def test_an_account_is_its_health_user_id_with_its_former_id_and_zone(google, caller, vendor):
    vendor.says(
        Answer(200, captured("google_health_v4/identity.json")),
        Answer(200, captured("google_health_v4/settings_min.json")),
    )
    assert google.account(caller) == Account("health-id-123", "America/New_York", "fitbit-id-abc")
    assert vendor.targets == [
        "GET /google/v4/users/me/identity",
        "GET /google/v4/users/me/settings",
    ]


def test_an_account_whose_settings_are_not_shared_has_no_zone(google, caller, vendor):
    vendor.says(Answer(200, b'{"healthUserId": "h"}'), REFUSED)
    assert google.account(caller) == Account("h", None, None)


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../etc/passwd", "", "America"])
def test_a_zone_that_is_none_is_none(google, caller, vendor, zone):
    vendor.says(
        Answer(200, b'{"healthUserId": "h"}'), Answer(200, json.dumps({"timeZone": zone}).encode())
    )
    assert google.account(caller).zone is None


@pytest.mark.parametrize("body", [b"{}", b'{"healthUserId": ""}', b"[]"])
def test_an_identity_without_an_id_is_nobodys(google, caller, vendor, body):
    vendor.says(Answer(200, body))
    with pytest.raises(TryLaterError):
        google.account(caller)


def test_devices_are_read_to_the_last_page_and_without_their_addresses(google, caller, vendor):
    first = json.loads(captured("google_health_v4/ha_paired_devices.json"))
    second = {"pairedDevices": [{"name": "users/me/pairedDevices/s", "deviceType": "SCALE"}]}
    vendor.says(
        Answer(200, json.dumps(first | {"nextPageToken": "n"}).encode()),
        Answer(200, json.dumps(second).encode()),
    )
    devices = google.devices(caller)
    synced = datetime(2026, 7, 18, 15, 30, tzinfo=UTC)
    assert devices == [
        PairedDevice("watch_123", "Fitbit Charge 6", "tracker", synced, "NORMAL"),
        PairedDevice("s", "unknown", "scale", None, None),
    ]
    assert "AA:BB" not in repr(devices)
    assert vendor.targets[0] == "GET /google/v4/users/me/pairedDevices?pageSize=100"
    assert vendor.targets[1] == f"{vendor.targets[0]}&pageToken=n"


def test_real_devices_are_understood(google, caller, vendor):
    vendor.says(Answer(200, captured("google_health_v4/real_paired_devices.json")))
    assert google.devices(caller)[0].last_sync_at == datetime(2026, 1, 8, 2, 26, 7, tzinfo=UTC)


def test_devices_that_are_not_shared_are_none(google, caller, vendor):
    vendor.says(REFUSED)
    assert google.devices(caller) == []
