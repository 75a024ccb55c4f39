"""What became of the forms that people were asked, day by day: one query, however many people and days (C11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.services.viewing.days import Days

FATES = ("missed", "late", "open", "too_ill", "excused", "answered")
"""What can have become of a form; of a day with several, the first of these that occurs is shown."""

# A correction changes what was said, and not that it was said in time; `too ill` may be followed by answers.
_LINES = """
SELECT e.participant_id, e.day, e.form, e.kind, e.opens_at, e.closes_at, CASE
    WHEN h.said THEN CASE WHEN h.late THEN 'late' ELSE 'answered' END
    WHEN h.ill THEN 'too_ill'
    WHEN e.excused IS NOT NULL OR p.reason IS NOT NULL THEN 'excused'
    WHEN e.closes_at > :now THEN 'open'
    ELSE 'missed' END AS fate,
  CASE WHEN h.said OR h.ill THEN NULL ELSE coalesce(e.excused, 'pause: ' || p.reason) END AS why
FROM expected_form e
LEFT JOIN LATERAL (
    SELECT bool_or(s.kind <> 'too_ill') AS said, bool_or(s.kind = 'too_ill') AS ill,
      (array_agg(s.late ORDER BY s.revision) FILTER (WHERE s.kind <> 'too_ill'))[1] AS late
    FROM response r JOIN submission s ON s.response_id = r.id
    WHERE r.participant_id = e.participant_id AND r.form = e.form AND r.occasion = e.occasion
) h ON true
LEFT JOIN LATERAL (
    SELECT q.reason FROM pause q
    WHERE q.participant_id = e.participant_id AND q.start_at <= e.opens_at
      AND (q.end_at IS NULL OR e.closes_at <= q.end_at)
    LIMIT 1
) p ON true
WHERE e.participant_id = ANY(:people) AND e.day BETWEEN :first AND :last AND e.opens_at <= :now
"""
_DAYS = text(
    "SELECT participant_id::text AS person, day - :first AS number, fate, count(*) AS forms"  # noqa: S608 - our words
    f" FROM ({_LINES}) line GROUP BY participant_id, day, fate"
)
_TOTALS = text(
    f"SELECT participant_id, fate, count(*) FROM ({_LINES}) line GROUP BY participant_id, fate"  # noqa: S608
)
_ALL = text(f"{_LINES} ORDER BY e.day, e.opens_at, e.form")


class Asked(NamedTuple):
    """One form of one person and what became of it; `why` says what excused it."""

    day: date
    form: str
    kind: str
    opens_at: datetime
    closes_at: datetime
    fate: str
    why: str | None


@dataclass(frozen=True)
class DayOfForms:
    """How many forms of one day had which fate, the fate that the day is shown by, and all of it in words."""

    counts: tuple[tuple[str, int], ...]
    fate: str
    told: str


def by_day(
    session: Session, people: Sequence[UUID], days: Days
) -> dict[str, dict[int, DayOfForms]]:
    """Return, by a participant's id as text, the days on which anything was asked, numbered from the first."""
    found: dict[str, dict[int, dict[str, int]]] = {}
    for person, number, fate, forms in session.execute(_DAYS, _asking(people, days)):
        found.setdefault(person, {}).setdefault(number, {})[fate] = forms
    return {
        person: {number: _day(counts) for number, counts in mine.items()}
        for person, mine in found.items()
    }


def _day(counts: Mapping[str, int]) -> DayOfForms:
    return _of_counts(tuple((fate, counts[fate]) for fate in FATES if fate in counts))


@cache
def _of_counts(counts: tuple[tuple[str, int], ...]) -> DayOfForms:
    told = ", ".join(f"{count} {fate.replace('_', ' ')}" for fate, count in counts)
    return DayOfForms(counts, counts[0][0], told)


def totals(session: Session, people: Sequence[UUID], days: Days) -> dict[UUID, dict[str, int]]:
    """Return how many forms of each person had which fate on some days."""
    found: dict[UUID, dict[str, int]] = {}
    for person, fate, forms in session.execute(_TOTALS, _asking(people, days)):
        found.setdefault(person, {})[fate] = forms
    return found


def lines(session: Session, person: UUID, days: Days) -> list[Asked]:
    """Return every form that a person was asked on some days, in order."""
    rows = session.execute(_ALL, _asking([person], days))
    return [
        Asked(row.day, row.form, row.kind, row.opens_at, row.closes_at, row.fate, row.why)
        for row in rows
    ]


def _asking(people: Sequence[UUID], days: Days) -> dict[str, object]:
    return {"people": list(people), "first": days.first, "last": days.last, "now": clock.now()}
