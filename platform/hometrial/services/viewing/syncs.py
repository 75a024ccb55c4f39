"""The sync log: every read of every account, what is under way, and what waits."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, text, true
from sqlalchemy.orm import Session, aliased

from hometrial import clock
from hometrial.models import Participant, Pull, StreamState, WearableAccount, WebhookEvent

PER_PAGE = 50
UNDER_WAY = timedelta(hours=6)
"""A read that began longer ago and never ended is no news: its worker died."""
ALIVE_SECONDS = 60
"""A worker without a heartbeat for so long is taken for dead; one beats every ten seconds."""

# Heartbeats and due times are the database's own clock, also where a simulator's clock is followed.
_JOBS = text(
    "SELECT count(*) AS due, extract(epoch FROM now() - min(coalesce(j.scheduled_at, e.at))) AS age"
    " FROM jobs.procrastinate_jobs j LEFT JOIN LATERAL ("
    "   SELECT min(at) AS at FROM jobs.procrastinate_events"
    "   WHERE job_id = j.id AND type = 'deferred') e ON true"
    " WHERE j.status = 'todo' AND (j.scheduled_at IS NULL OR j.scheduled_at <= now())"
)
_WORKERS = text(
    "SELECT count(*) FILTER (WHERE last_heartbeat > now() - make_interval(secs => :alive)) AS alive,"
    " extract(epoch FROM now() - max(last_heartbeat)) AS silence"
    " FROM jobs.procrastinate_workers"
)
_SIZE = text("SELECT pg_database_size(current_database()), clock_timestamp()")


@dataclass(frozen=True)
class PullLog:
    """One page of a person's reads, newest first, of `total`."""

    pulls: Sequence[Pull]
    total: int
    start: int


@dataclass(frozen=True)
class Backlog:
    """What waits: jobs that are due, kept reads that the gate has not judged, and who works on them."""

    jobs: int
    oldest_job: timedelta | None
    pulls: int
    oldest_pull: timedelta | None
    workers: int
    last_beat: timedelta | None
    read_at: datetime | None
    """When a read of anybody last went well."""


@dataclass(frozen=True)
class Notifications:
    """What providers sent of themselves in the last day; `of_nobody`: hints at accounts that are not ours."""

    received: int
    hints: int
    of_nobody: int
    last_at: datetime | None


@dataclass(frozen=True)
class Health:
    """The database's size, and how far its clock is from this process's."""

    database_bytes: int
    skew: timedelta


def log(session: Session, person: UUID, start: int = 0) -> PullLog:
    """Return a page of a person's reads, newest first: two queries."""
    of_person = Pull.participant_id == person
    total = session.scalar(select(func.count()).select_from(Pull).where(of_person))
    page = (
        select(Pull)
        .where(of_person)
        .order_by(Pull.started_at.desc(), Pull.stream, Pull.id)
        .offset(start)
        .limit(PER_PAGE)
    )
    return PullLog(session.scalars(page).all(), total or 0, start)


def took(pull: Pull) -> timedelta:
    """Return how long a read took from its first call to its end, or has taken so far."""
    return (pull.finished_at or pull.fetched_at or clock.now()) - pull.started_at


def under_way(session: Session, person: UUID | None = None) -> list[tuple[Pull, str]]:
    """Return the reads that are being made now, with pseudonyms, the newest first.

    They are looked up account by account: the log of a whole trial is long, its newest lines are few.
    """
    recent = (
        select(Pull)
        .where(
            Pull.account_id == WearableAccount.id,
            Pull.started_at > clock.now() - UNDER_WAY,
            Pull.state == "fetching",
        )
        .lateral()
    )
    line = aliased(Pull, recent)
    found = (
        select(line, Participant.code)
        .select_from(WearableAccount)
        .join(Participant, Participant.id == WearableAccount.participant_id)
        .join(recent, true())
        .order_by(line.started_at.desc(), line.stream)
        .limit(PER_PAGE)
    )
    if person is not None:
        found = found.where(WearableAccount.participant_id == person)
    return [(pull, code) for pull, code in session.execute(found)]


def workers_alive(session: Session) -> int:
    """Return how many workers gave a sign of life just now."""
    found: int = session.execute(_WORKERS, {"alive": ALIVE_SECONDS}).one().alive
    return found


def backlog(session: Session) -> Backlog:
    """Return what waits in the whole study: four queries."""
    jobs = session.execute(_JOBS).one()
    workers = session.execute(_WORKERS, {"alive": ALIVE_SECONDS}).one()
    pulls, since = waiting(session)
    return Backlog(
        jobs.due,
        _seconds(jobs.age),
        pulls,
        None if since is None else clock.now() - since,
        workers.alive,
        _seconds(workers.silence),
        session.scalar(select(func.max(StreamState.read_at))),
    )


def waiting(session: Session, person: UUID | None = None) -> tuple[int, datetime | None]:
    """Return how many kept reads wait for the gate, and since when the oldest does."""
    found = select(func.count(), func.min(Pull.fetched_at)).where(Pull.state == "fetched")
    if person is not None:
        found = found.where(
            Pull.account_id.in_(
                select(WearableAccount.id).where(WearableAccount.participant_id == person)
            )
        )
    count, since = session.execute(found).one()
    return count, since


def notifications(session: Session) -> Notifications:
    """Return what providers told us of themselves in the last day."""
    found = session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(WebhookEvent.hints), 0),
            func.coalesce(func.sum(WebhookEvent.of_nobody), 0),
            func.max(WebhookEvent.received_at),
        ).where(WebhookEvent.received_at > clock.now() - timedelta(days=1))
    ).one()
    return Notifications(*found)


def health(session: Session) -> Health:
    """Return the database's size and its clock's distance from ours."""
    size, there = session.execute(_SIZE).one()
    return Health(size, abs(there - clock.now()))


def _seconds(value: Any) -> timedelta | None:
    return None if value is None else timedelta(seconds=float(value))
