"""A stretch of local days, and the days on which the study has data."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from sqlalchemy import ARRAY, TEXT, Subquery, func, literal, select, true
from sqlalchemy.orm import Session

from hometrial.models import DayChunk, Participant

TELLING = ("heart_rate", "steps", "steps_hourly", "steps_daily", "sleep_session")
"""Streams whose first and last day are taken for those of a person's data."""


@dataclass(frozen=True)
class Days:
    """Local days from `first` to `last`, both included."""

    first: date
    last: date

    @classmethod
    def ending(cls, last: date, length: int) -> "Days":
        """Return the `length` days that end with `last`."""
        return cls(last - timedelta(days=length - 1), last)

    @property
    def length(self) -> int:
        """How many days there are."""
        return (self.last - self.first).days + 1

    def each(self) -> list[date]:
        """Return every day in order."""
        return [self.first + timedelta(days=number) for number in range(self.length)]

    def moved(self, times: int) -> "Days":
        """Return the stretch of equal length that many lengths later (earlier if negative)."""
        step = timedelta(days=times * self.length)
        return Days(self.first + step, self.last + step)


def data_days(session: Session, person: UUID | None = None) -> Days | None:
    """Return the first and last local day with samples, of one person or of all; None without data."""
    bounds = _bounds_of_streams(person)
    first, last = session.execute(select(func.min(bounds.c.first), func.max(bounds.c.last))).one()
    return None if first is None else Days(first, last)


def data_days_by_person(session: Session) -> dict[UUID, Days]:
    """Return the first and last local day with samples of everyone who has any."""
    bounds = _bounds_of_streams(None)
    rows = session.execute(
        select(bounds.c.person, func.min(bounds.c.first), func.max(bounds.c.last))
        .where(bounds.c.first.is_not(None))
        .group_by(bounds.c.person)
    )
    return {person: Days(first, last) for person, first, last in rows}


def _bounds_of_streams(person: UUID | None) -> Subquery:
    """Return person, first and last of each telling stream: a few index look-ups, never a scan."""
    streams = (
        func.unnest(literal(list(TELLING), ARRAY(TEXT))).table_valued("stream").render_derived()
    )
    held = select(DayChunk.day).where(
        DayChunk.participant_id == Participant.id,
        DayChunk.stream == streams.c.stream,
        DayChunk.is_current,
        DayChunk.samples > 0,
    )
    found = (
        select(
            Participant.id.label("person"),
            held.order_by(DayChunk.day).limit(1).scalar_subquery().label("first"),
            held.order_by(DayChunk.day.desc()).limit(1).scalar_subquery().label("last"),
        )
        .select_from(Participant)
        .join(streams, onclause=true())
    )
    return (found if person is None else found.where(Participant.id == person)).subquery()
