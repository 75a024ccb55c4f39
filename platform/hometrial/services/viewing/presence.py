"""What the database holds of people's days, stream by stream: one query each, however many there are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, Double, Integer, Text, cast, func, select, type_coerce
from sqlalchemy.orm import InstrumentedAttribute, Session

from hometrial.models import DailyMetric, DayChunk, Gap
from hometrial.services.viewing import diaries
from hometrial.services.viewing.days import Days
from hometrial.services.viewing.diaries import DayOfForms


@dataclass(frozen=True)
class Stream:
    """How a stream is shown: its metric divided by `per`, in `unit`; `full` is a full day of it.

    `letter` begins the classes of its strip where a cell shows all streams.
    """

    name: str
    label: str
    letter: str
    metric: str
    unit: str
    per: float
    full: float
    signals: tuple[str, ...]


STREAMS: Mapping[str, Stream] = {
    stream.name: stream
    for stream in (
        Stream("heart_rate", "Heart rate", "a", "wear_minutes", "h worn", 60, 24, ("heart_rate",)),
        Stream("steps", "Steps", "b", "steps", "thousand steps", 1000, 0,
               ("steps", "steps_hourly", "steps_daily")),
        Stream("sleep", "Sleep", "c", "sleep_minutes", "h asleep", 60, 0, ("sleep_session",)),
        Stream("diary", "Questions", "d", "", "forms", 1, 0, ()),
    )
}  # fmt: skip
"""Streams of the grid. One without `full` is there or not: no share of a day can be told of it."""

Person = str
"""A participant's id as text: there are tens of thousands of lines, and making an object of each takes longest."""
Place = tuple[Person, str]
"""A person and a stream; within one, days are told by their number from the first day shown."""


@dataclass(frozen=True)
class Known:
    """What the database holds of some people over some days."""

    values: Mapping[Place, Mapping[int, float]]
    missing: Mapping[Place, Mapping[int, list[tuple[str, float]]]]
    present: Mapping[Place, Mapping[int, str]]
    forms: Mapping[Person, Mapping[int, DayOfForms]]


def known(session: Session, ids: Sequence[UUID], days: Days, streams: Sequence[Stream]) -> Known:
    """Return what is on record of some people: four queries, or those of the streams that are asked for."""
    worn = [stream for stream in streams if stream.signals]
    asked = any(not stream.signals for stream in streams)
    return Known(
        _values(session, ids, days, worn),
        _missing(session, ids, days, worn),
        _present(session, ids, days, worn),
        diaries.by_day(session, ids, days) if asked else {},
    )


def _number(day: InstrumentedAttribute[date], days: Days) -> ColumnElement[int]:
    return type_coerce(day - days.first, Integer)


def _values(
    session: Session, people: Sequence[UUID], days: Days, streams: Sequence[Stream]
) -> dict[Place, dict[int, float]]:
    name_of = {stream.metric: stream.name for stream in streams}
    rows = session.execute(
        select(
            cast(DailyMetric.participant_id, Text),
            DailyMetric.metric,
            _number(DailyMetric.day, days),
            DailyMetric.value,
        )
        .where(DailyMetric.participant_id.in_(people), DailyMetric.metric.in_(name_of))
        .where(DailyMetric.day.between(days.first, days.last))
    )
    found: dict[Place, dict[int, float]] = {}
    for person, metric, day, value in rows:
        found.setdefault((person, name_of[metric]), {})[day] = value
    return found


def _missing(
    session: Session, people: Sequence[UUID], days: Days, streams: Sequence[Stream]
) -> dict[Place, dict[int, list[tuple[str, float]]]]:
    """Return the missing hours of each day by cause, longest first."""
    hours = func.sum(func.extract("epoch", Gap.end_at - Gap.start_at)) / 3600
    rows = session.execute(
        select(
            cast(Gap.participant_id, Text),
            Gap.stream,
            _number(Gap.day, days),
            Gap.cause,
            cast(hours, Double),
        )
        .where(Gap.participant_id.in_(people), Gap.stream.in_([s.name for s in streams]))
        .where(Gap.day.between(days.first, days.last))
        .where(_near(days))
        .group_by(Gap.participant_id, Gap.stream, Gap.day, Gap.cause)
        .order_by(hours.desc(), Gap.cause)
    )
    found: dict[Place, dict[int, list[tuple[str, float]]]] = {}
    for person, stream, day, cause, amount in rows:
        found.setdefault((person, stream), {}).setdefault(day, []).append((cause, amount))
    return found


def _near(days: Days) -> ColumnElement[bool]:
    """Ask for the instants that can lie on these days in any zone, so that the index of `gap` serves."""
    first = datetime.combine(days.first - timedelta(days=2), time.min, UTC)
    last = datetime.combine(days.last + timedelta(days=3), time.min, UTC)
    return Gap.start_at.between(first, last)


def _present(
    session: Session, people: Sequence[UUID], days: Days, streams: Sequence[Stream]
) -> dict[Place, dict[int, str]]:
    """Return the days with samples: `provisional` if a chunk of the stream is, else `final`."""
    name_of = {signal: stream.name for stream in streams for signal in stream.signals}
    rows = session.execute(
        select(
            cast(DayChunk.participant_id, Text),
            DayChunk.stream,
            _number(DayChunk.day, days),
            DayChunk.state,
        ).where(
            DayChunk.participant_id.in_(people),
            DayChunk.stream.in_(name_of),
            DayChunk.day.between(days.first, days.last),
            DayChunk.is_current,
            DayChunk.samples > 0,
        )
    )
    found: dict[Place, dict[int, str]] = {}
    for person, signal, day, state in rows:
        mine = found.setdefault((person, name_of[signal]), {})
        mine[day] = max(state, mine.get(day, state))
    return found
