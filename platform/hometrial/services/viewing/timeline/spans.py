"""Stretches of days: the trial's epochs, days that the person called bad, pauses."""

from collections.abc import Iterator, Mapping, Sequence
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


def bad_days(
    plan: Plan, taps: tuple[BadDay, ...], crashes: Mapping[date, int], axis: Axis
) -> Iterator[Span]:
    """Yield the days that somebody called bad: they rest by a tap of their own, or their diary tells of a crash."""
    words: dict[date, list[str]] = {}
    for span in sorted(resting.spans(taps, plan.protocol, plan.zones)):
        for number in range((span.last - span.first).days + 1):
            words.setdefault(span.first + timedelta(number), ["bad day told"])
    for row in taps:
        day = axis.day_of(row.at)
        if row.severity is not None and day in words:
            words[day].append(_SEVERITIES[row.severity])
    for day, severity in crashes.items():
        words.setdefault(day, []).append(f"crash in the diary, {_SEVERITIES[severity]}")
    for days in _runs(sorted(words)):
        said = dict.fromkeys(word for day in days for word in words[day])
        yield from of_days("bad day", days[0], days[-1], ", ".join(said), axis)


def _runs(days: Sequence[date]) -> list[list[date]]:
    """Return days that follow one another together."""
    found: list[list[date]] = []
    for day in days:
        if found and day - found[-1][-1] == timedelta(1):
            found[-1].append(day)
        else:
            found.append([day])
    return found


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
