"""Providers that end: what each delivers until when, whom that concerns, and how far re-linking is (N18)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import (
    Connection,
    LinkInvitation,
    ProviderEnd,
    Visitor,
    WearableAccount,
    WorkItem,
)
from hometrial.services import standing, working
from hometrial.services.standing import LEAD, LIVE
from hometrial_ingest.provider import Provider

Clouds = Mapping[str, Provider]
"""The providers that this study reads, by name."""
BY_VENDOR = "announced by the vendor"
"""The note of an end that came with the program; staff's own record of it takes its place."""
RELINK = "relink_before_end"


@dataclass(frozen=True)
class Capability:
    """What a provider delivers and until when; `linked`: people with a live account there."""

    provider: str
    streams: tuple[str, ...]
    ends_on: date | None
    note: str | None
    recorded_at: datetime | None
    linked: int
    configured: bool


@dataclass(frozen=True)
class Funnel:
    """How far the people concerned by a provider's end have come; `left` still wait for a new link."""

    affected: int
    invited: int
    opened: int
    linked_again: int
    left: int


def capabilities(session: Session, clouds: Clouds) -> list[Capability]:
    """Return every provider that is read, linked, or on record as ending; staff's record wins."""
    recorded = {end.provider: end for end in session.scalars(select(ProviderEnd))}
    granted, linked = _linked(session)
    names = sorted({*clouds, *recorded, *linked})
    return [
        Capability(
            name,
            tuple(clouds[name].streams) if name in clouds else tuple(sorted(granted.get(name, []))),
            *_end(recorded.get(name), clouds.get(name)),
            linked.get(name, 0),
            name in clouds,
        )
        for name in names
    ]


def _end(
    record: ProviderEnd | None, cloud: Provider | None
) -> tuple[date | None, str | None, datetime | None]:
    if record is not None:
        return record.ends_on, record.note, record.recorded_at
    if cloud is not None and cloud.ends_on is not None:
        return cloud.ends_on, BY_VENDOR, None
    return None, None, None


def _linked(session: Session) -> tuple[dict[str, set[str]], dict[str, int]]:
    """Return the streams granted at each provider, and how many people have a live account there."""
    live = Connection.status.in_(LIVE)
    people = func.count(Connection.participant_id.distinct()).filter(live)
    of_account = WearableAccount.id == Connection.account_id
    counts = session.execute(
        select(WearableAccount.provider, people)
        .join(Connection, of_account)
        .group_by(WearableAccount.provider)
    )
    streams = session.execute(
        select(WearableAccount.provider, func.unnest(Connection.streams).label("stream"))
        .join(Connection, of_account)
        .distinct()
    )
    granted: dict[str, set[str]] = {}
    for provider, stream in streams:
        granted.setdefault(provider, set()).add(stream)
    return granted, {provider: count for provider, count in counts}  # noqa: C416


def record_end(session: Session, provider: str, ends_on: date, note: str) -> None:
    """Record the day on which a provider ends, in place of what was recorded before."""
    if not note.strip():
        raise TrialError("say in --note where the end was announced: it stands beside the date")
    found = session.get(ProviderEnd, provider)
    if found is None:
        found = ProviderEnd(provider=provider)
        session.add(found)
    found.ends_on, found.note, found.recorded_at = ends_on, note.strip(), clock.now()
    session.flush()


def note_vendors_ends(session: Session, clouds: Clouds) -> None:
    """Record the ends that came with the program, except where staff recorded their own."""
    recorded = {end.provider: end for end in session.scalars(select(ProviderEnd))}
    for name, cloud in clouds.items():
        known = recorded.get(name)
        if cloud.ends_on is None or (known is not None and known.note != BY_VENDOR):
            continue
        if known is None or known.ends_on != cloud.ends_on:
            record_end(session, name, cloud.ends_on, BY_VENDOR)


def open_relinks(session: Session, today: date) -> int:
    """Open a re-link item for exactly the people whom a near or past end leaves without their streams.

    Those are the people with a live account at the provider and none at another one that stays and
    delivers the same streams. Returns how many there are.
    """
    near = {
        provider: ends_on
        for provider, ends_on in standing.ends_of(session).items()
        if ends_on - LEAD <= today
    }
    if not near:
        return 0
    concerned = [
        (person, provider)
        for person, found in standing.standings(session).items()
        for provider in near
        if found.status != "withdrawn"
        and found.at(provider, LIVE)
        and found.needs_another(provider)
    ]
    for person, provider in concerned:
        working.open_item(
            session, person, RELINK, provider, _reason(provider, near[provider], today)
        )
    return len(concerned)


def _reason(provider: str, ends_on: date, today: date) -> str:
    if ends_on > today:
        return f"{provider} ends on {ends_on}, and no other account delivers the same yet"
    return f"{provider} ended on {ends_on}, and no other account delivers the same"


def funnel(session: Session, provider: str) -> Funnel:
    """Return how many of the people concerned were invited, looked, linked again, and still have to."""
    concerned = (
        select(WorkItem.participant_id.label("person"), func.min(WorkItem.opened_at).label("since"))
        .where(WorkItem.kind == RELINK, WorkItem.subject == provider)
        .group_by(WorkItem.participant_id)
        .subquery()
    )
    person, since = concerned.c.person, concerned.c.since
    invited = exists().where(
        LinkInvitation.participant_id == person, LinkInvitation.created_at >= since
    )
    opened = exists().where(
        LinkInvitation.participant_id == person, LinkInvitation.used_at >= since
    ) | exists().where(Visitor.participant_id == person, Visitor.opened_at >= since)
    left = exists().where(
        WorkItem.participant_id == person,
        WorkItem.kind == RELINK,
        WorkItem.subject == provider,
        WorkItem.closed_at.is_(None),
    )
    again = ~left & exists().where(
        Connection.participant_id == person,
        Connection.status == "active",
        WearableAccount.id == Connection.account_id,
        WearableAccount.provider != provider,
    )
    counts = (func.count().filter(stage) for stage in (invited, opened, again, left))
    found = session.execute(select(func.count(), *counts).select_from(concerned)).one()
    affected, asked, looked, linked, waiting = (int(count) for count in found)
    return Funnel(affected, asked, looked, linked, waiting)
