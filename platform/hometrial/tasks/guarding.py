"""The clock's job about safety: what nobody would see without looking is looked at each night."""

import procrastinate

from hometrial.services.safety import nightly
from hometrial.tasks import engine
from hometrial.tasks.engine import House

ACTOR = "worker:guard"


@engine.app.periodic(cron="41 1 * * *")
@engine.app.task(
    name="check safety", pass_context=True, queueing_lock="check safety", lock="check safety"
)
def check_safety(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001 - the engine's own
    """Each night: stopping rules and the accountability of the drug end as alerts."""
    check_now(engine.house(context))


def check_now(house: House) -> int:
    """Look once; return how many alerts that made."""
    with house.database.transaction(ACTOR, "nightly check of safety") as session:
        return nightly.check(session)
