"""What the staff are told by mail: red alerts, and what is overdue; only code, kind and age, for mail is read anywhere."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Message, MessageTopic
from hometrial.services.messaging import states
from hometrial.services.messaging.states import Draft, Step, Topic
from hometrial.services.messaging.wording import Said
from hometrial.services.safety import alerts, duties

BY = "plan"
_KEEPS = timedelta(days=7)
"""So long a mail to staff is tried again; the alert itself stays open for whoever looks."""
_STUDY = "the study"
_LANGUAGE = "en"


@dataclass(frozen=True)
class Alarm:
    """Something that the staff are told: what it is called, and all that a mail may say of it."""

    kind: str
    occasion: str
    moment: str
    level: str
    rule: str
    about: str
    since: datetime
    due: datetime | None


def alarms(session: Session) -> list[Alarm]:
    """Return what the staff are to know now: red alerts nobody answered, those overdue, clocks of reports."""
    now = clock.now()
    found = []
    for each in alerts.states(session):
        alert = each.alert
        if each.acknowledged is not None:
            continue
        about = (alert.level, alert.rule, each.code or _STUDY, alert.created_at, alert.due_at)
        if alert.level == "red":
            found.append(Alarm("alert", str(alert.id), "raised", *about))
        if each.is_overdue(now):
            found.append(Alarm("overdue", str(alert.id), "overdue", *about))
    return [*found, *_clocks(session)]


def _clocks(session: Session) -> Iterable[Alarm]:
    for duty, at in duties.reminders(session):
        running = duty.running
        occasion = f"{duty.code} event {duty.number} {running.clock.id}"
        about = (running.started_at, running.due_at)
        yield Alarm(
            "overdue", occasion, f"reminder {at.isoformat()}", "report", running.clock.id, duty.code,
            *about,
        )  # fmt: skip


def plan(session: Session, addresses: Sequence[str]) -> list[Message]:
    """Have every address of the staff told what it was not told yet, a mail for each thing."""
    if not addresses:
        return []
    states.hold(session, None)
    now, made = clock.now(), []
    found = alarms(session)
    told = _told(session, found)
    for alarm in found:
        for number in range(len(addresses)):
            topic = Topic(alarm.kind, alarm.occasion, _moment(alarm, number), now + _KEEPS)
            if (topic.kind, topic.occasion, topic.moment) in told:
                continue
            draft = Draft(None, alarm.kind, "email", _LANGUAGE, BY)
            made.append(states.keep(session, draft, [topic], Step("queued", BY, next_at=now)))
    return made


def address(addresses: Sequence[str], topics: Sequence[MessageTopic]) -> str | None:
    """Return to which address of the staff a message goes; None if there are fewer by now."""
    number = int(topics[0].moment.rpartition("/")[2])
    return addresses[number] if number < len(addresses) else None


def say(session: Session, topics: Sequence[MessageTopic]) -> Said | None:
    """Return what a mail says; None if somebody has answered meanwhile."""
    wanted = {(each.kind, each.occasion, each.moment.rpartition("/")[0]) for each in topics}
    for alarm in alarms(session):
        if (alarm.kind, alarm.occasion, alarm.moment) in wanted:
            due = "no time" if alarm.due is None else f"{alarm.due:%Y-%m-%d %H:%M}"
            values = {
                "level": alarm.level.capitalize(),
                "rule": alarm.rule,
                "about": alarm.about,
                "age": age(clock.now() - alarm.since),
                "due": due,
            }
            return Said(alarm.kind, values)
    return None


def age(length: timedelta) -> str:
    """Say how long something lasts: 35 min, 3 h 10 min."""
    hours, minutes = divmod(int(length.total_seconds()) // 60, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min"


def _moment(alarm: Alarm, number: int) -> str:
    return f"{alarm.moment}/{number}"


def _told(session: Session, found: Sequence[Alarm]) -> set[tuple[str, str, str]]:
    rows = session.execute(
        select(MessageTopic.kind, MessageTopic.occasion, MessageTopic.moment)
        .join(Message, Message.id == MessageTopic.message_id)
        .where(
            Message.audience == "staff",
            MessageTopic.occasion.in_({each.occasion for each in found}),
        )
    )
    return {(kind, occasion, moment) for kind, occasion, moment in rows}
