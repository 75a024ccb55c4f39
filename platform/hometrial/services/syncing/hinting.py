"""Notifications: stored as they came, and turned into windows to read. A hint is never data."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid5

import numpy as np
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Connection, Participant, WearableAccount, WebhookEvent
from hometrial.services import enrolling
from hometrial.services.syncing import accounts
from hometrial_ingest.local_time import DAY, ZoneHistory
from hometrial_ingest.provider import Hint, ReconnectNeededError

TRAILING = timedelta(days=2)
"""A hint that names no time means today and so many days before it."""
TAKEN_BACK = "the person took the access back at the provider"
_EPOCH = date(1970, 1, 1)
_UTC = ZoneHistory.of([(None, "UTC")])
_REFUSALS = UUID("3f1f2c9e-6a0b-4b8e-9d57-8f0d0a6f7f10")
_KNOWN = ("active", "reconnect_needed", "not_linked", "retired")
"""States of a link whose notifications are somebody's; only an active one is read."""

Defer = Callable[[UUID, str, date, date], None]
"""Has an account's stream read over local days, soon; asked twice, it does so once."""


@dataclass(frozen=True)
class Noted:
    """What became of a notification's hints."""

    hints: int
    of_nobody: int
    reads: int
    taken_back: int


@dataclass(frozen=True)
class _Owner:
    """Whose an account is, what may be read of it, and where the person lives."""

    account_id: UUID
    participant_id: UUID
    status: str
    streams: frozenset[str]


def keep(session: Session, provider: str, body: bytes, noted: Noted) -> None:
    """Store a notification as it came."""
    session.add(
        WebhookEvent(
            provider=provider,
            received_at=clock.now(),
            body=body,
            hints=noted.hints,
            of_nobody=noted.of_nobody,
        )
    )
    session.flush()


def count_refused(session: Session, provider: str) -> None:
    """Count a notification that was not the provider's, on the one line of this hour.

    The line is an event without a body; `of_nobody` counts. What anybody can send may not fill a table.
    """
    hour = clock.now().replace(minute=0, second=0, microsecond=0)
    line = insert(WebhookEvent).values(
        id=uuid5(_REFUSALS, f"{provider} {hour.isoformat()}"),
        provider=provider,
        received_at=hour,
        body=b"",
        hints=0,
        of_nobody=1,
    )
    session.execute(
        line.on_conflict_do_update(
            index_elements=[WebhookEvent.id], set_={"of_nobody": WebhookEvent.of_nobody + 1}
        )
    )


def note(session: Session, provider: str, hints: Sequence[Hint], defer: Defer) -> Noted:
    """Have the windows read that hints name, each once, and mark links that were taken back.

    Hints about an account that is nobody's here, or that was unlinked or withdrawn, are only counted.
    """
    owners = _owners(session, provider, {hint.external_id for hint in hints})
    known = [(owners[hint.external_id], hint) for hint in hints if hint.external_id in owners]
    taken_back = {owner.account_id for owner, hint in known if hint.kind == "revoked"}
    turned = [_take_back(session, account_id) for account_id in sorted(taken_back, key=str)]
    live = [(owner, hint) for owner, hint in known if _is_to_read(owner, hint, taken_back)]
    windows = sorted(_windows(session, live), key=str)
    # In one order everywhere: two notifications that ask for the same jobs cannot block each other.
    for account_id, stream, first, last in windows:
        defer(account_id, stream, first, last)
    return Noted(len(hints), len(hints) - len(known), len(windows), sum(turned))


def _is_to_read(owner: _Owner, hint: Hint, taken_back: set[UUID]) -> bool:
    # "deleted" is read again like "changed": the read finds what is absent, and history is kept.
    active = owner.status == "active" and owner.account_id not in taken_back
    return active and hint.kind != "revoked" and hint.stream in owner.streams


def _owners(
    session: Session, provider: str, external_ids: Iterable[str | None]
) -> dict[str | None, _Owner]:
    rows = session.execute(
        select(WearableAccount.external_id, Connection)
        .join(Connection, Connection.account_id == WearableAccount.id)
        .join(Participant, Participant.id == WearableAccount.participant_id)
        .where(
            WearableAccount.provider == provider,
            WearableAccount.external_id.in_([each for each in external_ids if each is not None]),
            Connection.status.in_(_KNOWN),
            Participant.status != "withdrawn",
        )
    )
    return {
        external_id: _Owner(
            found.account_id, found.participant_id, found.status, frozenset(found.streams)
        )
        for external_id, found in rows
    }


def _take_back(session: Session, account_id: UUID) -> bool:
    return accounts.lost(session, account_id, ReconnectNeededError(TAKEN_BACK))


def _windows(
    session: Session, live: Sequence[tuple[_Owner, Hint]]
) -> set[tuple[UUID, str, date, date]]:
    """Return what to read: account, stream, and local days that do not overlap."""
    zones = _zones(session, {owner.participant_id for owner, _ in live})
    found: dict[tuple[UUID, str], set[tuple[date, date]]] = {}
    for owner, hint in live:
        days = _days(hint, zones[owner.participant_id])
        found.setdefault((owner.account_id, str(hint.stream)), set()).add(days)
    return {(*key, *days) for key, several in found.items() for days in _united(several)}


def _zones(session: Session, people: set[UUID]) -> Mapping[UUID, ZoneHistory]:
    rows = enrolling.zone_rows(session, people)
    return {
        person: enrolling.zone_history(rows[person]) if person in rows else _UTC
        for person in people
    }


def _days(hint: Hint, zones: ZoneHistory) -> tuple[date, date]:
    """Return the local days of a hint's interval, of the last three days if it makes none."""
    now = clock.now()
    today = _day(zones, now)
    start = hint.start or hint.end
    if start is None or start > now:
        return today - TRAILING, today
    # The end does not belong to the interval; an interval of the future ends today.
    end = min(hint.end or now, now + timedelta(microseconds=1)) - timedelta(microseconds=1)
    first, last = _day(zones, start), _day(zones, end)
    return (first, last) if first <= last else (last, first)


def _day(zones: ZoneHistory, at: datetime) -> date:
    _, local = zones.place_instant(np.array([clock.microseconds(at.astimezone(UTC))], np.int64))
    return _EPOCH + timedelta(days=int(local[0] // DAY))


def _united(windows: Iterable[tuple[date, date]]) -> list[tuple[date, date]]:
    """Return windows with those that share a day made one."""
    united: list[tuple[date, date]] = []
    for first, last in sorted(windows):
        if united and first <= united[-1][1]:
            united[-1] = (united[-1][0], max(last, united[-1][1]))
        else:
            united.append((first, last))
    return united
