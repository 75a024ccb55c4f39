"""All that the doctor's checks decide over, gathered in a fixed number of queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import (
    Batch,
    DayChunk,
    Participant,
    ParticipantZone,
    Pause,
    Pull,
    QuarantinedRow,
    Query,
    Token,
)
from hometrial.services import consenting, enrolling, standing
from hometrial.services.consenting import Consents
from hometrial.services.sunsets import Clouds
from hometrial.services.viewing import sources, syncs
from hometrial.services.viewing.sources import Outage, Source
from hometrial.services.viewing.syncs import Backlog
from hometrial_ingest.provider import Stream

_DELIVERING = (*standing.LIVE, "pushing")


@dataclass(frozen=True)
class TokenDates:
    """When an account's token was last refreshed, and when the grant behind it ends."""

    refreshed_at: datetime
    refresh_expires_at: datetime | None


@dataclass(frozen=True)
class Facts:
    """One person, what delivers their data, and what stands in between."""

    person: Participant
    now: datetime
    zones: Sequence[ParticipantZone]
    consents: Consents
    pause: Pause | None
    sources: Sequence[Source]
    unlinked: Sequence[Source]
    imported: bool
    ends: Mapping[str, date]
    outages: Mapping[str, Outage]
    tokens: Mapping[UUID, TokenDates]
    last_pulls: Mapping[UUID, Pull]
    backlog: Backlog
    waiting: tuple[int, datetime | None]
    quarantined: tuple[int, int]
    """Rows that wait for a decision, and under how many queries."""
    days: tuple[int, int]
    """Provisional days and final ones."""
    missing: Mapping[str, int] = field(default_factory=dict)
    """Hours without heart rate by cause, over the days that are examined."""
    offers: Mapping[str, Mapping[str, Stream]] = field(default_factory=dict)
    """What each provider could deliver."""

    @property
    def code(self) -> str:
        """The pseudonym."""
        return self.person.code

    @property
    def clouds(self) -> list[Source]:
        """The sources that are read from a cloud."""
        return [each for each in self.sources if each.connection is not None]

    def local(self, moment: datetime) -> str:
        """Write an instant on the person's wall clock."""
        at_home = sources.at_home(moment, self.zones)
        return f"{at_home:%Y-%m-%d %H:%M}" + ("" if self.zones else " UTC")


def gather(
    session: Session, person: Participant, missing: Mapping[str, int], clouds: Clouds
) -> Facts:
    """Return the facts about a person."""
    now, found = clock.now(), sources.of_person(session, person.id)
    delivering = [each for each in found if each.status in _DELIVERING]
    accounts = [each.account.id for each in found]
    return Facts(
        person=person,
        now=now,
        zones=enrolling.zone_rows(session, [person.id]).get(person.id, []),
        consents=consenting.spells(session, person.id),
        pause=_pause(session, person.id, now),
        sources=[each for each in delivering if not _is_replaced(each, delivering)],
        unlinked=[each for each in found if each.status not in _DELIVERING],
        imported=_imported(session, person.id),
        ends=_ends(session, clouds),
        outages=sources.outages(session),
        tokens=_tokens(session, accounts),
        last_pulls=_last_pulls(session, accounts),
        backlog=syncs.backlog(session),
        waiting=syncs.waiting(session, person.id),
        quarantined=_quarantined(session, person.id),
        days=_days(session, person.id),
        missing=missing,
        offers={name: cloud.streams for name, cloud in clouds.items()},
    )


def _is_replaced(source: Source, all_of_them: Sequence[Source]) -> bool:
    """Say whether an account that delivers nothing any more has a successor that does."""
    if source.connection is None or source.status == "active":
        return False
    elsewhere = {
        stream
        for each in all_of_them
        if each.connection is not None and each.status == "active"
        for stream in each.connection.streams
    }
    return bool(elsewhere) and set(source.connection.streams) <= elsewhere


def _ends(session: Session, clouds: Clouds) -> dict[str, date]:
    vendors = {name: cloud.ends_on for name, cloud in clouds.items() if cloud.ends_on}
    return vendors | standing.ends_of(session)


def _pause(session: Session, person: UUID, now: datetime) -> Pause | None:
    unfinished = or_(Pause.end_at.is_(None), Pause.end_at > now)
    return session.scalars(
        select(Pause)
        .where(Pause.participant_id == person, Pause.start_at <= now, unfinished)
        .order_by(Pause.start_at)
        .limit(1)
    ).one_or_none()


def _imported(session: Session, person: UUID) -> bool:
    from_file = (
        exists()
        .where(DayChunk.participant_id == person)
        .where(Batch.id == DayChunk.batch_id, Batch.kind != "pull")
    )
    return bool(session.scalar(select(from_file)))


def _tokens(session: Session, accounts: Sequence[UUID]) -> dict[UUID, TokenDates]:
    """Return the dates of tokens; the tokens themselves only the worker's role may read."""
    rows = session.execute(
        select(Token.account_id, Token.refreshed_at, Token.refresh_expires_at).where(
            Token.account_id.in_(accounts)
        )
    )
    return {account: TokenDates(refreshed, ends) for account, refreshed, ends in rows}


def _last_pulls(session: Session, accounts: Sequence[UUID]) -> dict[UUID, Pull]:
    """Return the newest read of each account, by one look at the index for each."""
    found: dict[UUID, Pull] = {}
    for account in accounts:
        newest = session.scalars(
            select(Pull).where(Pull.account_id == account).order_by(Pull.started_at.desc()).limit(1)
        ).one_or_none()
        if newest is not None:
            found[account] = newest
    return found


def _quarantined(session: Session, person: UUID) -> tuple[int, int]:
    rows = session.scalar(
        select(func.count()).where(
            QuarantinedRow.participant_id == person, QuarantinedRow.status == "open"
        )
    )
    queries = session.scalar(
        select(func.count()).where(Query.participant_id == person, Query.status == "open")
    )
    return rows or 0, queries or 0


def _days(session: Session, person: UUID) -> tuple[int, int]:
    """Return how many days are provisional and how many final; one provisional chunk makes a day so."""
    by_day = (
        select(func.max(DayChunk.state).label("state"))
        .where(DayChunk.participant_id == person, DayChunk.is_current)
        .group_by(DayChunk.day)
        .subquery()
    )
    provisional = func.count().filter(by_day.c.state == "provisional")
    found = session.execute(select(provisional, func.count()).select_from(by_day)).one()
    return found[0], found[1] - found[0]
