"""Who stands behind a token, and with which devices."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from msgspec.json import Decoder

from hometrial_ingest.provider import Account, Caller, PairedDevice, ScopeMissingError
from hometrial_ingest.providers.google_health.calls import Api, Request
from hometrial_ingest.providers.google_health.moments import instant
from hometrial_ingest.providers.wire import Reply, mangled, read_json
from hometrial_ingest.providers.zones import known_zone

_MOST_DEVICES = "100"


class _Identity(Struct, rename="camel"):
    """{"name": "users/me/identity", "healthUserId": "...", "legacyUserId": "ABC123"}."""

    health_user_id: str
    legacy_user_id: str | None = None


class _Settings(Struct, rename="camel"):
    """{"name": "users/me/settings", "timeZone": "America/New_York", "utcOffset": "-14400s", ...}."""

    time_zone: str | None = None


class _Device(Struct, rename="camel"):
    """{"name": "users/me/pairedDevices/1", "deviceType": "TRACKER", "lastSyncTime": "...Z", ...}.

    Its macAddress identifies a thing and so a person: it is not read.
    """

    name: str
    device_type: str = "unknown"
    device_version: str = "unknown"
    last_sync_time: str | None = None
    battery_status: str | None = None


class _Devices(Struct, rename="camel"):
    """{"pairedDevices": [...], "nextPageToken": "..."}."""

    paired_devices: Sequence[_Device] = ()
    next_page_token: str | None = None


_identity = Decoder(_Identity)
_settings = Decoder(_Settings)
_devices = Decoder(_Devices)


def account(api: Api, caller: Caller) -> Account:
    """Return the account's ids, and its zone if the person lets us see the settings."""
    identity = api.ask(caller, Request("users/me/identity"), _judge_identity)
    return Account(
        identity.health_user_id, _zone(api, caller), former_id=identity.legacy_user_id or None
    )


def devices(api: Api, caller: Caller) -> list[PairedDevice]:
    """Return the account's devices; none if the person does not let us see them."""
    request = Request("users/me/pairedDevices", {"pageSize": _MOST_DEVICES})
    try:
        pages = list(api.ask_all(caller, request, _judge_devices))
    except ScopeMissingError:
        return []
    return [_paired(device) for page in pages for device in page.paired_devices]


def _zone(api: Api, caller: Caller) -> str | None:
    try:
        settings = api.ask(caller, Request("users/me/settings"), _judge_settings)
    except ScopeMissingError:
        return None
    return known_zone(settings.time_zone)


def _paired(device: _Device) -> PairedDevice:
    return PairedDevice(
        key=device.name.rpartition("/")[2],
        model=device.device_version,
        kind=device.device_type.lower(),
        last_sync_at=_moment(device.last_sync_time),
        battery=device.battery_status,
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else instant(text)


def _judge_identity(reply: Reply, words: str) -> _Identity:
    identity = read_json(reply, _identity, words)
    if not identity.health_user_id:
        raise mangled(reply, words, "an identity without an id")
    return identity


def _judge_settings(reply: Reply, words: str) -> _Settings:
    return read_json(reply, _settings, words)


def _judge_devices(reply: Reply, words: str) -> _Devices:
    return read_json(reply, _devices, words)
