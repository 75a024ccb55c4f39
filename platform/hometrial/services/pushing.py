"""Pushes of phone bridges: who may push, what is answered, and what is kept before it is answered.

A push is taken as a whole or not at all: its original is kept, so nothing may stand in it that the person
has not consented to. Whatever is accepted waits as a fetched pull for the gate, as a page of a cloud does.
"""

import hashlib
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import (
    Bridge,
    Participant,
    Pull,
    PullPage,
    PushReceipt,
    WearableAccount,
)
from hometrial.services import admitting, bridging, consenting, receiving
from hometrial.services.consenting import Consents
from hometrial.services.syncing import limiting
from hometrial_ingest.provider import RateLimitedError
from hometrial_ingest.readers import bridge as pushed
from hometrial_ingest.readers.bridge import Fault, PushRefusedError

KIND = "push"
"""The kind and the stream of the reads that pushes are kept as."""
PAGE = "push/001.json"
"""The name of a push's only page: its reader takes the kind from it."""
SHOWN_FAULTS = 20
PUSHES, PER_SECONDS = 240, 60
"""No bridge gets more than so many pushes taken in so many seconds: half at once, then one each half second."""
_KEY = re.compile(r"[!-~]{8,128}")
_LONGEST_ERROR = 500


@dataclass(frozen=True)
class Answer:
    """What a push is told: 202 accepted, 200 accepted before, anything else refused."""

    status: int
    body: dict[str, Any]

    @property
    def accepted(self) -> bool:
        """Whether the push is new and was kept."""
        return self.status == 202


@dataclass(frozen=True)
class _Arrival:
    """One push on its way in: from whom, under which key, and the bytes."""

    bridge: Bridge
    provider: str
    key: str
    body: bytes

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()


def problem(status: int, kind: str, title: str, detail: str, **more: object) -> Answer:
    """Return a refusal in the shape of RFC 9457."""
    told = {"type": f"urn:hometrial:push:{kind}", "title": title, "status": status}
    return Answer(status, {**told, "detail": detail, **more})


def receive(session: Session, bridge_id: UUID, key: str, body: bytes) -> Answer:
    """Take one push in and return its answer; commit before it is sent.

    Raises BridgeRevokedError if the bridge may not push any more.
    """
    if not _KEY.fullmatch(key):
        return _key_is_missing()
    try:
        limiting.take(session, f"bridge/{bridge_id}", PUSHES, PER_SECONDS, clock.now())
    except RateLimitedError as error:
        return _too_many(error.retry_after or 1.0)
    bridging.lock(session, bridge_id)
    bridge = bridging.allowed(session, bridge_id)
    account = session.get_one(WearableAccount, bridge.account_id)
    arrival = _Arrival(bridge, account.provider, key, body)
    receipt = session.get(PushReceipt, (bridge_id, key))
    return _take(session, arrival) if receipt is None else _again(arrival, receipt)


def _key_is_missing() -> Answer:
    return problem(
        400,
        "key",
        "No usable Idempotency-Key",
        "send the header Idempotency-Key with 8 to 128 printable characters without spaces, the same "
        "with each attempt at this push and another with each other push",
    )


def _too_many(wait: float) -> Answer:
    return problem(
        429,
        "too-many",
        "Too many pushes at once",
        f"nothing of it was kept; send it again under the same key after {math.ceil(wait)} s, and send "
        "fewer, larger pushes",
        retry_after=math.ceil(wait),
    )


def _again(arrival: _Arrival, receipt: PushReceipt) -> Answer:
    if receipt.body_sha256 == arrival.sha256:
        return Answer(200, {**receipt.answer, "repeated": True})
    return problem(
        409,
        "key-reused",
        "The key belongs to another push",
        f"under this Idempotency-Key a push of other bytes was accepted at "
        f"{receipt.received_at.isoformat(timespec='seconds')}; send this one under a new key",
    )


def _take(session: Session, arrival: _Arrival) -> Answer:
    consenting.lock_to_write(session, [arrival.bridge.participant_id])
    consents = consenting.spells(session, arrival.bridge.participant_id)
    try:
        push = pushed.decode(arrival.body)
    except PushRefusedError as error:
        return _malformed(session, arrival, consents, [error.fault])
    records = pushed.newest(push)
    segments = list(pushed.segments(push.bridge, records))
    faults = [*_of_another_kind(arrival, push)]
    if any(segment.unreadable for segment in segments):
        faults += pushed.faults(records)
    if faults:
        return _malformed(session, arrival, consents, faults)
    person = session.get_one(Participant, arrival.bridge.participant_id)
    weighed = admitting.weigh(session, person, segments, consents)
    if weighed.refused:
        return _not_consented(weighed.refused)
    return _accept(session, arrival, weighed, superseded=len(push.records) - len(records))


