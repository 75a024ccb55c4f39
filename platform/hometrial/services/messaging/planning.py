"""What each person is to be told now, by the plan: forms that are open, a meeting of tomorrow, a watch that is quiet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Message, MessageTopic, Participant
from hometrial.protocol.windows import local_date
from hometrial.services.asking import today
from hometrial.services.messaging import hours, silences, states, wishes
from hometrial.services.messaging.hours import Moment
from hometrial.services.messaging.states import Draft, Step, Topic
from hometrial.services.messaging.wishes import Wishes
from hometrial.services.standing import Link, Standing
from hometrial.services.trial import calendars
from hometrial.services.trial.calendars import Status

WATCH_QUIET = timedelta(hours=26)
NO_SECOND_NAG = timedelta(hours=48)
MEETINGS = ("video", "phone", "clinic")
"""Modes of visits for which somebody has to be there; of the others, the forms themselves remind."""
ASKED_FOR = "later "
"""How the moment begins to which a person put something off."""
BY = "plan"
_TOLD_OF_A_WATCH = 2
_LATE_MORNING = time(10)


@dataclass(frozen=True)
class Planned:
    """What a person is to be told now, as one message for each kind; empty if nothing.

    `too_late`: what cannot be told any more, for quiet hours last until it closes.
    """

    wishes: Wishes
    at: datetime
    topics: Sequence[Topic] = ()
    too_late: Sequence[Topic] = ()
    kinds: tuple[str, ...] = field(default=())


def find(session: Session, person: Participant, watch: Standing | None = None) -> Planned | None:
    """Say what a person is to be told now and was not told yet; it writes nothing.

    Raises NotInTrialError, ZoneNeededError.
    """
    silence = silences.silence(session, person)
    if silence is not None and silence.kind != "bad_day":
        return None
    wanted = wishes.wishes_of(session, person)
    if not wanted.ways:
        return None
    now = clock.now()
    if silence is not None:
        found = _safety_question(session, person, wanted)
    else:
        found = [*_forms(session, person, wanted), *_meetings(session, person, wanted)]
        found += _watch(session, person, watch, now)
    new = _untold(session, person, found)
    if not new:
        return None
    at = wanted.hours.after_quiet(now)
    return Planned(
        wanted,
        at,
        [each for each in new if at < each.closes_at],
        [each for each in new if at >= each.closes_at],
    )


def plan(session: Session, person: Participant, watch: Standing | None = None) -> list[Message]:
    """Plan what a person is to be told now: one message for all forms, one for each other thing.

    What opens while a message waits is told in that one. Raises NotInTrialError, ZoneNeededError.
    """
    states.hold(session, person.id)
    found = find(session, person, watch)
    if found is None:
        return []
    made = [
        message
        for kind in dict.fromkeys(each.kind for each in found.topics)
        if (message := _keep(session, person, found, kind))
    ]
    for kind in dict.fromkeys(each.kind for each in found.too_late):
        topics = [each for each in found.too_late if each.kind == kind]
        message = _new(session, person, found, topics)
        said = "quiet hours last until it closes"
        states.record(session, message, Step("suppressed", BY, reason=said))
        made.append(message)
    return made


def _keep(session: Session, person: Participant, found: Planned, kind: str) -> Message | None:
    topics = [each for each in found.topics if each.kind == kind]
    for waiting in states.unended(session, person.id):
        message = waiting.message
        if message.kind == kind and waiting.last.next_at is not None:
            states.attach(session, message, topics)
            return None
    return _new(session, person, found, topics)


def _new(session: Session, person: Participant, found: Planned, topics: Sequence[Topic]) -> Message:
    way, language = found.wishes.ways[0], found.wishes.language
    draft = Draft(person.id, topics[0].kind, way, language, BY)
    return states.keep(session, draft, topics, Step("planned", BY, next_at=found.at))


def _untold(session: Session, person: Participant, topics: Iterable[Topic]) -> list[Topic]:
    found = list(topics)
    if not found:
        return []
    rows = session.execute(
        select(
            MessageTopic.kind, MessageTopic.form, MessageTopic.occasion, MessageTopic.moment
        ).where(
            MessageTopic.participant_id == person.id,
            MessageTopic.occasion.in_({each.occasion for each in found}),
        )
    )
    told = {tuple(row) for row in rows}
    return [
        each for each in found if (each.kind, each.form, each.occasion, each.moment) not in told
    ]


def open_forms(session: Session, person: Participant, language: str) -> list[today.Due]:
    """Return the forms of which a person is reminded: open, and neither handed in, excused nor too ill for."""
    return [
        each for each in today.today(session, person, language) if each.state in ("new", "begun")
    ]


def _forms(session: Session, person: Participant, wanted: Wishes) -> Iterable[Topic]:
    put_off = silences.rest_of(session, person.id, "snooze")
    for due in open_forms(session, person, wanted.language):
        opening, now = due.occasion.opening, clock.now()
        found = list(hours.moments(opening, wanted.hours, wanted.before_close))
        if put_off is not None and put_off.until is not None and put_off.at >= opening.opens_at:
            found.append(Moment(f"{ASKED_FOR}{put_off.until.isoformat()}", put_off.until))
        passed = [each for each in found if each.at <= now]
        if passed:
            # Of several that went by, while a pause lasted or nothing was sent, the newest alone is told.
            newest = max(passed, key=lambda each: each.at)
            yield _of_form("reminder", due, newest.name)


def _of_form(kind: str, due: today.Due, moment: str) -> Topic:
    occasion = due.occasion
    return Topic(kind, occasion.name, moment, due.closes_at, occasion.form.id)


def _safety_question(session: Session, person: Participant, wanted: Wishes) -> Iterable[Topic]:
    """On a bad day only what is asked even then, once for each time that it is asked."""
    for due in open_forms(session, person, wanted.language):
        if due.occasion.asked == "short":
            yield _of_form("safety_question", due, "open")


def _meetings(session: Session, person: Participant, wanted: Wishes) -> Iterable[Topic]:
    """The day before somebody has to be there, at the time that they like or late in the morning."""
    zones, now = wanted.hours.zones, clock.now()
    begun, ends = hours.day_bounds(zones, now)
    if now < hours.next_at(zones, begun, wanted.hours.preferred_at or _LATE_MORNING):
        return
    tomorrow = local_date(now, zones) + timedelta(1)
    for line in calendars.agenda(session, person).of(Status.UPCOMING, Status.DUE):
        if line.due.due == tomorrow and line.mode in MEETINGS:
            yield Topic("visit", f"{line.due.visit}#{line.due.number}", f"before {tomorrow}", ends)


def _watch(
    session: Session, person: Participant, watch: Standing | None, now: datetime
) -> Iterable[Topic]:
    """One calm line when a watch must be connected again or is quiet; once more after two days, then no more."""
    occasions = (
        [] if watch is None else [each for link in watch.links if (each := silent(watch, link))]
    )
    if not occasions:
        return
    told = session.execute(
        select(MessageTopic.occasion, Message.created_at)
        .join(Message, Message.id == MessageTopic.message_id)
        .where(Message.participant_id == person.id, MessageTopic.kind == "watch")
        .order_by(Message.created_at)
    ).all()
    if told and now - told[-1].created_at < NO_SECOND_NAG:
        return
    for occasion in occasions[:1]:
        times = sum(row.occasion == occasion for row in told)
        if times < _TOLD_OF_A_WATCH:
            yield Topic("watch", occasion, f"time {times + 1}", now + timedelta(days=1))


def silent(watch: Standing, link: Link) -> str | None:
    """Name what is the matter with a link, if something is that its person can mend."""
    connection = link.connection
    if connection.status == "reconnect_needed" and not watch.at(link.provider, ["active"]):
        return f"reconnect {link.provider} since {connection.status_since.isoformat()}"
    if link.is_quiet(watch.now, WATCH_QUIET):
        since = link.heard_at or connection.linked_at
        return f"quiet {link.provider} since {since.isoformat()}"
    return None
