"""The job engine: jobs lie in the study's own database and are deferred inside the transaction that needs them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import procrastinate
from procrastinate import exceptions
from procrastinate.jobs import JobDeferrer
from procrastinate.manager import JobManager
from procrastinate.tasks import configure_task
from procrastinate.types import TimeDeltaParams
from sqlalchemy.orm import Session

from hometrial.db import Database
from hometrial_ingest.provider import Provider
from hometrial_ingest.reader import Reader
from hometrial_ingest.readers import READERS
from hometrial_ingest.readers.bridge import reader as bridge_reader

SHARDS = 8
"""People are dealt into so many shards; of each, one job at a time takes kept pages in."""
SOON, USUAL, SOME_TIME = 10, 0, -10
"""Priorities: what a person waits for; the rounds of the clock; the past."""

app = procrastinate.App(connector=procrastinate.SyncPsycopgConnector())
"""Knows the tasks; a worker gives it connections of its own for the time that it runs."""
_deferring = JobManager(procrastinate.SyncPsycopgConnector())
"""Puts jobs in the queue on the connection that it is handed, in a worker too; it has none of its own."""

PULLED_READERS: Mapping[str, Reader] = {**READERS, "bridge": bridge_reader}


@dataclass(frozen=True)
class House:
    """What a worker's tasks work with."""

    database: Database
    clouds: Mapping[str, Provider]


def house(context: procrastinate.JobContext) -> House:
    """Return the house of the worker that runs a job."""
    found = context.additional_context["house"]
    assert isinstance(found, House)  # noqa: S101  # the worker put it there
    return found


def defer(session: Session, job: JobDeferrer, **arguments: str | int) -> bool:
    """Put a job in the queue with this transaction; False if the like of it waits there already."""
    session.flush()
    try:
        # The connection's own savepoint: the session's is only made when the session itself writes.
        with session.connection().begin_nested():
            job.defer(**arguments)
    except exceptions.AlreadyEnqueued:
        return False
    return True


def connection_of(session: Session) -> object:
    """Return the driver's connection of a session, on which a job is deferred."""
    return session.connection().connection.driver_connection


def _job(
    session: Session,
    name: str,
    *,
    queueing_lock: str,
    lock: str | None = None,
    priority: int = SOON,
    schedule_in: TimeDeltaParams | None = None,
) -> JobDeferrer:
    """Return a job that is put in the queue on the session's own connection."""
    return configure_task(
        name=name,
        job_manager=_deferring,
        lock=lock,
        queueing_lock=queueing_lock,
        priority=priority,
        schedule_in=schedule_in,
        connection=connection_of(session),
    )


def read_job(
    session: Session,
    account_id: UUID,
    kind: str,
    span: tuple[date, date],
    *,
    stream: str = "",
    priority: int = USUAL,
) -> bool:
    """Defer a round of reads of an account over local days; False if the like of it waits already.

    One round of an account at a time; a hint about days that wait to be read adds nothing.
    """
    days = f"{span[0]}/{span[1]}" if kind in ("hint", "manual", "backfill") else ""
    job = _job(
        session,
        "read",
        lock=f"account:{account_id}",
        queueing_lock=f"read:{account_id}:{kind}:{stream}:{days}",
        priority=priority,
    )
    return defer(
        session,
        job,
        account_id=str(account_id),
        kind=kind,
        first_day=span[0].isoformat(),
        last_day=span[1].isoformat(),
        stream=stream,
    )


def absorb_job(session: Session, account_id: UUID | None = None, shard: int | None = None) -> bool:
    """Defer the taking in of kept pages for the shard of an account's person."""
    if shard is None:
        shard = shard_of(session, account_id)
    one = f"absorb:{shard}"
    job = _job(session, "absorb", lock=one, queueing_lock=one)
    return defer(session, job, shard=shard)


def shard_of(session: Session, account_id: UUID | None) -> int:
    """Return the shard of an account's person: the database deals them out."""
    return int(
        session.connection()
        .exec_driver_sql(
            "SELECT mod(abs(hashtext(participant_id::text)), %s) FROM wearable_account"
            " WHERE id = %s",
            (SHARDS, account_id),
        )
        .scalar_one()
    )


def send_job(session: Session) -> bool:
    """Defer the sending of what is due: somebody waits for a code."""
    one = "send messages"
    return defer(session, _job(session, one, lock=one, queueing_lock=one))


def rule_job(session: Session, rehearsal_id: UUID) -> bool:
    """Defer a rehearsal of a rule, or its publication, one at a time."""
    job = _job(session, "try rule", lock="try rule", queueing_lock=f"try rule:{rehearsal_id}")
    return defer(session, job, rehearsal=str(rehearsal_id))


def deliver_job(session: Session, request_id: UUID) -> bool:
    """Defer the making of data sets that were asked for: two at once would only wait for the same disk."""
    job = _job(session, "deliver", lock="deliver", queueing_lock=f"deliver:{request_id}")
    return defer(session, job, request_id=str(request_id))


def work_out_job(session: Session, queueing_lock: str, **arguments: str | int) -> bool:
    """Defer what is worked out of locks, one thing at a time: each takes the memory of a whole lock."""
    job = _job(session, "work out", lock="work out", queueing_lock=queueing_lock)
    return defer(session, job, **arguments)


def revoke_job(session: Session, account_id: UUID) -> bool:
    """Defer the revocation of an account at its provider; it repeats until it is confirmed."""
    one = f"revoke:{account_id}"
    job = _job(session, "revoke", lock=one, queueing_lock=one)
    return defer(session, job, account_id=str(account_id))


def forget_job(session: Session, account_id: UUID, wait: timedelta) -> bool:
    """Defer the destruction of an account's tokens to a moment, whatever its provider has said by then."""
    job = _job(
        session,
        "forget",
        queueing_lock=f"forget:{account_id}",
        schedule_in={"seconds": int(wait.total_seconds())},
    )
    return defer(session, job)


def cancel_reads(session: Session, account_id: UUID) -> int:
    """Take the waiting reads of an account out of the queue; return how many."""
    result = session.connection().exec_driver_sql(
        "DELETE FROM jobs.procrastinate_jobs WHERE status = 'todo' AND lock = %s",
        (f"account:{account_id}",),
    )
    return result.rowcount


class SiteTasks:
    """What the participant site may put in the queue (a small object the site is given)."""

    def read(
        self, session: Session, account_id: UUID, stream: str, first_day: date, last_day: date
    ) -> None:
        """Defer the read that a notification hints at."""
        read_job(session, account_id, "hint", (first_day, last_day), stream=stream, priority=SOON)

    def absorb(self, session: Session, account_id: UUID) -> None:
        """Defer the taking in of a push."""
        absorb_job(session, account_id)

    def send(self, session: Session) -> None:
        """Defer the sending of a code that was asked for."""
        send_job(session)