def _of_another_kind(arrival: _Arrival, push: pushed.Push) -> Sequence[Fault]:
    if push.bridge == arrival.provider:
        return ()
    way_out = f"send {arrival.provider!r}, or use the token of a bridge of the other kind"
    return (Fault(None, "bridge", repr(push.bridge), "not what the token was made for", way_out),)


def _not_consented(refused: dict[str, list[int]]) -> Answer:
    return problem(
        403,
        "not-consented",
        "The push holds data without consent",
        "nothing of it was kept, for the original of a push is kept as a whole; leave the records "
        "listed out and send the rest under a new key",
        data_types=sorted(refused),
        records=refused,
        not_consented=len({number for numbers in refused.values() for number in numbers}),
    )


def _malformed(
    session: Session, arrival: _Arrival, consents: Consents, faults: Sequence[Fault]
) -> Answer:
    """Refuse what cannot be read, and keep it as it came where consent covers whatever it may hold."""
    kept = admitting.may_hold_anything(consents, arrival.body)
    error = faults[0].sentence[:_LONGEST_ERROR]
    if not _is_noted(session, arrival, error):
        _note_unreadable(session, arrival, error, kept=kept)
    told = [vars(fault) for fault in faults[:SHOWN_FAULTS]]
    detail = f"{faults[0].sentence}. Nothing was taken in; send the corrected push under a new key"
    return problem(
        422, "malformed", "The push cannot be read", detail, faults=told,
        more_faults=max(len(faults) - SHOWN_FAULTS, 0), original_kept=kept,
    )  # fmt: skip


def _is_noted(session: Session, arrival: _Arrival, error: str) -> bool:
    """Say whether this bridge sent these bytes before: a phone that cannot mend a push repeats it."""
    same = exists().where(
        Pull.account_id == arrival.bridge.account_id,
        Pull.kind == KIND,
        Pull.bytes == len(arrival.body),
        Pull.error == error,
    )
    return bool(session.scalar(select(same)))


def _note_unreadable(session: Session, arrival: _Arrival, error: str, *, kept: bool) -> None:
    now, payload_id = clock.now(), _keep(session, arrival) if kept else None
    pull = _pull(arrival, state="failed", start_at=now, end_at=now, first_day=now.date())
    pull.last_day, pull.finished_at, pull.pages = now.date(), now, int(kept)
    pull.error_kind, pull.error = "unreadable", error
    session.add(pull)
    session.flush()
    if payload_id is not None:
        _page(session, arrival, pull, payload_id)


def _accept(
    session: Session, arrival: _Arrival, weighed: admitting.Weighed, *, superseded: int
) -> Answer:
    payload_id = _keep(session, arrival)
    pull = _pull(
        arrival, state="fetched", start_at=weighed.start_at, end_at=weighed.end_at,
        first_day=weighed.first_day,
    )  # fmt: skip
    pull.last_day, pull.fetched_at, pull.pages = weighed.last_day, clock.now(), 1
    session.add(pull)
    session.flush()
    _page(session, arrival, pull, payload_id)
    answer = {
        "receipt": str(pull.id),
        "received_at": pull.started_at.isoformat(),
        "sha256": arrival.sha256,
        "records": weighed.records,
        "superseded": superseded,
        "samples": weighed.samples,
        "repeated": False,
    }
    session.add(
        PushReceipt(
            bridge_id=arrival.bridge.id,
            key=arrival.key,
            body_sha256=arrival.sha256,
            payload_id=payload_id,
            received_at=pull.started_at,
            answer=answer,
        )
    )
    session.flush()
    return Answer(202, answer)


def _keep(session: Session, arrival: _Arrival) -> UUID:
    """Keep the bytes, once however many bridges push the same, and return their payload's id."""
    (payload_id,) = receiving.keep_bodies(session, arrival.provider, [arrival.body])
    return payload_id


def _pull(arrival: _Arrival, **values: Any) -> Pull:
    bridge = arrival.bridge
    return Pull(
        id=uuid4(),
        account_id=bridge.account_id,
        participant_id=bridge.participant_id,
        provider=arrival.provider,
        kind=KIND,
        stream=KIND,
        started_at=clock.now(),
        bytes=len(arrival.body),
        **values,
    )


def _page(session: Session, arrival: _Arrival, pull: Pull, payload_id: UUID) -> None:
    session.add(
        PullPage(
            pull_id=pull.id,
            number=1,
            payload_id=payload_id,
            name=PAGE,
            request="POST /push/v1",
            request_id=arrival.key,
        )
    )
    session.flush()
