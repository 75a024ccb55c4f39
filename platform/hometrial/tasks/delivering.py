"""Data sets in the background: made when they were asked for, removed when they were kept long enough."""

from uuid import UUID

import procrastinate
from sqlalchemy.orm import Session

from hometrial.services import delivering
from hometrial.services.locking import worked_out
from hometrial.services.locking.worked_out import Kind, Order
from hometrial.tasks import engine


@engine.app.task(name="deliver", pass_context=True)
def deliver(context: procrastinate.JobContext, request_id: str) -> None:
    """Make the data sets of one request."""
    delivering.make(engine.house(context).database, UUID(request_id))


@engine.app.periodic(cron="23 2 * * *")
@engine.app.task(name="expire data sets", pass_context=True, queueing_lock="expire data sets")
def expire(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001 - the engine's own
    """Each night: files that were kept long enough go, and papers that nobody has looked at for long."""
    database = engine.house(context).database
    delivering.expire(database)
    worked_out.expire(database.settings.home)


@engine.app.task(name="work out", pass_context=True)
def work_out(
    context: procrastinate.JobContext, kind: Kind, lock: int, before: int, profile: str
) -> None:
    """Make a paper of a lock, or what differs between two."""
    worked_out.make(engine.house(context).database, Order(kind, lock, before, profile))


def defer(session: Session, request_id: UUID) -> bool:
    """Put the making of a request in the queue, with this transaction."""
    return engine.deliver_job(session, request_id)


def defer_working_out(session: Session, order: Order, name: str) -> bool:
    """Put the making of a paper or of differences in the queue, with this transaction."""
    return engine.work_out_job(session, worked_out.queueing_lock(name), **vars(order))
