"""Who has data on which day: one row a person, one cell a local day, of one stream or of all four (C11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial.models import Participant
from hometrial.services.viewing import bands, presence
from hometrial.services.viewing.days import Days
from hometrial.services.viewing.diaries import DayOfForms
from hometrial.services.viewing.presence import Known, Person, Stream

CELLS = 3_200
"""Cells of one page, so that its cost stays the same however many people and days there are."""


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
FATE_MARKS = {
    "answered": ("4", "a"),
    "late": ("2", "l"),
    "open": ("open", "…"),
    "too_ill": ("rest", "i"),
    "excused": ("rest", "e"),
    "missed": ("gap", "m"),
}
"""The look and the mark of a day's forms, by what became of them."""


class Cell(NamedTuple):
    """One day: `look` are its classes, `text` stands in it, `title` says it in words; nothing is known without one."""

    day: date
    look: str
    text: str
    title: str


@dataclass(frozen=True)
class Row:
    """One person, day by day."""

    code: str
    cells: tuple[Cell, ...]


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
class _Line:
    """What is known of one stream of one person, by the number of the day."""

    stream: Stream
    values: Mapping[int, float]
    missing: Mapping[int, list[tuple[str, float]]]
    present: Mapping[int, str]
    forms: Mapping[int, DayOfForms]


_NOTHING: Mapping[int, Any] = {}


def grid(
    session: Session, days: Days, streams: Sequence[Stream], start: int = 0, band: str = ""
) -> Grid:
    """Return the grid over some days: six queries, whatever the number of people and days.

    `band` keeps those of `bands.BANDS` only.
    """
    size = max(1, CELLS // days.length)
    chosen = bands.condition(band, days.last)
    people = session.execute(
        select(Participant.id, Participant.code)
        .where(chosen)
        .order_by(Participant.code)
        .offset(start)
        .limit(size)
    ).all()
    known = presence.known(session, [person for person, _ in people], days, streams)
    each = tuple(days.each())
    total = session.scalar(select(func.count()).select_from(Participant).where(chosen)) or 0
    rows = tuple(Row(code, _cells(known, str(id_), streams, each)) for id_, code in people)
    return Grid(each, rows, total, start, size)


def _cells(
    known: Known, person: Person, streams: Sequence[Stream], days: tuple[date, ...]
) -> tuple[Cell, ...]:
    lines = [_line(known, person, stream) for stream in streams]
    if len(lines) == 1:
        return tuple(_cell(lines[0], number, day) for number, day in enumerate(days))
    return tuple(_stacked(lines, number, day) for number, day in enumerate(days))


def _line(known: Known, person: Person, stream: Stream) -> _Line:
    place = (person, stream.name)
    return _Line(
        stream,
        known.values.get(place, _NOTHING),
        known.missing.get(place, _NOTHING),
        known.present.get(place, _NOTHING),
        _NOTHING if stream.signals else known.forms.get(person, _NOTHING),
    )


def _stacked(lines: Sequence[_Line], number: int, day: date) -> Cell:
    """Return a cell with a strip for each stream, marked with why the first is missing."""
    looks, said, mark = ["all"], [], ""
    for line in lines:
        level, letter, words, _ = _told(line, number)
        if level == "none":
            continue
        said.append(f"{line.stream.label}: {words}")
        if letter == CAUSE_MARKS["not_in_source"]:
            continue  # nobody can do anything about it, so that it draws no look
        looks.append(f"{line.stream.letter}-{level}")
        if level == "gap" and not mark:
            mark = letter
    return (
        Cell(day, " ".join(looks), mark, f"{day}. {'; '.join(said)}")
        if said
        else Cell(day, "", "", "")
    )


class _Told(NamedTuple):
    level: str
    mark: str
    words: str
    early: bool = False


_UNKNOWN = _Told("none", "", "")


def _cell(line: _Line, number: int, day: date) -> Cell:
    level, mark, words, early = _told(line, number)
    if level == "none":
        return Cell(day, "l-none", "", "")
    return Cell(day, f"l-{level} early" if early else f"l-{level}", mark, f"{day}: {words}")


def _told(line: _Line, number: int) -> _Told:
    stream = line.stream
    if not stream.signals:
        forms = line.forms.get(number)
        return _Told(*FATE_MARKS[forms.fate], forms.told) if forms else _UNKNOWN
    state, value, missing = (
        line.present.get(number),
        line.values.get(number),
        line.missing.get(number, ()),
    )
    causes = "".join(f", {_hours(hours)} {cause.replace('_', ' ')}" for cause, hours in missing)
    if state is not None:
        amount = "data, no measure" if value is None else f"{value / stream.per:.1f} {stream.unit}"
        mark = "·" if value is None else f"{value / stream.per:.0f}"
        return _Told(_level(value, stream), mark, amount + causes, state == "provisional")
    if missing:
        return _Told("gap", CAUSE_MARKS[missing[0][0]], f"no data{causes}")
    return _UNKNOWN


def _hours(hours: float) -> str:
    return f"{hours:.1f}".removesuffix(".0") + " h"


def _level(value: float | None, stream: Stream) -> str:
    """Return 1 to 4, a quarter of a full day each."""
    if not stream.full:
        return "4"
    share = 0.0 if value is None else value / stream.per / stream.full
    return "4" if share >= 0.75 else "3" if share >= 0.5 else "2" if share >= 0.25 else "1"
