"""What is known of alerts: who answered when, what is overdue, and how heavy the load is."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Alert, AlertEvent, Participant
from hometrial.protocol.safety import alert_rules
from hometrial.services.safety import alerting

_DAY = timedelta(days=1)
DAYS_A_MONTH = 30.4375


@dataclass(frozen=True)
class AlertState:
    """An alert with all that happened to it; `code` is the person's, None: it is about the study."""

    alert: Alert
    code: str | None
    events: tuple[AlertEvent, ...] = field(default=())

    def _first(self, kind: str) -> AlertEvent | None:
        return next((each for each in self.events if each.kind == kind), None)

    @property
    def acknowledged(self) -> AlertEvent | None:
        """Who answered, and when."""
        return self._first("acknowledged")

    @property
    def closed(self) -> AlertEvent | None:
        """Who closed it, when and why."""
        return self._first("closed")

    @property
    def actions(self) -> tuple[str, ...]:
        """What was done, in order."""
        return tuple(each.action for each in self.events if each.action is not None)

    @property
    def repeats(self) -> int:
        """How often the rule found the same again."""
        return sum(each.kind == "repeated" for each in self.events)

    def time_left(self, now: datetime) -> timedelta | None:
        """Return how long there is to answer, less than nothing if overdue; None if answered or without a clock."""
        if self.acknowledged is not None or self.alert.due_at is None:
            return None
        return self.alert.due_at - now

    def is_overdue(self, now: datetime) -> bool:
        """Whether nobody has answered in time."""
        left = self.time_left(now)
        return left is not None and left < timedelta()

    def was_in_time(self, now: datetime) -> bool | None:
        """Whether it was answered in time; None while that is open, or if there is no clock."""
        if self.alert.due_at is None:
            return None
        if self.acknowledged is not None:
            return self.acknowledged.at <= self.alert.due_at
        return False if self.is_overdue(now) else None


def states(
    session: Session, *, person: Participant | None = None, only_open: bool = True
) -> list[AlertState]:
    """Return alerts, the gravest first, then what is due first; of one person or of all and the study."""
    query = select(Alert, Participant.code).outerjoin(
        Participant, Participant.id == Alert.participant_id
    )
    if person is not None:
        query = query.where(Alert.participant_id == person.id)
    if only_open:
        closed = select(AlertEvent.alert_id).where(AlertEvent.kind == "closed")
        query = query.where(Alert.id.not_in(closed))
    rows = [(alert, code) for alert, code in session.execute(query)]
    events = _events_of(session, [alert for alert, _ in rows])
    found = [AlertState(alert, code, tuple(events.get(alert.id, ()))) for alert, code in rows]
    return sorted(found, key=lambda each: alerting.urgency(each.alert))


def _events_of(session: Session, alerts: Iterable[Alert]) -> dict[object, list[AlertEvent]]:
    found: dict[object, list[AlertEvent]] = {}
    query = select(AlertEvent).where(AlertEvent.alert_id.in_([each.id for each in alerts]))
    for event in session.scalars(query.order_by(AlertEvent.at, AlertEvent.id)):
        found.setdefault(event.alert_id, []).append(event)
    return found


def overdue(session: Session) -> list[AlertState]:
    """Return the open alerts that nobody answered in time."""
    now = clock.now()
    return [each for each in states(session) if each.is_overdue(now)]


@dataclass(frozen=True)
class AlertLoad:
    """How heavy alerts were in a stretch of time, of people alone; a share of nothing is None."""

    alerts: int
    participant_days: float
    ambers: int
    in_time: float | None
    acted_upon: float | None

    @property
    def per_participant_month(self) -> float | None:
        """Alerts for each participant and month."""
        return self.alerts / self.participant_days * DAYS_A_MONTH if self.participant_days else None

    @property
    def ambers_per_participant_week(self) -> float | None:
        """Amber alerts for each participant and week."""
        return self.ambers / self.participant_days * 7 if self.participant_days else None

    @property
    def needs_tuning(self) -> bool:
        """Whether there are more amber alerts than people can answer with care."""
        found = self.ambers_per_participant_week
        return found is not None and found > alert_rules.shipped().ambers_per_week_at_most


def load(session: Session, since: datetime, until: datetime) -> AlertLoad:
    """Return the load of the alerts raised from one instant to before another.

    In time: of those that were answered or are overdue. Acted upon: of those that are closed.
    """
    now = clock.now()
    rows = [
        each
        for each in states(session, only_open=False)
        if each.code is not None and since <= each.alert.created_at < until
    ]
    enrolled = session.scalars(select(Participant.created_at)).all()
    stays = (max(min(until, now) - max(since, each), timedelta()) for each in enrolled)
    return AlertLoad(
        alerts=len(rows),
        participant_days=sum(each / _DAY for each in stays),
        ambers=sum(each.alert.level == "amber" for each in rows),
        in_time=_share([answer for each in rows if (answer := each.was_in_time(now)) is not None]),
        acted_upon=_share([bool(each.actions) for each in rows if each.closed]),
    )


def _share(answers: Sequence[bool]) -> float | None:
    return sum(answers) / len(answers) if answers else None
