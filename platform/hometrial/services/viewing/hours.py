"""One local day of one person, hour by hour and stream by stream: what is there, and why the rest is not."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import ceil

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import DayChunk, Gap, Participant, Pause
from hometrial.services import enrolling
from hometrial.services.missing import SHOWING
from hometrial.services.viewing import diaries
from hometrial.services.viewing.days import Days
from hometrial.services.viewing.diaries import Asked

HOUR = timedelta(hours=1)
_HOUR = 3_600_000_000


@dataclass(frozen=True)
class Hour:
    """An hour of the day by the person's clock; `state` is `there`, `to come`, `nothing on record` or a gap's cause."""

    starts_at: datetime
    label: str
    state: str


@dataclass(frozen=True)
class StreamOfDay:
    """The hours of one stream."""

    name: str
    hours: Sequence[Hour]

    @property
    def causes(self) -> dict[str, int]:
        """How many hours are missing by cause, most first."""
        found: dict[str, int] = {}
        for hour in self.hours:
            if hour.state not in ("there", "to come", "nothing on record"):
                found[hour.state] = found.get(hour.state, 0) + 1
        return dict(sorted(found.items(), key=lambda each: -each[1]))


@dataclass(frozen=True)
class DayOfHours:
    """A day: its streams (none without a time zone), its forms, and the rests that touch it."""

    streams: Sequence[StreamOfDay]
    forms: Sequence[Asked]
    rests: Sequence[Pause]


def of_day(session: Session, person: Participant, day: date) -> DayOfHours:
    """Return a person's day: five queries."""
    rows = enrolling.zone_rows(session, [person.id]).get(person.id)
    forms = diaries.lines(session, person.id, Days(day, day))
    if not rows:
        return DayOfHours([], forms, [])
    zones = enrolling.zone_history(rows)
    start, end = enrolling.day_bounds(zones, [day])[day]
    hours = [start + number * HOUR for number in range(ceil((end - start) / HOUR))]
    _, local = zones.place_instant(np.array([clock.microseconds(each) for each in hours], np.int64))
    labels = [f"{at // _HOUR % 24:02d}" for at in local.tolist()]
    gaps = _gaps(session, person, day)
    held = _held(session, person, day)
    streams = [
        StreamOfDay(
            name,
            [
                Hour(each, label, _state(each, gaps.get(name, []), has_any=name in held))
                for each, label in zip(hours, labels, strict=True)
            ],
        )
        for name in SHOWING
    ]
    rests = session.scalars(
        select(Pause).where(
            Pause.participant_id == person.id,
            Pause.start_at < end,
            (Pause.end_at.is_(None)) | (Pause.end_at > start),
        )
    ).all()
    return DayOfHours(streams, forms, rests)


def _gaps(session: Session, person: Participant, day: date) -> dict[str, list[Gap]]:
    found: dict[str, list[Gap]] = {}
    mine = select(Gap).where(Gap.participant_id == person.id, Gap.day == day)
    for gap in session.scalars(mine.order_by(Gap.start_at)):
        found.setdefault(gap.stream, []).append(gap)
    return found


def _held(session: Session, person: Participant, day: date) -> set[str]:
    """Return the streams that have any sample on this day."""
    held = set(
        session.scalars(
            select(DayChunk.stream).where(
                DayChunk.participant_id == person.id,
                DayChunk.day == day,
                DayChunk.is_current,
                DayChunk.samples > 0,
            )
        )
    )
    return {name for name, signals in SHOWING.items() if held & set(map(str, signals))}


def _state(hour: datetime, gaps: Sequence[Gap], *, has_any: bool) -> str:
    for gap in gaps:
        if gap.start_at <= hour < gap.end_at:
            return gap.cause
    if hour > clock.now():
        return "to come"
    return "there" if has_any else "nothing on record"
