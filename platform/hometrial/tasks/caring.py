"""The clock's jobs about people: submissions pass the gate, doses date what was ordered for later, forms fall due."""

import procrastinate
from sqlalchemy import select

from hometrial.models import DoseEvent, Participant
from hometrial.services.asking import expecting, judging
from hometrial.services.dosing import recording
from hometrial.tasks import engine
from hometrial.tasks.engine import House

ACTOR = "worker:care"


@engine.app.periodic(cron="* * * * *")
@engine.app.task(name="judge", pass_context=True, queueing_lock="judge", lock="judge")
def judge(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001 - the engine's own
    """Each minute: what was handed in passes the gate."""
    judge_now(engine.house(context))


def judge_now(house: House) -> int:
    """Judge every submission that waits, each in a transaction of its own; return how many."""
    with house.database.reading() as session:
        waiting = judging.pending(session)
    for submission in waiting:
        with house.database.transaction(ACTOR, "judge a submission") as session:
            judging.judge(session, session.merge(submission, load=False))
    return len(waiting)


@engine.app.periodic(cron="23 * * * *")
@engine.app.task(
    name="settle doses", pass_context=True, queueing_lock="settle doses", lock="settle doses"
)
def settle_doses(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001 - the engine's own
    """Each hour: an end of the drug that was ordered for later dates the last dose once it is there."""
    settle_doses_now(engine.house(context))


def settle_doses_now(house: House) -> None:
    """Bring the days that visits are counted from up to date for everybody who has doses on record."""
    with house.database.reading() as session:
        people = session.scalars(
            select(Participant.id).where(Participant.id.in_(select(DoseEvent.participant_id)))
        ).all()
    for each in people:
        with house.database.transaction(ACTOR, "settle doses") as session:
            recording.settle(session, session.get_one(Participant, each))


@engine.app.periodic(cron="9 * * * *")
@engine.app.task(
    name="expect forms", pass_context=True, queueing_lock="expect forms", lock="expect forms"
)
def expect_forms(context: procrastinate.JobContext, timestamp: int) -> None:  # noqa: ARG001 - the engine's own
    """Each hour: which forms everybody is to fill in is worked out anew, for the pages that count them."""
    expect_forms_now(engine.house(context))


def expect_forms_now(house: House) -> int:
    """Work out everybody's forms, each in a transaction of their own; return how many lines changed."""
    with house.database.reading() as session:
        people = expecting.people(session)
    changed = 0
    for each in people:
        with house.database.transaction(ACTOR, "forms that are due") as session:
            changed += expecting.bring_up_to_date(session, [each])
    return changed
