"""The clock's jobs about messages: plan what people are to be told, and send what is due, each once."""

import logging
from collections.abc import Sequence
from math import ceil
from uuid import UUID

import procrastinate
from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.db import WORKER_ROLE
from hometrial.errors import TrialError
from hometrial.models import Participant, Participation
from hometrial.services import identifying, standing
from hometrial.services.messaging import alarms, channels, planning, secrets, sending, states
from hometrial.services.messaging.channels import Channels
from hometrial.services.messaging.notes import Answer, Refused
from hometrial.services.messaging.sending import Claimed
from hometrial.services.standing import Standing
from hometrial.tasks import engine
from hometrial.tasks.engine import House

ACTOR = "worker:messages"
A_MINUTE = 100
"""So many people are looked at in a minute."""
_log = logging.getLogger(__name__)


@engine.app.periodic(cron="* * * * *")
@engine.app.task(
    name="plan messages", pass_context=True, queueing_lock="plan messages", lock="plan messages"
)
def plan_messages(context: procrastinate.JobContext, timestamp: int) -> None:
    """Each minute: what people and staff are to be told now; of many people, a share of them."""
    for problem in plan_now(engine.house(context), timestamp // 60):
        _log.warning("nothing can be planned for %s", problem)


@engine.app.periodic(cron="* * * * *")
@engine.app.task(
    name="send messages", pass_context=True, queueing_lock="send messages", lock="send messages"
)
def send_messages(context: procrastinate.JobContext, timestamp: int = 0) -> None:  # noqa: ARG001 - the engine's own
    """Each minute, and at once when somebody waits for a code: what is due is sent."""
    send_now(engine.house(context))


def plan_now(house: House, minute: int | None = None) -> tuple[str, ...]:
    """Plan what is to be told now, a person at a time; return of whom it cannot be said, and why.

    With a `minute`, people beyond the first hundred are looked at in turns: with 300, each one every third minute.
    """
    database, problems, found = house.database, [], []
    with database.reading() as session:
        watches = standing.standings(session)
        for person in _in_turn(_followers(session), minute):
            try:
                if planning.find(session, person, watches[person.id]) is not None:
                    found.append(person.id)
            except TrialError as error:
                problems.append(f"{person.code}: {error}")
        staff = bool(alarms.alarms(session))
    for each in found:
        _plan_one(house, each, watches[each])
    if staff:
        with database.transaction(ACTOR, "tell staff of alerts") as session:
            alarms.plan(session, database.settings.safety_addresses)
    return tuple(problems)


def _plan_one(house: House, person_id: UUID, watch: Standing) -> None:
    with house.database.transaction(ACTOR, "plan messages") as session:
        planning.plan(session, session.get_one(Participant, person_id), watch)


def _followers(session: Session) -> list[Participant]:
    followed = select(Participation.participant_id)
    query = select(Participant).where(
        Participant.id.in_(followed), Participant.status != "withdrawn"
    )
    return list(session.scalars(query.order_by(Participant.code)))


def _in_turn(people: Sequence[Participant], minute: int | None) -> list[Participant]:
    """Return those whose turn it is: what one person is to be told takes many small questions to find out."""
    turns = max(1, ceil(len(people) / A_MINUTE))
    return [
        each
        for place, each in enumerate(people)
        if minute is None or place % turns == minute % turns
    ]


def send_now(house: House, ways: Channels | None = None) -> int:
    """Send every message that is due, codes first; return how many were handed to a server."""
    database, handled, count = house.database, set[UUID](), 0
    chosen = channels.channels_of(database.settings) if ways is None else ways
    with database.transaction(ACTOR, "give up lost messages", role=WORKER_ROLE) as session:
        sending.give_up_lost(session)
        secrets.destroy_overdue(session)
    while (message_id := _next(house, handled)) is not None:
        handled.add(message_id)
        count += _send_one(house, chosen, message_id)
    return count


def _next(house: House, handled: set[UUID]) -> UUID | None:
    """Return what is sent next; asked anew each time, for a code may have come meanwhile."""
    with house.database.reading() as session:
        return next((each for each in sending.waiting(session) if each not in handled), None)


def _send_one(house: House, ways: Channels, message_id: UUID) -> bool:
    claimed = _claim(house, message_id)
    if claimed is None:
        return False
    answer = _handed(house, ways, claimed)
    with house.database.transaction(ACTOR, "settle a message", role=WORKER_ROLE) as session:
        sending.settle(session, claimed, answer)
    return True


def _claim(house: House, message_id: UUID) -> Claimed | None:
    """Mark a message as being sent; committed before any server hears of it."""
    settings = house.database.settings
    key = secrets.key_of(settings)
    with house.database.transaction(ACTOR, "send a message", role=WORKER_ROLE) as session:
        return sending.claim(session, key, settings.public_url, message_id)


def _handed(house: House, ways: Channels, claimed: Claimed) -> Answer:
    way = claimed.message.channel
    if way not in ways:
        return Refused(None, f"{way} is not set up in this study", is_final=False)
    try:
        address = _address(house, claimed)
    except TrialError as error:  # an address that another key sealed
        return Refused(None, str(error), is_final=True)
    if address is None:
        return Refused(None, f"there is no address for {way} on record", is_final=True)
    return ways[way].send(address, claimed.note)


def _address(house: House, claimed: Claimed) -> str | None:
    """Return where a message goes, in clear only here and only now."""
    settings, message = house.database.settings, claimed.message
    with house.database.transaction(ACTOR, "read an address to write to") as session:
        if message.participant_id is None:
            topics = states.topics(session, message.id)
            return alarms.address(settings.safety_addresses, topics)
        known = identifying.reveal(session, settings.key("identity"), message.participant_id)
        return known.get(channels.FIELDS.get(message.channel, ""))
