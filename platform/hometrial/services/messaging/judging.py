"""Whether a message is still to be sent at the moment of sending: everything may have changed since it was planned."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session, aliased

from hometrial import clock
from hometrial.models import Message, MessageState, MessageTopic, Participant
from hometrial.services import enrolling, standing
from hometrial.services.messaging import alarms, hours, planning, silences, wishes, wording
from hometrial.services.messaging.wishes import Wishes
from hometrial.services.messaging.wording import Said
from hometrial.services.trial import calendars
from hometrial.services.trial.calendars import Status

COUNTED = ("reminder", "safety_question", "visit", "watch")
"""Kinds that count for how many messages a person gets in a day."""
_AWAY = ("sending", "sent", "unknown")
"""How a message stands that has left, or may have."""


@dataclass(frozen=True)
class Go:
    """It is sent, and says this."""

    said: Said


@dataclass(frozen=True)
class Wait:
    """It is sent later, and why."""

    until: datetime
    reason: str


@dataclass(frozen=True)
class Drop:
    """It is not sent, and why."""

    reason: str


Verdict = Go | Wait | Drop


def judge(session: Session, message: Message, topics: Sequence[MessageTopic]) -> Verdict:
    """Say what is to become of a message now. Raises NotInTrialError, ZoneNeededError."""
    if message.audience == "staff":
        said = alarms.say(session, topics)
        return Drop("somebody answered for it") if said is None else Go(said)
    if message.kind in ("code", "test"):
        # The person asked for it just now, or somebody of the staff did: nothing holds it up.
        return Go(Said(message.kind))
    assert message.participant_id is not None  # noqa: S101 - the table's check
    person = session.get_one(Participant, message.participant_id)
    silence = silences.silence(session, person)
    if silence is not None and (silence.kind, message.kind) != ("bad_day", "safety_question"):
        return Drop(silence.reason)
    wanted = wishes.wishes_of(session, person)
    if message.channel not in wanted.ways:
        return Drop(f"the person switched {message.channel} off")
    return _by_the_hour(message, topics, wanted) or _by_need(session, message, topics, wanted)


def _by_the_hour(
    message: Message, topics: Sequence[MessageTopic], wanted: Wishes
) -> Verdict | None:
    now = clock.now()
    after = wanted.hours.after_quiet(now)
    if after == now or message.resends is not None:
        return None
    if all(after >= each.closes_at for each in topics):
        return Drop("quiet hours last until it closes")
    return Wait(after, "quiet hours")


def _is_asked_for(message: Message, topics: Sequence[MessageTopic]) -> bool:
    """Whether somebody wanted just this message: who asks to be reminded later is, however much came before."""
    asked = any(each.moment.startswith(planning.ASKED_FOR) for each in topics)
    return asked or message.resends is not None


def _by_need(
    session: Session, message: Message, topics: Sequence[MessageTopic], wanted: Wishes
) -> Verdict:
    assert message.participant_id is not None  # noqa: S101 - of people alone
    sent = sent_today(session, message.participant_id, wanted, but=message.id)
    if sent >= wanted.most_a_day and not _is_asked_for(message, topics):
        return Drop(f"{sent} messages went out today, and no more than {wanted.most_a_day} do")
    person = session.get_one(Participant, message.participant_id)
    said = _SAYS[message.kind](session, person, message, topics)
    return Drop("nothing is left to do") if said is None else Go(said)


def sent_today(
    session: Session, participant_id: UUID, wanted: Wishes, but: UUID | None = None
) -> int:
    """Return how many messages went out to a person on the day that their calendar shows, one left out.

    One of which nobody knows whether it arrived counts, and one that is just being handed over.
    """
    begun, ends = hours.day_bounds(wanted.hours.zones, clock.now())
    later = aliased(MessageState)
    is_last = ~exists().where(
        later.message_id == MessageState.message_id, later.number > MessageState.number
    )
    query = (
        select(func.count(func.distinct(Message.id)))
        .join(MessageState, MessageState.message_id == Message.id)
        .where(
            Message.participant_id == participant_id,
            Message.kind.in_(COUNTED),
            MessageState.state.in_(_AWAY),
            MessageState.at >= begun,
            MessageState.at < ends,
            is_last,
        )
    )
    return session.scalar(query if but is None else query.where(Message.id != but)) or 0


def _of_forms(
    session: Session, person: Participant, message: Message, topics: Sequence[MessageTopic]
) -> Said | None:
    """Say how long everything takes that is open, if something of what the message is about is."""
    found = planning.open_forms(session, person, message.language)
    if message.kind == "safety_question":
        found = [each for each in found if each.occasion.asked == "short"]
    about = {(each.form, each.occasion) for each in topics}
    if not any((each.occasion.form.id, each.occasion.name) in about for each in found):
        return None
    zones = enrolling.zones_of(session, person)
    until = min(each.closes_at for each in found)
    return Said(
        message.kind,
        {
            "minutes": wording.minutes(message.language, sum(each.minutes for each in found)),
            "until": wording.moment(message.language, hours.wall(zones, until)),
        },
    )


def _of_meetings(
    session: Session, person: Participant, message: Message, topics: Sequence[MessageTopic]
) -> Said | None:
    about = {each.occasion for each in topics}
    for line in calendars.agenda(session, person).of(Status.UPCOMING, Status.DUE):
        if f"{line.due.visit}#{line.due.number}" in about:
            meeting = wording.words(message.language).meetings[line.mode]
            day = wording.day(message.language, line.due.due)
            return Said("visit", {"day": day, "meeting": meeting})
    return None


def _of_watch(
    session: Session, person: Participant, message: Message, topics: Sequence[MessageTopic]
) -> Said | None:
    watch = standing.standings(session, [person.id])[person.id]
    about = {each.occasion for each in topics}
    for link in watch.links:
        if planning.silent(watch, link) not in about:
            continue
        if link.connection.status != "active":
            return Said("watch_reconnect", {"minutes": wording.minutes(message.language, 2)})
        since = hours.wall(
            enrolling.zones_of(session, person), link.heard_at or link.connection.linked_at
        )
        return Said("watch_quiet", {"since": wording.moment(message.language, since)})
    return None


_SAYS = {
    "reminder": _of_forms,
    "safety_question": _of_forms,
    "visit": _of_meetings,
    "watch": _of_watch,
}
