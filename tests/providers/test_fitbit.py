"""Fitbit-shaped servers: bytes as they came, the package's traps wrapped, local time placed with care."""

import hmac
import json
from base64 import b64encode
from datetime import UTC, datetime

import pytest
from tests.providers.conftest import Answer, at, captured, samples, window

from hometrial_ingest.provider import (
    Account,
    Hint,
    NotificationRefusedError,
    OurFaultError,
    PairedDevice,
    ProviderError,
    RateLimitedError,
    RetiredError,
    ScopeMissingError,
    TryLaterError,
)
from hometrial_ingest.providers.wire import AccessExpiredError

HTML = b"<!doctype html><title>502</title>"


def refusal(word: str) -> bytes:
    return json.dumps({"errors": [{"errorType": word, "message": "so"}], "success": False}).encode()


DETAILED = {
    "heart_rate": b"""{"activities-heart": [{"dateTime": "2026-03-07", "value":
        {"heartRateZones": [], "restingHeartRate": 61}}], "activities-heart-intraday":
        {"dataset": [{"time": "00:00:10",  "value": 68}],
         "datasetInterval": 1, "datasetType": "second"}}""",
    "steps": b"""{"activities-steps": [{"dateTime": "2026-03-07", "value": "9000"}],
        "activities-steps-intraday": {"dataset": [{"time": "00:00:00", "value": 0}],
         "datasetInterval": 1, "datasetType": "minute"}}""",
    "sleep": b'{"sleep": []}',
    "weight": b'{"weight": [{"bmi": 21.5, "date": "2026-03-07", "logId": 1, "time": "18:28:59",'
    b' "weight": 60.7}]}',
}


FAULTS = [
    (401, refusal("expired_token"), AccessExpiredError),
    (401, refusal("invalid_token"), AccessExpiredError),
    (401, refusal("invalid_client"), OurFaultError),
    (401, HTML, TryLaterError),
    (403, refusal("insufficient_scope"), ScopeMissingError),
    (403, refusal("insufficient_permissions"), OurFaultError),
    (403, refusal("forbidden"), TryLaterError),
    (403, HTML, TryLaterError),
    (400, refusal("validation"), OurFaultError),
    (404, refusal("not_found"), OurFaultError),
    (409, refusal("request"), TryLaterError),
    (410, refusal("system"), RetiredError),
    (410, HTML, RetiredError),
    (410, refusal("expired_token"), RetiredError),
    (429, refusal("system"), RateLimitedError),
    (502, HTML, TryLaterError),
    (200, HTML, TryLaterError),
    (200, b"{}", TryLaterError),
    (200, b'{"activities-steps": {}}', TryLaterError),
    (200, b'{"activities-steps": [NaN]}', TryLaterError),
    (200, b'{"activities-steps": [], "activities-steps-intraday": {}}', TryLaterError),
    (200, DETAILED["steps"].replace(b"2026-03-07", b"2026-03-08"), TryLaterError),
    (200, DETAILED["steps"].replace(b'"minute"', b'"hour"'), TryLaterError),
    (200, b'{"activities-steps": [], "errors": []}', TryLaterError),
    (200, b'{"meta": {"retryDuration": 3000, "state": "pending"}}', TryLaterError),
]


@pytest.mark.parametrize(("status", "body", "error"), FAULTS)
def test_a_refusal_is_understood(fitbit, caller, vendor, status, body, error):
    vendor.says(Answer(status, body))
    with pytest.raises(ProviderError) as raised:
        list(fitbit.pages(caller, fitbit.streams["steps"], window()))
    assert type(raised.value) is error


CAPTURED = {
    "pyfitbit_error_401_expired_token": (401, AccessExpiredError),
    "pyfitbit_error_401_unauthorized": (401, AccessExpiredError),
    "pyfitbit_error_403_forbidden": (403, TryLaterError),
}


@pytest.mark.parametrize("name", CAPTURED)
def test_a_captured_refusal_is_understood(fitbit, caller, vendor, name):
    status, error = CAPTURED[name]
    vendor.says(Answer(status, captured(f"fitbit_web_api/{name}.json")))
    with pytest.raises(error):
        list(fitbit.pages(caller, fitbit.streams["steps"], window()))
    assert len(vendor.asked) == 1  # the package would have gone for a refresh


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "30", "Fitbit-Rate-Limit-Reset": "900"}, 30),
        ({"Fitbit-Rate-Limit-Reset": "900"}, 900),
        ({"Fitbit-Rate-Limit-Reset": "?"}, None),
        ({}, None),
    ],
)
def test_too_many_requests_end_with_the_hour(fitbit, caller, vendor, headers, seconds):
    vendor.says(Answer(429, refusal("system"), headers))
    with pytest.raises(RateLimitedError) as raised:
        list(fitbit.pages(caller, fitbit.streams["steps"], window()))
    assert raised.value.retry_after == seconds


def test_sleep_that_is_still_computed_is_asked_for_later(fitbit, caller, vendor):
    vendor.says(Answer(200, b'{"meta": {"retryDuration": 3000, "state": "pending"}}'))
    with pytest.raises(TryLaterError) as raised:
        list(fitbit.pages(caller, fitbit.streams["sleep"], window()))
    assert raised.value.retry_after == 3
    assert len(vendor.asked) == 1


