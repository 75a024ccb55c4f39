"""Alerts are raised once, answered by somebody within a time, and closed with a reason; nothing is erased."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import Exists, exists, select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import Alert, AlertEvent, Participant
from hometrial.protocol.safety import alert_rules
from hometrial.services import working

Level = Literal["red", "amber", "blue"]
Values = Mapping[str, str | int | float | bool | None]
_WORK, _WORK_OF_THE_STUDY = "red_alert", "stopping_rule"
_ABOUT = "event"
"""The value that names the adverse event which an alert is about: two events are never one alert."""


class AlertRefusedError(TrialError):
    """An alert that cannot be raised, answered or closed like this."""


@dataclass(frozen=True)
class Response:
    """What a rule asks for: what to do, who answers, within which time (None: in the next contact).

    `version` is that of the rule: of the table, the protocol or the instrument that it stands in.
    """

    text: str
    owner: str
    within: timedelta | None
    version: str


def response_of(rule: str, *, urgent: bool = False) -> Response:
    """Return what a rule of the product's table asks for. Raises UnknownAlertRuleError."""
    table = alert_rules.shipped()
    found = table.of(rule)
    within = found.within(urgent=urgent)
    return Response(found.text, found.goes_to, within, f"alert-rules {table.version}")


def raise_alert(
    session: Session,
    person: Participant | None,
    *,
    rule: str,
    level: Level,
    values: Values,
    response: Response | None = None,
) -> Alert:
    """Raise what a rule found about a person (None: about the study), or count it at the alert that is open.

    `response` is that of a rule of a protocol or an instrument; default is that of the product's table.
    An open alert takes in for 72 hours what the same rule finds, or one that finds the same thing; but nothing
    that is graver, due sooner, or about another adverse event (the value `event`).
    A red alert opens a work item too, of the person or of the study. Raises UnknownAlertRuleError, AlertRefusedError.
    """
    asked = response_of(rule) if response is None else response
    if asked.within is None and level != "blue":
        raise AlertRefusedError(f"alert {rule}: {level} needs a time to answer in; give `within`")
    _hold(session, None if person is None else person.id)
    now = clock.now()
    found = Alert(
        participant_id=None if person is None else person.id,
        rule=rule,
        rule_version=asked.version,
        level=level,
        text=asked.text,
        values=dict(values),
        owner=asked.owner,
        created_at=now,
        due_at=None if asked.within is None else now + asked.within,
    )
    before = _taking_in(session, found)
    if before is not None:
        _record(session, before, "repeated", by=f"rule {rule} ({asked.version})", values=values)
        return before
    session.add(found)
    session.flush()
    if level == "red":
        due = f"answer by {found.due_at:%Y-%m-%d %H:%M} UTC"
        said = values.get("said")
        reason = "; ".join(str(each) for each in (found.text, said, due) if each)
        working.open_item(session, found.participant_id, _work(found), _subject(found), reason)
    return found


def found_too(
    session: Session, alert: Alert, *, rule: str, response: Response, values: Values
) -> None:
    """Record that another rule, named as it stands, found at the same moment what an alert was raised for."""
    _record(session, alert, "repeated", by=f"rule {rule} ({response.version})", values=values)


def _work(alert: Alert) -> str:
    return _WORK if alert.participant_id is not None else _WORK_OF_THE_STUDY


def _taking_in(session: Session, found: Alert) -> Alert | None:
    """Return the open alert that a find is a repetition of."""
    earliest = found.created_at - alert_rules.shipped().merge_within
    rows = session.scalars(
        select(Alert).where(
            Alert.rule.in_(alert_rules.shipped().like(found.rule)),
            Alert.participant_id.is_not_distinct_from(found.participant_id),
            Alert.created_at > earliest,
            ~_has("closed"),
        )
    )
    return min((each for each in rows if not _stands_alone(found, each)), key=urgency, default=None)


def urgency(alert: Alert) -> tuple[int, datetime, str]:
    """Return what alerts are sorted by: the gravest first, then what is due first."""
    return alert_rules.LEVELS.index(alert.level), alert.due_at or alert.created_at, str(alert.id)


