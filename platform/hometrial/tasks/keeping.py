"""The clock's own jobs: plan rounds, bring the ledger up to the hour, put right what a killed worker left."""

from collections.abc import Iterable
from datetime import timedelta

import procrastinate
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Connection, Pull
from hometrial.services import sunsets, working
from hometrial.services.syncing import finality, planning, pulling, unlinking
from hometrial.services.syncing.planning import Due
from hometrial.tasks import engine
from hometrial.tasks.engine import SHARDS, House

ACTOR = "worker:keep"
STALLED = timedelta(seconds=30)
"""A worker that gave no sign for so long is dead: its jobs are given to others."""
_PRIORITY = {"hourly": engine.USUAL, "nightly": engine.USUAL, "backfill": engine.SOME_TIME}


@engine.app.periodic(cron="* * * * *")
@engine.app.task(name="plan", pass_context=True, queueing_lock="plan", lock="plan")
def plan(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001 - the engine's own
    """Defer every round that is due."""
    plan_now(engine.house(context))


def plan_now(house: House) -> int:
    """Defer every round that is due now; return how many."""
    with house.database.transaction(ACTOR, "plan reads") as session:
        rounds = _without_waiting(session, planning.due(session, clock.now()))
        return sum(
            engine.read_job(
                session,
                due.account_id,
                due.kind,
                (due.span.first_day, due.span.last_day),
                priority=_PRIORITY[due.kind],
            )
            for due in rounds
        )


def _without_waiting(session: Session, rounds: Iterable[Due]) -> list[Due]:
    """Leave out rounds of accounts that have one of the same kind waiting or under way."""
    rows = session.connection().exec_driver_sql(
        "SELECT args->>'account_id', args->>'kind' FROM jobs.procrastinate_jobs"
        " WHERE task_name = 'read' AND status IN ('todo', 'doing')"
    )
    busy = {(account, kind) for account, kind in rows}
    return [due for due in rounds if (str(due.account_id), due.kind) not in busy]


@engine.app.periodic(cron="* * * * *")
@engine.app.task(name="tidy", pass_context=True, queueing_lock="tidy", lock="tidy")
def tidy(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001 - the engine's own
    """Put right what was left over: jobs of dead workers, reads that nobody goes on with, late revocations."""
    tidy_now(engine.house(context))


def tidy_now(house: House) -> None:
    """Make one sweep of everything that must not be forgotten."""
    with house.database.transaction(ACTOR, "tidy up") as session:
        revive(session, STALLED)
        _end_orphans(session)
        _take_in_what_waits(session)
        unlinking.destroy_overdue(session)
        for account_id, _ in unlinking.waiting(session):
            engine.revoke_job(session, account_id)
    with house.database.transaction(ACTOR, "open and close work items") as session:
        sunsets.note_vendors_ends(session, house.clouds)
        sunsets.open_relinks(session, clock.now().date())
        working.alert_quiet(session)
        working.sweep(session)


@engine.app.periodic(cron="* * * * *")
@engine.app.task(name="revive", pass_context=True, queueing_lock="revive")
def revive_dead(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001 - the engine's own
    """Give back the jobs of dead workers. Without a lock, which a worker that dies here would keep."""
    with engine.house(context).database.transaction(ACTOR, "give jobs back") as session:
        revive(session, STALLED)


def revive(session: Session, silent: timedelta) -> int:
    """Give the jobs of workers that gave no sign for so long back to the queue; return how many.

    A job whose like waits in the queue already is not given back: the other does the same.
    """
    result = session.connection().exec_driver_sql(_REVIVE, (silent.total_seconds(),))
    return result.rowcount


_REVIVE = """
    WITH dead AS (
        SELECT j.id, j.queueing_lock IN (SELECT t.queueing_lock FROM jobs.procrastinate_jobs t
            WHERE t.status = 'todo' AND t.queueing_lock IS NOT NULL) AS waits
        FROM jobs.procrastinate_jobs j WHERE j.status = 'doing' AND NOT EXISTS (
            SELECT FROM jobs.procrastinate_workers w WHERE w.id = j.worker_id
            AND w.last_heartbeat > now() - make_interval(secs => %s))
        FOR UPDATE SKIP LOCKED),
    gone AS (DELETE FROM jobs.procrastinate_jobs j USING dead d WHERE j.id = d.id AND d.waits)
    UPDATE jobs.procrastinate_jobs j
    SET status = 'todo', worker_id = NULL, attempts = attempts + 1
    FROM dead d WHERE j.id = d.id AND d.waits IS NOT TRUE
"""


def _end_orphans(session: Session) -> None:
    """End lines of the sync log whose job is gone: the next round reads their window again."""
    orphans = session.scalars(
        select(Pull.id).where(
            Pull.state == "fetching",
            text(
                "NOT EXISTS (SELECT FROM jobs.procrastinate_jobs j WHERE j.status = 'doing'"
                " AND j.lock = 'account:' || sync.pull.account_id::text)"
            ),
        )
    ).all()
    pulling.close(session, orphans, "failed", error="the read was interrupted", kind="interrupted")


def _take_in_what_waits(session: Session) -> None:
    shards = session.connection().exec_driver_sql(
        "SELECT DISTINCT mod(abs(hashtext(participant_id::text)), %s) FROM sync.pull"
        " WHERE state = 'fetched'",
        (SHARDS,),
    )
    for (shard,) in shards.all():
        engine.absorb_job(session, shard=shard)


@engine.app.periodic(cron="7 * * * *")
@engine.app.task(name="settle", pass_context=True, queueing_lock="settle", lock="settle")
def settle(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001 - the engine's own
    """Each hour: days become final, and hours that passed without data get their cause."""
    settle_now(engine.house(context))


def settle_now(house: House) -> None:
    """Make days final whose re-read window is over, and bring the gap ledger up to the clock."""
    from hometrial.services import measuring

    with house.database.transaction(ACTOR, "days become final") as session:
        finality.settle(session, clock.now())
        people = session.scalars(select(Connection.participant_id).distinct()).all()
        measuring.refresh_gaps(session, people, clock.now())