NAMES = {
    "sleep": "sleep/2026-03-07--2026-03-07.json",
    "weight": "weight/2026-03-07--2026-03-07.json",
}


@pytest.mark.parametrize("name", DETAILED)
def test_a_page_is_what_came_byte_for_byte_and_its_reader_reads_it(fitbit, caller, vendor, name):
    vendor.says(Answer(200, DETAILED[name], {"X-Request-Id": "r-9"}))
    (page,) = fitbit.pages(caller, fitbit.streams[name], window())
    assert page.body == DETAILED[name]
    assert page.name == NAMES.get(name, f"{name}/2026-03-07.json")
    assert page.request == vendor.targets[0].replace("/fitbit", "")
    assert page.request_id == "r-9"
    expected = set() if name == "sleep" else fitbit.streams[name].signals
    assert samples(fitbit.reader, page).keys() == expected


def test_a_captured_range_of_nights_is_read(fitbit, caller, vendor):
    vendor.says(Answer(200, captured("fitbit_web_api/shimmer_sleep_v12_classic_date.json")))
    (page,) = fitbit.pages(caller, fitbit.streams["sleep"], window())
    assert samples(fitbit.reader, page).keys() == fitbit.streams["sleep"].signals


def test_a_day_without_readings_may_lack_its_detailed_set(fitbit, caller, vendor):
    vendor.says(Answer(200, b'{"activities-heart": [{"dateTime": "2026-03-07", "value": {}}]}'))
    (page,) = fitbit.pages(caller, fitbit.streams["heart_rate"], window())
    assert samples(fitbit.reader, page) == {}


PROFILE = {
    "user": {"encodedId": "ABC123", "timezone": "Asia/Kolkata", "offsetFromUTCMillis": 19_800_000}
}


def test_an_account_has_the_zone_of_its_profile(fitbit, caller, vendor):
    vendor.says(Answer(200, json.dumps(PROFILE).encode()))
    assert fitbit.account(caller) == Account("ABC123", "Asia/Kolkata")
    vendor.says(Answer(200, captured("fitbit_web_api/ha_profile.json")))
    assert fitbit.account(caller) == Account("fitbit-api-user-id-1", None)


def test_devices_synchronised_at_an_instant_and_keep_their_addresses_to_themselves(
    fitbit, caller, vendor
):
    vendor.says(
        Answer(200, captured("fitbit_web_api/ha_devices.json")),
        Answer(200, json.dumps(PROFILE).encode()),
    )
    devices = fitbit.devices(caller)
    synced = datetime(2019, 11, 7, 6, 30, 58, tzinfo=UTC)
    assert devices[0] == PairedDevice("816713257", "Charge 2", "tracker", synced, "Medium")
    assert devices[1].kind == "scale"
    assert "16ADD56D54GD" not in repr(devices)


def test_without_the_profile_nobody_knows_when_a_device_synchronised(fitbit, caller, vendor):
    vendor.says(
        Answer(200, captured("fitbit_web_api/ha_devices.json")),
        Answer(403, refusal("insufficient_scope")),
    )
    assert [device.last_sync_at for device in fitbit.devices(caller)] == [None, None]


def test_devices_that_are_not_shared_are_none(fitbit, caller, vendor):
    vendor.says(Answer(403, refusal("insufficient_scope")))
    assert fitbit.devices(caller) == []


def signed(body: bytes, key: bytes = b"secret&") -> dict[str, str]:
    return {"X-Fitbit-Signature": b64encode(hmac.digest(key, body, "sha1")).decode()}


def notice(collection: str, day: str | None = "2026-03-07") -> bytes:
    item = {"collectionType": collection, "date": day, "ownerId": "ABC123", "ownerType": "user"}
    return json.dumps([item]).encode()


AROUND = (at("2026-03-06T00:00Z"), at("2026-03-09T00:00Z"))


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (notice("activities"),
         [Hint("ABC123", "steps", *AROUND), Hint("ABC123", "heart_rate", *AROUND)]),
        (notice("sleep"), [Hint("ABC123", "sleep", *AROUND)]),
        (notice("body"), [Hint("ABC123", "weight", *AROUND)]),
        (notice("foods"), [Hint("ABC123", None, *AROUND)]),
        (notice("sleep", None), [Hint("ABC123", "sleep", None, None)]),
        (notice("sleep", "soon"), [Hint("ABC123", "sleep", None, None)]),
        (notice("userRevokedAccess"), [Hint("ABC123", None, None, None, "revoked")]),
        (b"[]", []),
        (b"no JSON", [Hint(None, None, None, None)]),
    ],
)  # fmt: skip
def test_a_signed_notice_is_a_hint(fitbit, body, expected):
    assert fitbit.hints(signed(body), body, "") == expected


@pytest.mark.parametrize(
    "headers",
    [{}, signed(b"[ ]"), signed(b"[]", b"secret"), {"X-Fitbit-Signature": "é"}],
    ids=["none", "of another body", "of another key", "no ASCII"],
)
def test_a_notice_that_is_not_signed_so_is_refused(fitbit, headers):
    with pytest.raises(NotificationRefusedError):
        fitbit.hints(headers, b"[]", "")
