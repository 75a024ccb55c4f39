"""By when open work must be answered, where a clock runs: alerts that nobody has answered, reports that nobody has sent."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from hometrial.models import Alert, AlertEvent
from hometrial.services.safety import duties
from hometrial.services.working import OpenItem

_ALERTS = ("red_alert", "alert", "stopping_rule")


def dues(session: Session, items: Sequence[OpenItem]) -> dict[UUID, datetime]:
    """Return by when each item with a running clock must be answered: a fixed number of queries."""
    return _of_alerts(session, items) | _of_reports(session, items)


def _of_alerts(session: Session, items: Sequence[OpenItem]) -> dict[UUID, datetime]:
    about = {
        each.item.subject.partition("/")[2]: each.item.id
        for each in items
        if each.item.kind in _ALERTS
    }
    answered = exists().where(
        AlertEvent.alert_id == Alert.id, AlertEvent.kind.in_(("acknowledged", "closed"))
    )
    rows = session.execute(
        select(Alert.id, Alert.due_at).where(Alert.due_at.is_not(None), ~answered)
    )
    return {about[str(alert)]: due for alert, due in rows if due and str(alert) in about}


def _of_reports(session: Session, items: Sequence[OpenItem]) -> dict[UUID, datetime]:
    about = {
        (each.code, each.item.subject): each.item.id
        for each in items
        if each.item.kind == "report_due"
    }
    return {
        about[key]: duty.running.due_at
        for duty in duties.waiting(session)
        if (key := (duty.code, f"AE/{duty.number}/{duty.running.clock.id}")) in about
    }
