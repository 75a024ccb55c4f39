"""One round of reads of one account: what may be asked, and pages kept exactly as they came.

A round asks nothing that no consent covers, and keeps nothing whose consent ended while it was read.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID, uuid4

import numpy as np
from sqlalchemy import insert, select, update
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import (
    Connection,
    Participant,
    Pull,
    PullPage,
    WearableAccount,
)
from hometrial.services import consenting, enrolling, receiving
from hometrial.services.comparing import day_number, day_of
from hometrial.services.consenting import Consents, Spell
from hometrial_ingest.local_time import DAY, ZoneHistory
from hometrial_ingest.provider import Page, Provider, Stream, Window


@dataclass(frozen=True)
class Span:
    """Local days, both included."""

    first_day: date
    last_day: date


@dataclass(frozen=True)
class Asked:
    """One read of a round: its line in the sync log, the stream and the window."""

    pull_id: UUID
    stream: Stream
    window: Window


@dataclass(frozen=True)
class Link:
    """A linked account and its person, as a round needs them."""

    account_id: UUID
    participant: Participant
    streams: frozenset[str]
    zones: ZoneHistory | None


def find_link(session: Session, account_id: UUID) -> Link | None:
    """Return an account that may be read now, None if its link is not active."""
    found = session.execute(
        select(Connection, Participant)
        .join(Participant, Participant.id == Connection.participant_id)
        .where(Connection.account_id == account_id, Connection.status == "active")
    ).one_or_none()
    if found is None:
        return None
    connection, person = found
    rows = enrolling.zone_rows(session, [person.id]).get(person.id)
    zones = enrolling.zone_history(rows) if rows else None
    return Link(account_id, person, frozenset(connection.streams), zones)


def provider_of(session: Session, account_id: UUID) -> str:
    """Return the name of an account's provider."""
    return session.scalars(
        select(WearableAccount.provider).where(WearableAccount.id == account_id)
    ).one()


