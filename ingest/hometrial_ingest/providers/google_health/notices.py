"""Notifications: whose they are, and which stretch of which stream they say has changed."""

import hmac
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta

from msgspec import MsgspecError, Raw, Struct
from msgspec.json import Decoder

from hometrial_ingest.provider import Hint, NotificationRefusedError
from hometrial_ingest.providers.google_health.catalogue import STREAM_OF
from hometrial_ingest.providers.google_health.moments import instant
from hometrial_ingest.providers.google_health.signatures import Keyring

_SIGNATURES = ("google-health-api-signature", "x-healthapi-signature")  # the second in spring 2026
_MARGIN = timedelta(days=1)
Span = tuple[datetime, datetime]


class _Stretch(Struct, rename="camel", frozen=True):
    """{"startTime": "2026-03-07T17:29:00", "endTime": "..."}: with a Z physical, without one civil."""

    start_time: str | None = None
    end_time: str | None = None


class _Date(Struct):
    year: int
    month: int
    day: int


class _Time(Struct, frozen=True):
    hours: int = 0
    minutes: int = 0
    seconds: int = 0


class _Civil(Struct):
    """{"date": {"year": 2026, "month": 3, "day": 7}, "time": {"hours": 17, "minutes": 29}}."""

    date: _Date
    time: _Time = _Time()


class _CivilStretch(Struct, rename="camel", frozen=True):
    start_date_time: _Civil | None = None
    end_date_time: _Civil | None = None


class _Interval(Struct, rename="camel"):
    """Up to three wordings of one stretch of time; each of them can be missing or mangled."""

    physical_time_interval: _Stretch = _Stretch()
    civil_date_time_interval: _CivilStretch = _CivilStretch()
    civil_iso8601_time_interval: _Stretch = _Stretch()


class _Data(_Interval, rename="camel"):
    """What a notification says. One capture has the wording of its interval here, not in `intervals`."""

    health_user_id: str | None = None
    operation: str = "UPSERT"
    data_type: str | None = None
    intervals: list[_Interval] = []


class _Item(Struct):
    """{"data": {...}}."""

    data: _Data


_items = Decoder(list[Raw])
_item = Decoder(_Item)


def hints(keys: Keyring, headers: Mapping[str, str], body: bytes, secret: str) -> list[Hint]:
    """Return what a notification hints at. Raises NotificationRefusedError if it is not Google's."""
    sent = {name.lower(): value for name, value in headers.items()}
    _check_secret(sent.get("authorization", ""), secret)
    signature = next((sent[name] for name in _SIGNATURES if name in sent), None)
    if signature is None:
        raise NotificationRefusedError("no signature")
    keys.verify(signature, body)
    return [hint for raw in _split(body) for hint in _hints_of(raw)]


def _check_secret(sent: str, secret: str) -> None:
    # First of all: what follows may fetch keys, and no stranger shall make us do that.
    if not secret or not hmac.compare_digest(sent.encode(), secret.encode()):
        raise NotificationRefusedError("the Authorization header is not the one agreed on")


def _split(body: bytes) -> list[Raw]:
    """Return the items of a body: the documentation shows one object, live deliveries are arrays."""
    try:
        return _items.decode(body)
    except (MsgspecError, RecursionError):
        return [Raw(body)]


def _hints_of(raw: Raw) -> list[Hint]:
    try:
        data = _item.decode(raw).data
    except (MsgspecError, RecursionError):  # Google's own, but of a form that we do not know
        return [Hint(None, None, None, None)]
    stream = STREAM_OF.get(data.data_type or "")
    kind = "deleted" if data.operation == "DELETE" else "changed"
    person = data.health_user_id or None
    spans = [span for span in map(_span, [data, *data.intervals]) if span is not None]
    if not spans:
        return [Hint(person, stream, None, None, kind)]
    return [Hint(person, stream, start, end, kind) for start, end in spans]


def _span(interval: _Interval) -> Span | None:
    """Return the stretch in instants: the physical one, else the civil one with a day's margin."""
    physical = interval.physical_time_interval
    moments = (instant(text) for text in (physical.start_time, physical.end_time) if text)
    found = _ordered(moments)
    if found is not None:
        return found
    civil = interval.civil_date_time_interval
    clocks = (_wall_clock(each) for each in (civil.start_date_time, civil.end_date_time) if each)
    written = interval.civil_iso8601_time_interval
    texts = (instant(f"{text}Z") for text in (written.start_time, written.end_time) if text)
    found = _ordered(clocks) or _ordered(texts)
    # No clock on earth is more than 14 hours from UTC.
    return (found[0] - _MARGIN, found[1] + _MARGIN) if found else None


def _ordered(moments: Iterable[datetime | None]) -> Span | None:
    match [each for each in moments if each is not None]:
        case [start, end] if start <= end:
            return start, end
    return None


def _wall_clock(civil: _Civil) -> datetime | None:
    day, clock = civil.date, civil.time
    try:
        hours = time(clock.hours, clock.minutes, clock.seconds)
        return datetime.combine(date(day.year, day.month, day.day), hours, UTC)
    except ValueError:
        return None
