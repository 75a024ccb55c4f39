"""The grid's figures as a table: of each person how many days have what, and what the missing hours are due to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from hometrial.models import DailyMetric, Gap, Participant
from hometrial.services.viewing import bands, diaries
from hometrial.services.viewing.days import Days
from hometrial.services.viewing.presence import Stream

PEOPLE, PERSON_DAYS = 100, 6_000
"""How many people a page shows, and days of people, so that its cost stays the same."""


@dataclass(frozen=True)
class Line:
    """One person: days with each measure, valid days, hours worn on average, forms by fate, missing hours by cause."""

    code: str
    days: dict[str, int]
    valid: int
    worn: float | None
    forms: dict[str, int]
    missing: tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class Table:
    """A page of people from number `start` (0-based) on, of `people`."""

    rows: tuple[Line, ...]
    people: int
    start: int
    size: int

    @property
    def next_start(self) -> int | None:
        """Where the next page begins, None after the last."""
        following = self.start + self.size
        return following if following < self.people else None


def table(
    session: Session, days: Days, streams: Sequence[Stream], start: int = 0, band: str = ""
) -> Table:
    """Return the figures of some people over some days: five queries, however many there are."""
    chosen = bands.condition(band, days.last)
    size = max(1, min(PEOPLE, PERSON_DAYS // days.length))
    people = session.execute(
        select(Participant.id, Participant.code)
        .where(chosen)
        .order_by(Participant.code)
        .offset(start)
        .limit(size)
    ).all()
    ids = [person for person, _ in people]
    metrics = {stream.metric for stream in streams if stream.metric}
    measured = _measured(session, ids, days)
    missing = _missing(session, ids, days)
    forms = diaries.totals(session, ids, days)
    total = session.scalar(select(func.count()).select_from(Participant).where(chosen)) or 0
    return Table(
        tuple(
            Line(
                code,
                {name: measured.get((id_, name), (0, 0.0))[0] for name in sorted(metrics)},
                int(measured.get((id_, "valid_day"), (0, 0.0))[1]),
                _mean_hours(measured.get((id_, "wear_minutes"))),
                forms.get(id_, {}),
                tuple(missing.get(id_, ())),
            )
            for id_, code in people
        ),
        total,
        start,
        size,
    )


def _mean_hours(found: tuple[int, float] | None) -> float | None:
    return None if not found or not found[0] else found[1] / found[0] / 60


def _measured(
    session: Session, people: Sequence[UUID], days: Days
) -> dict[tuple[UUID, str], tuple[int, float]]:
    """Return of each metric on how many days it is above nothing, and its sum."""
    rows = session.execute(
        select(
            DailyMetric.participant_id,
            DailyMetric.metric,
            func.sum(case((DailyMetric.value > 0, 1), else_=0)),
            func.sum(DailyMetric.value),
        )
        .where(
            DailyMetric.participant_id.in_(people),
            DailyMetric.metric.in_(("wear_minutes", "steps", "sleep_minutes", "valid_day")),
            DailyMetric.day.between(days.first, days.last),
        )
        .group_by(DailyMetric.participant_id, DailyMetric.metric)
    )
    return {(person, metric): (count, float(total)) for person, metric, count, total in rows}


def _missing(
    session: Session, people: Sequence[UUID], days: Days
) -> dict[UUID, list[tuple[str, float]]]:
    """Return the missing hours of heart rate by cause, most first."""
    hours = func.sum(func.extract("epoch", Gap.end_at - Gap.start_at)) / 3600
    first = datetime.combine(days.first - timedelta(days=2), time.min, UTC)
    last = datetime.combine(days.last + timedelta(days=3), time.min, UTC)
    rows = session.execute(
        select(Gap.participant_id, Gap.cause, hours)
        .where(
            Gap.participant_id.in_(people),
            Gap.stream == "heart_rate",
            Gap.start_at.between(first, last),
            Gap.day.between(days.first, days.last),
        )
        .group_by(Gap.participant_id, Gap.cause)
        .order_by(hours.desc())
    )
    found: dict[UUID, list[tuple[str, float]]] = {}
    for person, cause, amount in rows:
        found.setdefault(person, []).append((cause, float(amount)))
    return found