def today(zones: ZoneHistory, now: datetime) -> date:
    """Return the local day on which an instant lies."""
    _, local = zones.place_instant(np.array([clock.microseconds(now)], np.int64))
    return day_of(int(local[0]) // DAY)


def open_round(
    session: Session,
    provider: Provider,
    link: Link,
    kind: str,
    span: Span,
    only: Iterable[str] = (),
) -> list[Asked]:
    """Write a line of the sync log for each read of a round and return the reads.

    Streams are those that the provider has, the person granted, and `only` names (all if empty), each in
    the windows that consent admits now: a withdrawal or a late consent cuts them.
    """
    if link.zones is None:
        return []
    wanted = frozenset(only) or frozenset(provider.streams)
    given, now = consenting.spells(session, link.participant.id), clock.now()
    asked = [
        Asked(uuid4(), stream, window)
        for name, stream in provider.streams.items()
        if name in wanted & link.streams
        for window in _windows(stream, span, link.zones, given, now)
    ]
    if asked:
        session.execute(insert(Pull), [_line(link, provider, kind, each, now) for each in asked])
    return asked


def _windows(
    stream: Stream, span: Span, zones: ZoneHistory, given: Consents, now: datetime
) -> Iterable[Window]:
    for piece in _pieces(span, stream.longest_days):
        edges = zones.first_instant_of_day(
            np.array([day_number(piece.first_day), day_number(piece.last_day) + 1], np.int64)
        ).at
        start, end = (clock.instant(int(at)) for at in edges)
        for spell in given.admitted(stream.data_type, now):
            if spell.start >= end or spell.end <= start:
                continue
            days = _days_inside(piece, zones, spell)
            if stream.by_day and days.first_day > days.last_day:
                continue
            first, last = max(start, spell.start), min(end, spell.end)
            # A provider's margin goes beyond the span only: inside it the next piece follows.
            earliest = spell.start if piece.first_day == span.first_day else first
            latest = spell.end if piece.last_day == span.last_day else last
            yield Window(days.first_day, days.last_day, first, last, earliest, latest)


def _pieces(span: Span, longest: int) -> Iterable[Span]:
    """Cut a span into pieces of so many days, the newest first: they begin at the span's end."""
    last = span.last_day
    while last >= span.first_day:
        first = max(span.first_day, last - timedelta(days=longest - 1))
        yield Span(first, last)
        last = first - timedelta(days=1)


def _days_inside(span: Span, zones: ZoneHistory, spell: Spell) -> Span:
    """Return the days of the span that lie wholly in a spell; none if the first is after the last."""
    days = np.arange(day_number(span.first_day), day_number(span.last_day) + 2, dtype=np.int64)
    edges = zones.first_instant_of_day(days).at
    inside = (edges[:-1] >= clock.microseconds(spell.start)) & (
        edges[1:] <= clock.microseconds(spell.end)
    )
    held = days[:-1][inside]
    if not len(held):
        return Span(span.first_day, span.first_day - timedelta(days=1))
    return Span(day_of(int(held[0])), day_of(int(held[-1])))


def _line(
    link: Link, provider: Provider, kind: str, asked: Asked, now: datetime
) -> dict[str, object]:
    window = asked.window
    return {
        "id": asked.pull_id,
        "account_id": link.account_id,
        "participant_id": link.participant.id,
        "provider": provider.name,
        "kind": kind,
        "stream": asked.stream.name,
        "first_day": min(window.first_day, window.last_day),
        "last_day": window.last_day,
        "start_at": window.start,
        "end_at": window.end,
        "state": "fetching",
        "started_at": now,
    }


def may_keep(session: Session, link: Link, asked: Asked) -> bool:
    """Hold consent and link as they are, and say whether they still admit what was read (N4)."""
    consenting.lock_to_write(session, [link.participant.id])
    if find_link(session, link.account_id) is None:
        return False
    spells = consenting.spells(session, link.participant.id).admitted(
        asked.stream.data_type, clock.now()
    )
    window = asked.window
    return any(s.start <= window.earliest and window.latest <= s.end for s in spells)


def keep(
    session: Session,
    link: Link,
    asked: Asked,
    pages: Sequence[Page],
    synced_at: datetime | None,
    calls: int = 0,
) -> str:
    """Keep the pages of a read and return the state of its line: fetched, done (unchanged) or stopped."""
    if not may_keep(session, link, asked):
        close(
            session, [asked.pull_id], "stopped", error="consent or the link ended during the read"
        )
        return "stopped"
    provider = provider_of(session, link.account_id)
    payloads = receiving.keep_bodies(session, provider, [page.body for page in pages])
    unchanged = _told_last_time(session, asked, payloads)
    if pages:
        session.execute(insert(PullPage), _page_rows(asked.pull_id, pages, payloads))
    now = clock.now()
    session.execute(
        update(Pull)
        .where(Pull.id == asked.pull_id)
        .values(
            state="done" if unchanged else "fetched",
            calls=calls,
            pages=len(pages),
            bytes=sum(len(page.body) for page in pages),
            unchanged=unchanged,
            device_synced_at=synced_at,
            request_id=pages[-1].request_id if pages else None,
            fetched_at=now,
            finished_at=now if unchanged else None,
        )
    )
    return "done" if unchanged else "fetched"


def _page_rows(
    pull_id: UUID, pages: Sequence[Page], payloads: Sequence[UUID]
) -> list[dict[str, object]]:
    return [
        {
            "pull_id": pull_id,
            "number": number,
            "payload_id": payload,
            "name": page.name,
            "request": page.request,
            "request_id": page.request_id,
        }
        for number, (page, payload) in enumerate(zip(pages, payloads, strict=True), 1)
    ]


def _told_last_time(session: Session, asked: Asked, payloads: Sequence[UUID]) -> bool:
    """Say whether the last read of anything in this window asked the same and was answered the same bytes."""
    mine = session.get_one(Pull, asked.pull_id)
    last = session.scalars(
        select(Pull)
        .where(Pull.account_id == mine.account_id, Pull.stream == mine.stream, Pull.id != mine.id)
        .where(Pull.state.in_(("fetched", "done")))
        .where(Pull.start_at < mine.end_at, Pull.end_at > mine.start_at)
        .order_by(Pull.started_at.desc())
        .limit(1)
    ).one_or_none()
    if last is None or last.state != "done" or last.error_kind is not None:
        return False
    if (last.start_at, last.end_at) != (mine.start_at, mine.end_at):
        return False
    told = session.scalars(
        select(PullPage.payload_id).where(PullPage.pull_id == last.id).order_by(PullPage.number)
    ).all()
    return list(told) == list(payloads)


def close(
    session: Session,
    pulls: Iterable[UUID],
    state: str,
    *,
    error: str | None = None,
    kind: str | None = None,
    request_id: str | None = None,
) -> None:
    """End lines of the sync log that brought nothing, with the reason."""
    session.execute(
        update(Pull)
        .where(Pull.id.in_(list(pulls)))
        .values(
            state=state,
            error=error,
            error_kind=kind,
            request_id=request_id,
            finished_at=clock.now(),
        )
    )


def give_up(session: Session, account_id: UUID, error: str, kind: str) -> None:
    """End the lines of an account's round that were opened and not read."""
    rows = session.scalars(
        select(Pull.id).where(Pull.account_id == account_id, Pull.state == "fetching")
    ).all()
    close(session, rows, "failed", error=error, kind=kind)
