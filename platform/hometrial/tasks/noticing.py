"""The clock's job about work for the staff: causes become open items, and close them again."""

from collections.abc import Sequence
from math import ceil

import procrastinate

from hometrial.models import Participant
from hometrial.services.noticing import people, rounds, turns
from hometrial.services.noticing.people import Everybody
from hometrial.tasks import engine
from hometrial.tasks.engine import House

ACTOR = "worker:notice"
A_MINUTE = 25
"""So many people's own plans are looked at in a minute."""


@engine.app.periodic(cron="* * * * *")
@engine.app.task(name="notice", pass_context=True, queueing_lock="notice", lock="notice")
def notice(context: procrastinate.JobContext, timestamp: int) -> None:
    """Each minute: what the tables tell of everybody; of many people's own plans, a share of them."""
    notice_now(engine.house(context), timestamp // 60)


def notice_now(house: House, minute: int | None = None) -> None:
    """Look once at everybody, and at the plans of those whose turn it is: without a `minute`, of all."""
    with house.database.transaction(ACTOR, "open and close work") as session:
        rounds.whole(session)
    with house.database.reading() as session:
        found = people.everybody(session)
        chosen = [(each.id, each.id not in found.awake) for each in _in_turn(found, minute)]
    for person, rests in chosen:
        with house.database.transaction(ACTOR, "open and close work by a plan") as session:
            turns.notice(session, session.get_one(Participant, person), rests=rests)


def _in_turn(found: Everybody, minute: int | None) -> Sequence[Participant]:
    count = max(1, ceil(len(found.people) / A_MINUTE))
    return [
        each
        for place, each in enumerate(found.people)
        if minute is None or place % count == minute % count
    ]
