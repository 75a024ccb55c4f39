"""Phone bridges: added for a participant, known by a token of which only the hash is kept, revoked."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import Bridge, Participant, PushReceipt, WearableAccount
from hometrial.services import enrolling
from hometrial_ingest.readers.bridge import BRIDGES

PREFIX = "htb_"
"""In front of every token, so that one that lies about is recognised as what it is."""


class BridgeRevokedError(TrialError):
    """A bridge that may not push any more: revoked, or its person has withdrawn."""


@dataclass(frozen=True)
class BridgeLine:
    """A bridge as a list shows it."""

    id: UUID
    participant: str
    kind: str
    created_at: datetime
    revoked_at: datetime | None
    pushes: int
    last_push_at: datetime | None


def add(session: Session, code: str, kind: str) -> tuple[Bridge, str]:
    """Let a phone of a participant push; return the bridge and its token, which nobody sees again.

    Raises TrialError for a kind that there is not, ZoneNeededError for a person without a zone.
    """
    if kind not in BRIDGES:
        raise TrialError(f"{kind!r} is no kind of bridge; it is one of {', '.join(BRIDGES)}")
    person = enrolling.find_participant(session, code)
    enrolling.zones_of(session, person)  # a push may state instants without an offset, and days
    token, id_ = PREFIX + secrets.token_urlsafe(32), uuid4()
    account = enrolling.link_account(session, person.id, provider=kind, external_id=str(id_))
    bridge = Bridge(
        id=id_,
        account_id=account.id,
        participant_id=person.id,
        token_sha256=_digest(token),
        created_at=clock.now(),
    )
    session.add(bridge)
    session.flush()
    return bridge, token


def revoke(session: Session, bridge_id: UUID) -> str:
    """Let a bridge push no more, after any push that is on its way; return the person's pseudonym.

    What it brought stays. Raises TrialError if there is no such bridge or it was revoked before.
    """
    lock(session, bridge_id)
    bridge = session.get(Bridge, bridge_id)
    if bridge is None or bridge.revoked_at is not None:
        why = "was revoked before" if bridge else "does not exist"
        raise TrialError(f"bridge {bridge_id} {why}; `hometrial bridge list` shows those there are")
    bridge.revoked_at = clock.now()
    session.flush()
    return session.get_one(Participant, bridge.participant_id).code


def revoke_all(session: Session, participant_id: UUID) -> int:
    """Let no phone of a person push any more; return how many could until now."""
    mine = select(Bridge.id).where(
        Bridge.participant_id == participant_id, Bridge.revoked_at.is_(None)
    )
    bridges = session.scalars(mine.order_by(Bridge.id)).all()
    for bridge_id in bridges:
        revoke(session, bridge_id)
    return len(bridges)


def lock(session: Session, bridge_id: UUID) -> None:
    """Let one push or revocation of a bridge after the other be decided."""
    name = {"name": f"hometrial.bridge.{bridge_id}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:name))"), name)


def of_token(session: Session, token: str) -> Bridge | None:
    """Return the bridge that a token opens; None if it opens none, or not any more."""
    return session.scalars(
        select(Bridge).where(Bridge.token_sha256 == _digest(token), Bridge.revoked_at.is_(None))
    ).one_or_none()


def allowed(session: Session, bridge_id: UUID) -> Bridge:
    """Return a bridge that may push now; call it under its lock.

    Raises BridgeRevokedError if its token was revoked or its person has withdrawn.
    """
    bridge = session.get_one(Bridge, bridge_id)
    person = session.get_one(Participant, bridge.participant_id)
    if bridge.revoked_at is not None or person.status == "withdrawn":
        raise BridgeRevokedError("this bridge was revoked, or its person has withdrawn")
    return bridge


def lines(session: Session) -> list[BridgeLine]:
    """Return all bridges, the newest first."""
    rows = session.execute(
        select(
            Bridge.id,
            Participant.code,
            WearableAccount.provider,
            Bridge.created_at,
            Bridge.revoked_at,
            func.count(PushReceipt.key),
            func.max(PushReceipt.received_at),
        )
        .join(Participant, Participant.id == Bridge.participant_id)
        .join(WearableAccount, WearableAccount.id == Bridge.account_id)
        .outerjoin(PushReceipt, PushReceipt.bridge_id == Bridge.id)
        .group_by(Bridge.id, Participant.code, WearableAccount.provider)
        .order_by(Bridge.created_at.desc(), Bridge.id)
    )
    return [BridgeLine(*row) for row in rows]


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
