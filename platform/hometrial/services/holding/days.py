"""A person's own days: what a watch says of each, and why a number is missing."""

from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import DailyMetric, Gap, Participant

MEASURES = {"steps": "steps", "rhr_sleep": "heart_rate", "sleep_minutes": "sleep"}
"""The daily metrics that people see, each with the stream whose gaps explain why it is missing."""


@dataclass(frozen=True)
class Measured:
    """A number of a day; where it is missing, the cause of the longest gap, None where none is known."""

    on: date
    value: float | None
    cause: str | None = None


def measured(
    session: Session, person: Participant, first: date, last: date
) -> dict[str, list[Measured]]:
    """Return each measure of each day from first to last."""
    values = {
        (row.metric, row.day): row.value
        for row in session.scalars(
            select(DailyMetric).where(
                DailyMetric.participant_id == person.id,
                DailyMetric.metric.in_(MEASURES),
                DailyMetric.day.between(first, last),
            )
        )
    }
    causes = _causes(session, person, first, last)
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    return {
        metric: [
            Measured(on, values[metric, on])
            if (metric, on) in values
            else Measured(on, None, causes.get((stream, on)))
            for on in days
        ]
        for metric, stream in MEASURES.items()
    }


def _causes(
    session: Session, person: Participant, first: date, last: date
) -> dict[tuple[str, date], str]:
    """Return the cause of the longest gap of each stream and day."""
    rows = session.scalars(
        select(Gap).where(Gap.participant_id == person.id, Gap.day.between(first, last))
    )
    longest: dict[tuple[str, date], Gap] = {}
    for row in rows:
        known = longest.get((row.stream, row.day))
        if known is None or row.end_at - row.start_at > known.end_at - known.start_at:
            longest[row.stream, row.day] = row
    return {key: row.cause for key, row in longest.items()}
