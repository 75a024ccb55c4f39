"""Stretches of days: the trial's epochs, days that the person called bad, pauses."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import BadDay, Participant, Pause
from hometrial.protocol.calendar import epoch_spans
from hometrial.services.asking import resting
from hometrial.services.trial.calendars import Plan
from hometrial.services.viewing.timeline.axis import Axis

_SEVERITIES = {1: "mild", 2: "moderate", 3: "severe"}


@dataclass(frozen=True)
class Span:
    """A stretch of time of one kind: `epoch`, `bad day`, `pause` or `suspected crash`; and what it says."""

    kind: str
    start: datetime
    end: datetime
    text: str


def epochs(plan: Plan, axis: Axis) -> Iterator[Span]:
    """Yield the epochs of a person's trial, as far as their days are known or planned."""
    arm = plan.arm or plan.protocol.arms[0].id
    of_all = {each.id for each in plan.protocol.epochs if plan.arm or not each.arms}
    for each in epoch_spans(plan.protocol, arm, plan.anchors):
        if each.epoch in of_all:
            words = each.epoch.replace("_", " ")
            yield from of_days("epoch", each.days.first, each.days.last, words, axis)


def bad_days(plan: Plan, taps: tuple[BadDay, ...], axis: Axis) -> Iterator[Span]:
    """Yield the days on which somebody rests by a tap of their own; the days of several taps once."""
    severity: dict[date, int] = {}
    for row in taps:
        if row.kind == "begun" and row.severity is not None:
            day = axis.day_of(row.at)
            severity[day] = max(row.severity, severity.get(day, 0))
    joined: list[tuple[date, date]] = []
    for span in sorted(resting.spans(taps, plan.protocol, plan.zones)):
        if joined and span.first <= joined[-1][1] + timedelta(1):
            joined[-1] = (joined[-1][0], max(joined[-1][1], span.last))
        else:
            joined.append((span.first, span.last))
    for first, last in joined:
        told = [grade for day, grade in severity.items() if first <= day <= last]
        text = f"bad day told, {_SEVERITIES[max(told)]}" if told else "bad day told"
        yield from of_days("bad day", first, last, text, axis)


def pauses(session: Session, person: Participant, axis: Axis) -> Iterator[Span]:
    """Yield the stretches in which a person rests from the study."""
    rows = session.scalars(
        select(Pause).where(Pause.participant_id == person.id).order_by(Pause.start_at)
    )
    for row in rows:
        end = axis.end if row.end_at is None else min(row.end_at, axis.end)
        start = max(row.start_at, axis.origin)
        if start < end:
            goes_on = "" if row.end_at else ", until further notice"
            yield Span("pause", start, end, f"paused: {row.reason}{goes_on}")


def of_days(kind: str, first: date, last: date, text: str, axis: Axis) -> Iterator[Span]:
    """Yield the part of whole days that lies on the axis."""
    start, end = (
        axis.first_instant(first),
        axis.first_instant(min(last, axis.days.last) + timedelta(1)),
    )
    if start < end:
        yield Span(kind, start, end, text)
