"""Who has data on which day: one row for each person and stream, one cell a local day (C11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from hometrial.models import DailyMetric, DayChunk, Gap, Participant
from hometrial.services.viewing.days import Days

CELLS = 4_200
"""Cells of one page, so that its cost stays the same however many people and days there are."""


@dataclass(frozen=True)
class Stream:
    """How a stream is shown: its metric divided by `per`, in `unit`; `full` is a full day of it."""

    name: str
    label: str
    metric: str
    unit: str
    per: float
    full: float
    signals: tuple[str, ...]


STREAMS: Mapping[str, Stream] = {
    stream.name: stream
    for stream in (
        Stream("heart_rate", "Heart rate", "wear_minutes", "h worn", 60, 24, ("heart_rate",)),
        Stream("steps", "Steps", "steps", "thousand steps", 1000, 0,
               ("steps", "steps_hourly", "steps_daily")),
        Stream("sleep", "Sleep", "sleep_minutes", "h asleep", 60, 0, ("sleep_session",)),
    )
}  # fmt: skip
"""Streams of the grid. One without `full` is there or not: no share of a day can be told of it."""

CAUSE_MARKS = {
    "not_worn": "w",
    "not_synced": "s",
    "token_dead": "t",
    "scope_missing": "x",
    "not_consented": "c",
    "paused": "p",
    "provider_outage": "o",
    "retired": "r",
    "quarantined": "q",
    "not_in_source": "–",
    "unknown": "?",
}
"""The mark of a day, or an hour, that is missing whole, by its cause."""


class Cell(NamedTuple):
    """One day: `level` names its look (none, gap, 1-4), `text` stands in it, `title` says it in words."""

    day: date
    level: str
    text: str
    title: str


@dataclass(frozen=True)
class Row:
    """One stream of one person, day by day."""

    code: str
    stream: Stream
    cells: tuple[Cell, ...]
    provisional: frozenset[date]


@dataclass(frozen=True)
class Grid:
    """A page of the grid: `size` people from number `start` (0-based) on, of `people`."""

    days: tuple[date, ...]
    rows: tuple[Row, ...]
    people: int
    start: int
    size: int

    @property
    def next_start(self) -> int | None:
        """Where the next page begins, None after the last."""
        following = self.start + self.size
        return following if following < self.people else None


@dataclass(frozen=True)
class _Known:
    """What the database holds of some people over some days, by (person, stream, day)."""

    values: dict[tuple[UUID, str, date], float]
    missing: dict[tuple[UUID, str, date], list[tuple[str, float]]]
    present: dict[tuple[UUID, str, date], str]


def grid(session: Session, days: Days, streams: Sequence[Stream], start: int = 0) -> Grid:
    """Return the grid over some days: five queries, whatever the number of people and days."""
    size = max(1, CELLS // (days.length * len(streams)))
    people = session.execute(
        select(Participant.id, Participant.code)
        .order_by(Participant.code)
        .offset(start)
        .limit(size)
    ).all()
    ids = [person for person, _ in people]
    known = _Known(
        _values(session, ids, days, streams),
        _missing(session, ids, days, streams),
        _present(session, ids, days, streams),
    )
    each = tuple(days.each())
    rows = tuple(_row(known, id_, code, stream, each) for id_, code in people for stream in streams)
    total = session.scalar(select(func.count()).select_from(Participant)) or 0
    return Grid(each, rows, total, start, size)


def _values(
    session: Session, people: Sequence[UUID], days: Days, streams: Sequence[Stream]
) -> dict[tuple[UUID, str, date], float]:
    name_of = {stream.metric: stream.name for stream in streams}
    rows = session.execute(
        select(DailyMetric.participant_id, DailyMetric.metric, DailyMetric.day, DailyMetric.value)
        .where(DailyMetric.participant_id.in_(people), DailyMetric.metric.in_(name_of))
        .where(DailyMetric.day.between(days.first, days.last))
    )
    return {(person, name_of[metric], day): value for person, metric, day, value in rows}


def _missing(
    session: Session, people: Sequence[UUID], days: Days, streams: Sequence[Stream]
) -> dict[tuple[UUID, str, date], list[tuple[str, float]]]:
    """Return the missing hours of each day by cause, longest first."""
    hours = func.sum(func.extract("epoch", Gap.end_at - Gap.start_at)) / 3600
    rows = session.execute(
        select(Gap.participant_id, Gap.stream, Gap.day, Gap.cause, hours)
        .where(Gap.participant_id.in_(people), Gap.stream.in_([s.name for s in streams]))
        .where(Gap.day.between(days.first, days.last))
        .where(_near(days))
        .group_by(Gap.participant_id, Gap.stream, Gap.day, Gap.cause)
        .order_by(hours.desc(), Gap.cause)
    )
    found: dict[tuple[UUID, str, date], list[tuple[str, float]]] = {}
    for person, stream, day, cause, amount in rows:
        found.setdefault((person, stream, day), []).append((cause, float(amount)))
    return found


def _near(days: Days) -> ColumnElement[bool]:
    """Ask for the instants that can lie on these days in any zone, so that the index of `gap` serves."""
    first = datetime.combine(days.first - timedelta(days=2), time.min, UTC)
    last = datetime.combine(days.last + timedelta(days=3), time.min, UTC)
    return Gap.start_at.between(first, last)


def _present(
    session: Session, people: Sequence[UUID], days: Days, streams: Sequence[Stream]
) -> dict[tuple[UUID, str, date], str]:
    """Return the days with samples: `provisional` if a chunk of the stream is, else `final`."""
    name_of = {signal: stream.name for stream in streams for signal in stream.signals}
    rows = session.execute(
        select(DayChunk.participant_id, DayChunk.stream, DayChunk.day, DayChunk.state).where(
            DayChunk.participant_id.in_(people),
            DayChunk.stream.in_(name_of),
            DayChunk.day.between(days.first, days.last),
            DayChunk.is_current,
            DayChunk.samples > 0,
        )
    )
    found: dict[tuple[UUID, str, date], str] = {}
    for person, signal, day, state in rows:
        key = (person, name_of[signal], day)
        found[key] = max(state, found.get(key, state))
    return found


def _row(known: _Known, person: UUID, code: str, stream: Stream, days: tuple[date, ...]) -> Row:
    keys = [(person, stream.name, day) for day in days]
    cells = tuple(_cell(known, key, stream) for key in keys)
    early = frozenset(key[2] for key in keys if known.present.get(key) == "provisional")
    return Row(code, stream, cells, early)


def _cell(known: _Known, key: tuple[UUID, str, date], stream: Stream) -> Cell:
    day, value, missing = key[2], known.values.get(key), known.missing.get(key, [])
    causes = "".join(f"; {_hours(hours)} {cause.replace('_', ' ')}" for cause, hours in missing)
    if key in known.present:
        told = "data, no measure" if value is None else f"{value / stream.per:.1f} {stream.unit}"
        text = "·" if value is None else f"{value / stream.per:.0f}"
        return Cell(day, _level(value, stream), text, f"{day}: {told}{causes}")
    if missing:
        cause = missing[0][0]
        return Cell(day, "gap", CAUSE_MARKS[cause], f"{day}: no data{causes}")
    return Cell(day, "none", "", f"{day}: nothing on record")


def _hours(hours: float) -> str:
    return f"{hours:.1f}".removesuffix(".0") + " h"


def _level(value: float | None, stream: Stream) -> str:
    """Return 1 to 4, a quarter of a full day each."""
    if not stream.full:
        return "4"
    if value is None:
        return "1"
    share = value / stream.per / stream.full
    return next(
        (level for level, top in (("1", 0.25), ("2", 0.5), ("3", 0.75)) if share < top), "4"
    )
