"""Alerts that were closed: by whom, when and why, the newest first."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from hometrial.models import Alert, AlertEvent, Participant

PER_PAGE = 50


@dataclass(frozen=True)
class ClosedLine:
    """A closed alert, who answered first, and how it ended."""

    alert: Alert
    code: str | None
    acknowledged: AlertEvent
    closed: AlertEvent

    @property
    def in_time(self) -> bool | None:
        """Whether somebody answered in time; None without a clock."""
        return None if self.alert.due_at is None else self.acknowledged.at <= self.alert.due_at


@dataclass(frozen=True)
class ClosedPage:
    """A page of closed alerts."""

    lines: Sequence[ClosedLine]
    total: int
    start: int


def page(session: Session, start: int, participant: str | None) -> ClosedPage:
    """Return closed alerts, of everybody or of one person."""
    ended, seen = aliased(AlertEvent), aliased(AlertEvent)
    query = (
        select(Alert, Participant.code, seen, ended)
        .join(ended, (ended.alert_id == Alert.id) & (ended.kind == "closed"))
        .join(seen, (seen.alert_id == Alert.id) & (seen.kind == "acknowledged"))
        .outerjoin(Participant, Participant.id == Alert.participant_id)
    )
    if participant is not None:
        query = query.where(Participant.code == participant)
    total = session.scalar(select(func.count()).select_from(query.subquery())) or 0
    rows = session.execute(query.order_by(ended.at.desc(), Alert.id).offset(start).limit(PER_PAGE))
    return ClosedPage([ClosedLine(*row) for row in rows], total, start)
