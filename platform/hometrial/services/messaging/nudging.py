"""A message that somebody of the staff wants to be sent now: about open forms, or a watch that is silent."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Literal
from uuid import uuid4

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Message, Participant
from hometrial.services import standing
from hometrial.services.messaging import channels, planning, silences, states, wishes
from hometrial.services.messaging.channels import Channels
from hometrial.services.messaging.states import Draft, MessageRefusedError, Step, Topic

Nudge = Literal["reminder", "watch"]
_LASTS = timedelta(days=1)


def nudge(
    session: Session, configured: Channels, person: Participant, kind: Nudge, *, by: str
) -> Message:
    """Have a person written to now; quiet hours, and how many messages a day hears, hold as ever.

    Raises MessageRefusedError of somebody who is not to be written to, of nothing to tell, and of a way that is
    not set up; NotInTrialError, ZoneNeededError.
    """
    states.hold(session, person.id)
    silence = silences.silence(session, person)
    if silence is not None:
        raise MessageRefusedError(f"{person.code} is not written to now: {silence.reason}")
    wanted = wishes.wishes_of(session, person)
    if not wanted.ways:
        raise MessageRefusedError(f"{person.code} switched all messages off; call them")
    channels.require(configured, wanted.ways[0])
    topics = tuple(_TOPICS[kind](session, person, wanted.language))
    if not topics:
        raise MessageRefusedError(f"{person.code}: {_NOTHING[kind]}")
    _refuse_second(session, person, kind)
    draft = Draft(person.id, kind, wanted.ways[0], wanted.language, by)
    return states.keep(session, draft, topics, Step("queued", by, next_at=clock.now()))


def _refuse_second(session: Session, person: Participant, kind: Nudge) -> None:
    """One that waits says the same: nobody is told twice."""
    for each in states.unended(session, person.id):
        if each.message.kind == kind:
            raise MessageRefusedError(
                f"a {kind} to {person.code} is {each.last.state} already; it says the same"
            )


def _forms(session: Session, person: Participant, language: str) -> Iterable[Topic]:
    for due in planning.open_forms(session, person, language):
        occasion = due.occasion
        yield Topic("reminder", occasion.name, _moment(), due.closes_at, occasion.form.id)


def _watch(session: Session, person: Participant, _language: str) -> Iterable[Topic]:
    watch = standing.standings(session, [person.id])[person.id]
    for link in watch.links:
        occasion = planning.silent(watch, link)
        if occasion is not None:
            yield Topic("watch", occasion, _moment(), clock.now() + _LASTS)


def _moment() -> str:
    return f"wanted by staff {uuid4()}"


_TOPICS = {"reminder": _forms, "watch": _watch}
_NOTHING = {
    "reminder": "no form is open that they have not handed in",
    "watch": "no watch of theirs is silent, and none has to be connected again",
}