def _stands_alone(found: Alert, before: Alert) -> bool:
    """Whether a find must be seen on its own: another event, a higher level, due before the one that is open.

    Another rule that finds the same thing may know of no event.
    """
    about = found.values.get(_ABOUT), before.values.get(_ABOUT)
    if about[0] != about[1] and (found.rule == before.rule or None not in about):
        return True
    if found.level != before.level:
        return alert_rules.LEVELS.index(found.level) < alert_rules.LEVELS.index(before.level)
    return found.due_at is not None and (before.due_at is None or found.due_at < before.due_at)


def acknowledge(session: Session, alert: Alert, *, by: str) -> None:
    """Record who has seen an alert and answers for it. Raises AlertRefusedError if somebody does already."""
    _require_open(session, alert)
    earlier = _event(session, alert, "acknowledged")
    if earlier is not None:
        raise AlertRefusedError(
            f"{_named(alert)} was acknowledged by {earlier.by} at {earlier.at:%Y-%m-%d %H:%M} UTC"
        )
    _record(session, alert, "acknowledged", by=by)


def act(session: Session, alert: Alert, *, by: str, action: str) -> None:
    """Record what was done about an alert that is open. Raises AlertRefusedError."""
    _require_open(session, alert)
    if not action.strip():
        raise AlertRefusedError(f"{_named(alert)}: say what was done")
    _record(session, alert, "acted", by=by, action=action)


def close(
    session: Session, alert: Alert, *, by: str, because: str, action: str | None = None
) -> None:
    """Close an alert, with what was done if anything was; who closes it unseen acknowledges it as well.

    Raises AlertRefusedError if it is closed, or without a reason.
    """
    _require_open(session, alert)
    if not because.strip():
        raise AlertRefusedError(f"{_named(alert)}: say why it is closed")
    if _event(session, alert, "acknowledged") is None:
        _record(session, alert, "acknowledged", by=by)
    if action is not None:
        act(session, alert, by=by, action=action)
    _record(session, alert, "closed", by=by, because=because)
    working.close_items(
        session, alert.participant_id, _work(alert), _subject(alert), because="the alert is closed"
    )


def red_alert_is_open(session: Session, person: Participant) -> bool:
    """Whether a red alert about a person is not closed yet: acknowledged is not enough."""
    found = select(Alert.id).where(
        Alert.participant_id == person.id, Alert.level == "red", ~_has("closed")
    )
    return session.scalar(select(found.exists())) is True


def find(session: Session, alert: UUID) -> Alert:
    """Return an alert by its id. Raises AlertRefusedError."""
    found = session.get(Alert, alert)
    if found is None:
        raise AlertRefusedError(
            f"there is no alert {alert}; `hometrial alert list` shows them with their ids"
        )
    return found


def history(session: Session, alert: Alert) -> Sequence[AlertEvent]:
    """Return all that happened to an alert, in order."""
    return session.scalars(
        select(AlertEvent)
        .where(AlertEvent.alert_id == alert.id)
        .order_by(AlertEvent.at, AlertEvent.id)
    ).all()


def _require_open(session: Session, alert: Alert) -> None:
    _hold(session, alert.participant_id)
    closed = _event(session, alert, "closed")
    if closed is not None:
        raise AlertRefusedError(
            f"{_named(alert)} was closed by {closed.by} at {closed.at:%Y-%m-%d %H:%M} UTC: {closed.because}"
        )


def _event(session: Session, alert: Alert, kind: str) -> AlertEvent | None:
    return session.scalars(
        select(AlertEvent).where(AlertEvent.alert_id == alert.id, AlertEvent.kind == kind).limit(1)
    ).one_or_none()


def _has(kind: str) -> Exists:
    return exists().where(AlertEvent.alert_id == Alert.id, AlertEvent.kind == kind)


def _record(  # noqa: PLR0913 - one column each
    session: Session,
    alert: Alert,
    kind: str,
    *,
    by: str,
    action: str | None = None,
    because: str | None = None,
    values: Values | None = None,
) -> None:
    session.add(
        AlertEvent(
            alert_id=alert.id,
            kind=kind,
            at=clock.now(),
            by=by,
            action=action,
            because=because,
            values=None if values is None else dict(values),
        )
    )
    session.flush()


def _subject(alert: Alert) -> str:
    return f"{alert.rule}/{alert.id}"


def _named(alert: Alert) -> str:
    return f"alert {alert.rule} ({alert.id})"


def _hold(session: Session, person: UUID | None) -> None:
    """One at a time raises or answers the alerts of a person."""
    key = {"key": f"hometrial.alert.{person or 'study'}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), key)
