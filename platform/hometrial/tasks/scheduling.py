"""Data sets that leave by themselves: each minute a look at what is due."""

import procrastinate

from hometrial.services.scheduling import running
from hometrial.services.serving import snapshots
from hometrial.tasks import engine


@engine.app.periodic(cron="* * * * *")
@engine.app.task(
    name="scheduled exports", pass_context=True, queueing_lock="scheduled exports", lock="deliver"
)
def export(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001 - the engine's own
    """Run the schedules that are due; not while other data sets are made, which would wait for the same disk."""
    running.run_due(engine.house(context).database)


@engine.app.periodic(cron="37 2 * * *")
@engine.app.task(name="expire snapshots", pass_context=True, queueing_lock="expire snapshots")
def expire(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001 - the engine's own
    """Each night: snapshots of the read interface that nobody has read for a day go."""
    snapshots.expire(engine.house(context).database.settings.home)
