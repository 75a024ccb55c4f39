"""Work for the staff: one open item for each person, kind and subject; it closes when its cause is gone."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Participant, WorkItem
from hometrial.services import standing
from hometrial.services.standing import LIVE, Link, Standing

QUIET_AFTER = timedelta(hours=24)
"""A device that has handed nothing over for so long is asked about (features.md A15)."""
KINDS = (
    "retired", "reconnect", "not_linked", "revoke_pending", "our_bug", "no_data", "scope_missing",
    "relink_before_end",
)  # fmt: skip
"""In the order of risk: what loses every stream of a person now comes first."""


@dataclass(frozen=True)
class OpenItem:
    """An open item with its person's pseudonym."""

    item: WorkItem
    code: str

    @property
    def provider(self) -> str:
        """The provider that it is about."""
        return self.item.subject.partition("/")[0]


def open_item(session: Session, participant_id: UUID, kind: str, subject: str, reason: str) -> None:
    """Open an item, or give the open one of this person, kind and subject a changed reason."""
    made = insert(WorkItem).values(
        id=uuid4(),
        participant_id=participant_id,
        kind=kind,
        subject=subject,
        reason=reason,
        opened_at=clock.now(),
    )
    session.execute(
        made.on_conflict_do_update(
            index_elements=["participant_id", "kind", "subject"],
            index_where=WorkItem.closed_at.is_(None),
            set_={"reason": made.excluded.reason},
            where=WorkItem.reason != made.excluded.reason,
        )
    )


def close_items(
    session: Session,
    participant_id: UUID,
    kind: str,
    subject: str | None = None,
    *,
    because: str,
) -> int:
    """Close a person's open items of a kind (of one subject, if given); return how many there were."""
    found = select(WorkItem).where(
        WorkItem.participant_id == participant_id,
        WorkItem.kind == kind,
        WorkItem.closed_at.is_(None),
    )
    if subject is not None:
        found = found.where(WorkItem.subject == subject)
    items = session.scalars(found.with_for_update()).all()
    for item in items:
        _close(item, because)
    session.flush()
    return len(items)


def _close(item: WorkItem, because: str) -> None:
    item.closed_at, item.closed_because = clock.now(), because


def open_items(session: Session, participant_id: UUID | None = None) -> list[OpenItem]:
    """Return the open items in the order of risk, the oldest first within a kind."""
    found = (
        select(WorkItem, Participant.code)
        .join(Participant, Participant.id == WorkItem.participant_id)
        .where(WorkItem.closed_at.is_(None))
    )
    if participant_id is not None:
        found = found.where(WorkItem.participant_id == participant_id)
    return sorted((OpenItem(item, code) for item, code in session.execute(found)), key=_risk)


def _risk(line: OpenItem) -> tuple[int, datetime, str]:
    kind = line.item.kind
    rank = KINDS.index(kind) if kind in KINDS else len(KINDS)
    return rank, line.item.opened_at, line.code


def alert_quiet(session: Session, after: timedelta = QUIET_AFTER) -> int:
    """Open an item for each account whose device has been silent for so long; return how many are.

    Nobody is asked about a person who rests or has withdrawn.
    """
    quiet = [
        (person, link)
        for person, found in standing.standings(session).items()
        for link in found.links
        if found.status != "withdrawn" and not found.paused and link.is_quiet(found.now, after)
    ]
    for person, link in quiet:
        since = f"{link.heard_at or link.connection.linked_at:%Y-%m-%d %H:%M} UTC"
        reason = f"{link.provider}: nothing new from the device since {since}"
        open_item(session, person, "no_data", link.provider, reason)
    return len(quiet)


def sweep(session: Session) -> int:
    """Close every open item whose cause is gone by what the tables say now; return how many."""
    items = session.scalars(
        select(WorkItem).where(WorkItem.closed_at.is_(None)).with_for_update()
    ).all()
    found = standing.standings(session, {item.participant_id for item in items})
    gone = [(item, _gone(item, found[item.participant_id])) for item in items]
    for item, because in gone:
        if because:
            _close(item, because)
    session.flush()
    return sum(because is not None for _, because in gone)


def _gone(item: WorkItem, found: Standing) -> str | None:
    """Return why an item's cause holds no longer, None if it does or if it is not ours to know."""
    if found.status == "withdrawn" and item.kind != "revoke_pending":
        return "the person has withdrawn"
    provider, _, stream = item.subject.partition("/")
    decide = _CAUSES.get(item.kind)
    return decide(found, provider, stream) if decide else None


Decide = Callable[[Standing, str, str], str | None]


def _waiting(status: str) -> Decide:
    """Gone once another account at the provider is active, or none has this status any more."""

    def decide(found: Standing, provider: str, _stream: str) -> str | None:
        if found.at(provider, ["active"]):
            return "the account is active"
        return None if found.at(provider, [status]) else "the account is not waiting any more"

    return decide


def _obstacle(kind: str) -> Decide:
    """Gone once no account there that is still linked meets this obstacle."""

    def decide(found: Standing, provider: str, stream: str) -> str | None:
        links = found.at(provider, LIVE)
        if not links:
            return "the account is unlinked"
        return None if any(kind in _met(link, stream) for link in links) else "it is read again"

    return decide


def _met(link: Link, stream: str) -> set[str]:
    """Return the obstacles of a stream, of all streams if none is named."""
    if not stream:
        return set(link.obstacles.values())
    refused = set() if stream in link.connection.streams else {"scope_missing"}
    return refused | ({link.obstacles[stream]} if stream in link.obstacles else set())


def _unconfirmed(found: Standing, provider: str, _stream: str) -> str | None:
    return None if found.at(provider, ["unlinking"]) else "the provider has confirmed"


def _retired(found: Standing, provider: str, _stream: str) -> str | None:
    if not found.at(provider, ["retired"]):
        return "the provider answers again"
    return None if found.needs_another(provider) else "another provider delivers the same"


def _not_relinked(found: Standing, provider: str, _stream: str) -> str | None:
    if not found.at(provider, LIVE):
        return "the account is unlinked"
    if not found.ends_soon(provider):
        return "the provider does not end so soon"
    return None if found.needs_another(provider) else "another provider delivers the same"


def _silent(found: Standing, provider: str, _stream: str) -> str | None:
    active = found.at(provider, ["active"])
    if not active:
        return "the account is not active any more"
    quiet = all(link.is_quiet(found.now, QUIET_AFTER) for link in active)
    return None if quiet else "data come again"


_CAUSES: dict[str, Decide] = {
    "reconnect": _waiting("reconnect_needed"),
    "not_linked": _waiting("not_linked"),
    "revoke_pending": _unconfirmed,
    "scope_missing": _obstacle("scope_missing"),
    "our_bug": _obstacle("our_bug"),
    "retired": _retired,
    "relink_before_end": _not_relinked,
    "no_data": _silent,
}
"""What closes each kind by itself; an item of another kind is closed by whoever opened it."""
