"""Notifications: signed with the client's secret, a collection and a local day each."""

import hmac
from base64 import b64encode
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta

from msgspec import MsgspecError, Struct
from msgspec.json import Decoder

from hometrial_ingest.provider import Hint, NotificationRefusedError
from hometrial_ingest.providers.fitbit.catalogue import STREAMS_OF

_SIGNATURE = "x-fitbit-signature"
_DAY = timedelta(days=1)


class _Item(Struct, rename="camel"):
    """{"collectionType": "sleep", "date": "2026-03-07", "ownerId": "ABC123", "ownerType": "user", ...}."""

    collection_type: str = ""
    owner_id: str | None = None
    date: str | None = None


_items = Decoder(list[_Item])


def hints(headers: Mapping[str, str], body: bytes, client_secret: str) -> list[Hint]:
    """Return what a notification hints at. Raises NotificationRefusedError if it is not Fitbit's."""
    sent = {name.lower(): value for name, value in headers.items()}
    digest = hmac.digest(f"{client_secret}&".encode(), body, "sha1")
    if not hmac.compare_digest(sent.get(_SIGNATURE, "").encode(), b64encode(digest)):
        raise NotificationRefusedError("the signature does not fit the body")
    try:
        items = _items.decode(body)
    except (MsgspecError, RecursionError):  # Fitbit's own, but of a form that we do not know
        return [Hint(None, None, None, None)]
    return [hint for item in items for hint in _hints_of(item)]


def _hints_of(item: _Item) -> Iterator[Hint]:
    person = item.owner_id or None
    if item.collection_type == "userRevokedAccess":
        yield Hint(person, None, None, None, "revoked")
        return
    start, end = _span(item.date)
    for stream in STREAMS_OF.get(item.collection_type, (None,)):
        yield Hint(person, stream, start, end)


def _span(day: str | None) -> tuple[datetime, datetime] | tuple[None, None]:
    """Return a local day in instants, with a day's margin for the unknown zone."""
    try:
        midnight = datetime.combine(date.fromisoformat(day or ""), time(), UTC)
        return midnight - _DAY, midnight + 2 * _DAY
    except (ValueError, OverflowError):
        return None, None
