"""The clock's job about queries: rules open what breaks them and close what holds again."""

import procrastinate

from hometrial.services.querying import sweeping
from hometrial.services.querying.sweeping import Swept
from hometrial.tasks import engine
from hometrial.tasks.engine import House

ACTOR = "worker:query"


@engine.app.periodic(cron="17 * * * *")
@engine.app.task(
    name="ask queries", pass_context=True, queueing_lock="ask queries", lock="ask queries"
)
def ask_queries(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001 - the engine's own
    """Each hour: every rule about stored and missing data is asked."""
    ask_queries_now(engine.house(context))


def ask_queries_now(house: House) -> Swept:
    """Ask the rules once."""
    with house.database.transaction(ACTOR, "rules about data") as session:
        return sweeping.sweep(session)
