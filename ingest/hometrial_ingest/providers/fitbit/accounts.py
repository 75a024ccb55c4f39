"""Who stands behind a token, and with which devices."""

from datetime import UTC, datetime, timedelta

from msgspec import Struct, field
from msgspec.json import Decoder

from hometrial_ingest.provider import Account, Caller, PairedDevice, ScopeMissingError
from hometrial_ingest.providers.fitbit.client import Client
from hometrial_ingest.providers.wire import Reply, mangled, read_json
from hometrial_ingest.providers.zones import known_zone

_MILLISECOND = timedelta(milliseconds=1)
_FURTHEST = timedelta(hours=15)


class _User(Struct, rename="camel"):
    """{"encodedId": "ABC123", "timezone": "America/New_York", "offsetFromUTCMillis": -14400000, ...}."""

    encoded_id: str
    timezone: str | None = None
    offset: int | None = field(default=None, name="offsetFromUTCMillis")


class _Profile(Struct):
    """{"user": {...}}."""

    user: _User


class _Device(Struct, rename="camel"):
    """{"id": "816713257", "deviceVersion": "Charge 2", "lastSyncTime": "2019-11-07T12:00:58.000", ...}.

    Its mac identifies a thing and so a person: it is not read.
    """

    id: str
    device_version: str = "unknown"
    type: str = "unknown"
    last_sync_time: str | None = None
    battery: str | None = None


_profile = Decoder(_Profile)
_devices = Decoder(list[_Device])


def account(client: Client, caller: Caller) -> Account:
    """Return the account's id and its present zone."""
    user = _user(client, caller)
    return Account(user.encoded_id, known_zone(user.timezone))


def devices(client: Client, caller: Caller) -> list[PairedDevice]:
    """Return the account's devices; none if the person does not let us see them.

    They say the wall clock of their last synchronisation: it is placed by the account's present offset,
    and unknown if the person does not let us see the profile.
    """
    try:
        found = client.ask(caller, lambda package: package.get_devices(), _judge_devices).found
    except ScopeMissingError:
        return []
    offset = _offset(client, caller) if found else None
    return [_paired(device, offset) for device in found]


def _user(client: Client, caller: Caller) -> _User:
    return client.ask(caller, lambda package: package.user_profile_get(), _judge_user).found


def _offset(client: Client, caller: Caller) -> timedelta | None:
    try:
        milliseconds = _user(client, caller).offset
    except ScopeMissingError:
        return None
    if milliseconds is None or abs(milliseconds) > _FURTHEST / _MILLISECOND:
        return None
    return milliseconds * _MILLISECOND


def _paired(device: _Device, offset: timedelta | None) -> PairedDevice:
    return PairedDevice(
        key=device.id,
        model=device.device_version,
        kind=device.type.lower(),
        last_sync_at=_instant(device.last_sync_time, offset),
        battery=device.battery,
    )


def _instant(local: str | None, offset: timedelta | None) -> datetime | None:
    if local is None or offset is None:
        return None
    try:
        return datetime.fromisoformat(local).replace(tzinfo=UTC) - offset
    except (ValueError, OverflowError):
        return None


def _judge_user(reply: Reply, words: str) -> _User:
    user = read_json(reply, _profile, words).user
    if not user.encoded_id:
        raise mangled(reply, words, "a profile without an id")
    return user


def _judge_devices(reply: Reply, words: str) -> list[_Device]:
    return read_json(reply, _devices, words)
