"""What waits for the staff now: open work in the order of risk, and what concerns the whole study."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Connection, Participant, Pause
from hometrial.services import standing, working
from hometrial.services.standing import LEAD
from hometrial.services.viewing import quarantine, sources, syncs
from hometrial.services.viewing.sources import Outage
from hometrial.services.viewing.syncs import Backlog
from hometrial.services.working import OpenItem

LATE = timedelta(minutes=15)


@dataclass(frozen=True)
class Notice:
    """Something about the whole study, and the way out in words or as a command."""

    text: str
    way_out: str = ""
    command: str = ""
    is_urgent: bool = True


@dataclass(frozen=True)
class Counts:
    """How many people there are, and how many of them rest, have withdrawn, or have a live link."""

    enrolled: int
    resting: int
    withdrawn: int
    linked: int


@dataclass(frozen=True)
class Today:
    """All that needs somebody, and when data last came."""

    counts: Counts
    notices: Sequence[Notice]
    items: Sequence[OpenItem]
    open_rows: int
    read_at: datetime | None


def look(session: Session) -> Today:
    """Return what waits now: a fixed number of queries."""
    counts, waiting = _counts(session), syncs.backlog(session)
    return Today(
        counts,
        notices(session, waiting, linked=counts.linked),
        working.open_items(session),
        quarantine.open_rows(session),
        waiting.read_at,
    )


def notices(session: Session, waiting: Backlog, *, linked: int) -> list[Notice]:
    """Return what concerns the whole study: the worker, outages, providers that end."""
    return [
        *_of_worker(waiting, linked),
        *_of_outages(sources.outages(session).values()),
        *_of_ends(standing.ends_of(session), clock.now().date()),
    ]


def live_links(session: Session) -> int:
    """Return how many people have an account that is meant to deliver."""
    return (
        session.scalar(
            select(func.count(Connection.participant_id.distinct())).where(
                Connection.status.in_(standing.LIVE)
            )
        )
        or 0
    )


def _counts(session: Session) -> Counts:
    now = clock.now()
    resting = select(func.count(Pause.participant_id.distinct())).where(
        Pause.start_at <= now, or_(Pause.end_at.is_(None), Pause.end_at > now)
    )
    withdrawn = func.count().filter(Participant.status == "withdrawn")
    enrolled, gone = session.execute(select(func.count(), withdrawn).select_from(Participant)).one()
    return Counts(enrolled, session.scalar(resting) or 0, gone, live_links(session))


def _of_worker(waiting: Backlog, linked: int) -> list[Notice]:
    if not waiting.workers and (linked or waiting.jobs or waiting.pulls):
        return [Notice("No worker runs: nothing is read or stored.", command="hometrial worker")]
    if waiting.oldest_job and waiting.oldest_job > LATE:
        return [
            Notice(
                f"The oldest of {waiting.jobs} due jobs waits longer than it should.",
                command="hometrial worker",
            )
        ]
    return []


def _of_outages(found: Iterable[Outage]) -> list[Notice]:
    return [
        Notice(
            f"{outage.provider} does not answer for {outage.failing} of {outage.accounts} accounts.",
            "Reading goes on by itself and fills the gap later.",
            is_urgent=False,
        )
        for outage in found
        if outage.is_one
    ]


def _of_ends(ends: Mapping[str, date], today: date) -> list[Notice]:
    return [
        Notice(
            f"{provider} {'ends' if ends_on > today else 'ended'} on {ends_on}.",
            "Who must link another account, and how far that is, stands under Providers.",
            is_urgent=ends_on <= today,
        )
        for provider, ends_on in sorted(ends.items())
        if ends_on - LEAD <= today
    ]
