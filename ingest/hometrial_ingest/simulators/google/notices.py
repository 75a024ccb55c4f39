"""Notifications: their bodies, with the flaws that live ones have, and one delivery."""

import json
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import requests

from hometrial_ingest.simulators.google.keyset import Keyset
from hometrial_ingest.simulators.google.stamps import stamp
from hometrial_ingest.simulators.records import Change

SIGNATURE = "GOOGLE-HEALTH-API-SIGNATURE"
SIGNATURE_OF_SPRING = "X-HEALTHAPI-SIGNATURE"
_TIMEOUT = 10
Item = dict[str, object]


@dataclass(frozen=True)
class Shape:
    """How a notification is sent.

    `single`: one object for the first item in place of an array; `missing`: names of parts left out
    (healthUserId, physicalTimeInterval, civilDateTimeInterval, civilIso8601TimeInterval, version);
    `copies`: how often each item stands in the array; `shuffled`: newest first in place of oldest first;
    `signature`: right, wrong (a stranger's key), garbled or absent; `authorization`: right, wrong or
    absent; `header`: the name of the signature's header;
    `operation`: UPSERT or DELETE, of a notification that a test posts.
    """

    single: bool = False
    missing: tuple[str, ...] = ()
    copies: int = 1
    shuffled: bool = False
    signature: str = "right"
    authorization: str = "right"
    header: str = SIGNATURE
    operation: str = "UPSERT"


RIGHT = Shape()


@dataclass(frozen=True)
class Party:
    """Whose change it is and which clock is on that person's wall (local minus UTC in s)."""

    user: str
    offset: int
    seed: int


def item(change: Change, party: Party, missing: Sequence[str] = (), number: int = 0) -> Item:
    """Return what one notification says of a change. It carries no values."""
    edges = (change.start, change.end)
    walls = [datetime.fromtimestamp(at + party.offset, UTC) for at in edges]
    interval: Item = {
        "physicalTimeInterval": dict(
            zip(("startTime", "endTime"), (stamp(at * 1_000_000) for at in edges), strict=True)
        ),
        "civilDateTimeInterval": dict(
            zip(("startDateTime", "endDateTime"), map(_civil, walls), strict=True)
        ),
        "civilIso8601TimeInterval": dict(
            zip(("startTime", "endTime"), (wall.isoformat()[:19] for wall in walls), strict=True)
        ),
    }
    data: Item = {
        "version": "1",
        "clientProvidedSubscriptionName": _name(party, change, number),
        "healthUserId": party.user,
        "operation": change.operation,
        "dataType": change.data_type,
        "intervals": [{key: value for key, value in interval.items() if key not in missing}],
    }
    if change.data_type == "sleep" and change.record_id:
        data["recordId"] = change.record_id
    return {"data": {key: value for key, value in data.items() if key not in missing}}


def body_of(items: Iterable[Item], shape: Shape) -> bytes:
    """Return the bytes of a notification."""
    listed = [each for each in items for _ in range(shape.copies)]
    if shape.shuffled:
        listed.reverse()
    told: object = listed[0] if shape.single and listed else listed
    return json.dumps(told, separators=(",", ":")).encode()


@dataclass
class Post:
    """The sender: signs with a keyset and carries a subscriber's secret."""

    keyset: Keyset

    def send(self, url: str, body: bytes, secret: str, shape: Shape = RIGHT) -> int:
        """Deliver once and return the HTTP status; 0 if nobody answered."""
        headers = {"Content-Type": "application/json; charset=UTF-8"}
        headers["User-Agent"] = "Google-Health-API-Webhooks"
        signature = self._signature(body, shape.signature)
        if signature is not None:
            headers[shape.header] = signature
        if shape.authorization != "absent":
            headers["Authorization"] = secret if shape.authorization == "right" else "Bearer wrong"
        return post(url, body, headers)

    def _signature(self, body: bytes, kind: str) -> str | None:
        if kind == "absent":
            return None
        if kind == "garbled":
            return "bm90IGEgc2lnbmF0dXJl"
        return self.keyset.forge(body) if kind == "wrong" else self.keyset.sign(body)


def post(url: str, body: bytes, headers: dict[str, str]) -> int:
    """POST and return the HTTP status; 0 if nobody answered."""
    try:
        return requests.post(
            url, data=body, headers=headers, timeout=_TIMEOUT, allow_redirects=False
        ).status_code
    except requests.RequestException:
        return 0


def _name(party: Party, change: Change, number: int) -> str:
    """A fresh random name each time, as automatic subscriptions have: of no use as a key."""
    seed = f"{party.seed}/{party.user}/{change.data_type}/{change.start}/{number}"
    return str(uuid.uuid5(uuid.NAMESPACE_URL, seed))


def _civil(wall: datetime) -> Item:
    parts = {"hours": wall.hour, "minutes": wall.minute, "seconds": wall.second}
    return {
        "date": {"year": wall.year, "month": wall.month, "day": wall.day},
        "time": {name: part for name, part in parts.items() if part},
    }
