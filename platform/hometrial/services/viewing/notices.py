"""What concerns every read: the worker, outages, providers that end."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Connection
from hometrial.services import standing
from hometrial.services.standing import LEAD
from hometrial.services.viewing import sources
from hometrial.services.viewing.health import LATE
from hometrial.services.viewing.sources import Outage
from hometrial.services.viewing.syncs import Backlog


@dataclass(frozen=True)
class Notice:
    """Something about the whole study, and the way out in words or as a command."""

    text: str
    way_out: str = ""
    command: str = ""
    is_urgent: bool = True


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
