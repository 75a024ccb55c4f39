"""Data sets in the background: made when they were asked for, removed when they were kept long enough."""

from uuid import UUID

import procrastinate
from sqlalchemy.orm import Session

from hometrial.services import delivering
from hometrial.tasks import engine


@engine.app.task(name="deliver", pass_context=True)
def deliver(context: procrastinate.JobContext, request_id: str) -> None:
    """Make the data sets of one request."""
    delivering.make(engine.house(context).database, UUID(request_id))


@engine.app.periodic(cron="23 2 * * *")
@engine.app.task(name="expire data sets", pass_context=True, queueing_lock="expire data sets")
def expire(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001 - the engine's own
    """Each night: files that were kept long enough go."""
    delivering.expire(engine.house(context).database)


def defer(session: Session, request_id: UUID) -> bool:
    """Put the making of a request in the queue, with this transaction."""
    return engine.deliver_job(session, request_id)
