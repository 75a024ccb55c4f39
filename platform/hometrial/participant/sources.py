"""A person's sources as their page shows them: what each delivers, until when, and what it needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Connection, StreamState, WearableAccount
from hometrial.services import enrolling, standing
from hometrial.services.syncing import linking, unlinking
from hometrial_ingest.provider import Provider

QUIET = timedelta(hours=26)
"""After so long without new data the page says what usually helps (features.md journey 5.2)."""


@dataclass(frozen=True)
class Source:
    """One account: `until` is the end of its newest data, None before the first came."""

    provider: str
    status: str
    since: datetime
    streams: tuple[str, ...]
    until: datetime | None
    is_quiet: bool

    @property
    def is_live(self) -> bool:
        """Whether it is meant to deliver."""
        return self.status not in unlinking.ENDED


@dataclass(frozen=True)
class Offering:
    """A provider that can be linked: what it would share, and what it has that was not agreed to."""

    provider: str
    wanted: tuple[str, ...]
    not_agreed: tuple[str, ...]


def zone(session: Session, participant_id: UUID) -> ZoneInfo | None:
    """Return where a person lives now, None if that is not on record."""
    now = clock.now()
    rows = enrolling.zone_rows(session, [participant_id]).get(participant_id, [])
    known = [row.zone for row in rows if row.valid_from is None or row.valid_from <= now]
    return ZoneInfo(known[-1]) if known else None


def sources(session: Session, participant_id: UUID) -> list[Source]:
    """Return a person's sources: the newest of each provider, those that deliver first."""
    until = (
        select(func.max(StreamState.data_until))
        .where(StreamState.account_id == Connection.account_id)
        .scalar_subquery()
    )
    rows = session.execute(
        select(Connection, WearableAccount.provider, until)
        .join(WearableAccount, WearableAccount.id == Connection.account_id)
        .where(Connection.participant_id == participant_id)
        .order_by(Connection.status.in_(unlinking.ENDED), Connection.linked_at.desc())
    )
    found: dict[str, Source] = {}
    for connection, provider, last in rows:
        found.setdefault(provider, _source(connection, provider, last))
    return list(found.values())


def _source(connection: Connection, provider: str, until: datetime | None) -> Source:
    heard = max(until or connection.linked_at, connection.linked_at)
    return Source(
        provider=provider,
        status=connection.status,
        since=connection.status_since,
        streams=tuple(connection.streams),
        until=until,
        is_quiet=connection.status == "active" and clock.now() - heard > QUIET,
    )


def offerings(
    session: Session, participant_id: UUID, clouds: Mapping[str, Provider]
) -> list[Offering]:
    """Return the providers that can be linked today, with what the person agreed to share of each."""
    today = clock.now().date()
    ends = standing.ends_of(session)
    found = []
    for name, cloud in clouds.items():
        if _is_over(ends.get(name) or cloud.ends_on, today):
            continue
        agreed = linking.wanted(session, participant_id, cloud)
        streams = tuple(cloud.streams)
        found.append(
            Offering(
                name,
                tuple(stream for stream in streams if stream in agreed),
                tuple(stream for stream in streams if stream not in agreed),
            )
        )
    return found


def _is_over(ends_on: date | None, today: date) -> bool:
    return ends_on is not None and ends_on <= today
