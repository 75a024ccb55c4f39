"""How each person's links stand: what every account delivers, what holds it up, when it was last heard."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select, true
from sqlalchemy.orm import Session, defer

from hometrial import clock
from hometrial.models import (
    Connection,
    PairedDevice,
    Participant,
    Pause,
    ProviderEnd,
    StreamState,
    WearableAccount,
)

LIVE = ("active", "reconnect_needed", "not_linked", "retired")
"""Connections that are meant to deliver, whether they can just now or not."""
LEAD = timedelta(days=120)
"""So long before a provider ends, its people are asked to link another one."""


@dataclass(frozen=True)
class Link:
    """One account of a person: its connection, its streams as they stand, its last sign of life."""

    provider: str
    connection: Connection
    streams: dict[str, StreamState]
    heard_at: datetime | None

    @property
    def obstacles(self) -> dict[str, str]:
        """What holds streams up."""
        return {name: each.obstacle for name, each in self.streams.items() if each.obstacle}

    def was_read_well(self, stream: str, since: datetime) -> bool:
        """Say whether a stream, or any if it is none by name, was read well since then and still is."""
        states = [self.streams[stream]] if stream in self.streams else list(self.streams.values())
        return any(not each.obstacle and each.read_at and each.read_at > since for each in states)

    def is_quiet(self, now: datetime, after: timedelta) -> bool:
        """Say whether an account that should deliver has been silent for so long."""
        last = max(self.heard_at or self.connection.linked_at, self.connection.linked_at)
        return self.connection.status == "active" and now - last > after


@dataclass(frozen=True)
class Standing:
    """All links of one person, and the days on which providers end."""

    status: str
    paused: bool
    links: Sequence[Link]
    ends: dict[str, date]
    now: datetime

    def at(self, provider: str, statuses: Iterable[str] | None = None) -> list[Link]:
        """Return the person's accounts at a provider, of some statuses only if they are given."""
        wanted = None if statuses is None else set(statuses)
        return [
            link
            for link in self.links
            if link.provider == provider and (wanted is None or link.connection.status in wanted)
        ]

    def ends_soon(self, provider: str) -> bool:
        """Say whether a provider's end is near or past."""
        ends_on = self.ends.get(provider)
        return ends_on is not None and ends_on - LEAD <= self.now.date()

    def needs_another(self, provider: str) -> bool:
        """Say whether live accounts at a provider deliver what no other one does that stays."""
        here = {stream for link in self.at(provider, LIVE) for stream in link.connection.streams}
        elsewhere = {
            stream
            for link in self.links
            if link.provider != provider
            and link.connection.status == "active"
            and not self.ends_soon(link.provider)
            for stream in link.connection.streams
        }
        return not here <= elsewhere


def standings(session: Session, people: Iterable[UUID] | None = None) -> dict[UUID, Standing]:
    """Return how the links of everybody stand, or of some: six queries."""
    now = clock.now()
    chosen = true() if people is None else Participant.id.in_(list(people))
    ends = ends_of(session)
    paused = _paused(session, now)
    links = _links(session, chosen)
    return {
        person: Standing(status, person in paused, links.get(person, []), ends, now)
        for person, status in session.execute(
            select(Participant.id, Participant.status).where(chosen)
        )
    }


def ends_of(session: Session) -> dict[str, date]:
    """Return the recorded end of each provider that has one."""
    rows = session.execute(select(ProviderEnd.provider, ProviderEnd.ends_on))
    return {provider: ends_on for provider, ends_on in rows}  # noqa: C416


def is_paused(session: Session, person: UUID) -> bool:
    """Say whether a person rests from the study now."""
    return person in _paused(session, clock.now())


def _paused(session: Session, now: datetime) -> set[UUID]:
    unfinished = or_(Pause.end_at.is_(None), Pause.end_at > now)
    return set(
        session.scalars(select(Pause.participant_id).where(Pause.start_at <= now, unfinished))
    )


def _links(session: Session, chosen: ColumnElement[bool]) -> dict[UUID, list[Link]]:
    streams, devices = _streams(session), _devices(session)
    found: dict[UUID, list[Link]] = {}
    for connection, provider in session.execute(
        select(Connection, WearableAccount.provider)
        .join(WearableAccount, WearableAccount.id == Connection.account_id)
        .join(Participant, Participant.id == Connection.participant_id)
        .where(chosen)
        .order_by(Connection.linked_at)
    ):
        account = connection.account_id
        states = streams.get(account, {})
        signs = [devices.get(account), *(each.data_until for each in states.values())]
        heard = max((sign for sign in signs if sign), default=None)
        link = Link(provider, connection, states, heard)
        found.setdefault(connection.participant_id, []).append(link)
    return found


def _streams(session: Session) -> dict[UUID, dict[str, StreamState]]:
    found: dict[UUID, dict[str, StreamState]] = {}
    for state in session.scalars(select(StreamState).options(defer(StreamState.known))):
        found.setdefault(state.account_id, {})[state.stream] = state
    return found


def _devices(session: Session) -> dict[UUID, datetime]:
    last = func.max(PairedDevice.last_sync_at)
    rows = session.execute(
        select(PairedDevice.account_id, last)
        .where(PairedDevice.last_sync_at.is_not(None))
        .group_by(PairedDevice.account_id)
    )
    return {account: moment for account, moment in rows if moment}
