"""Groups of people that somebody may want to write to, told by what is missing of them (journey 5.1, step 4)."""

from collections.abc import Mapping
from datetime import date, timedelta

from sqlalchemy import ColumnElement, func, select, true

from hometrial import clock
from hometrial.models import DailyMetric, DayChunk, ExpectedForm, Participant, Response, Submission

SILENT_DAYS, WEEK, VALID_DAYS, MISSED_DAYS = 2, 7, 4, 3
BANDS: Mapping[str, str] = {
    "": "everybody",
    "silent": f"no heart rate on the last {SILENT_DAYS} days",
    "few": f"fewer than {VALID_DAYS} valid days of the last {WEEK}",
    "unanswered": f"questions unanswered on the last {MISSED_DAYS} days",
}
"""Bands by name, as people read them. The days end with the last one shown."""


def condition(band: str, last: date) -> ColumnElement[bool]:
    """Return the condition that a participant is in a band. Nobody who has withdrawn is in any but the first."""
    if not band:
        return true()
    lacking = {"silent": _silent, "few": _few, "unanswered": _unanswered}[band](last)
    return (Participant.status != "withdrawn") & lacking


def _silent(last: date) -> ColumnElement[bool]:
    """Told of those who had heart rate at any time; who never had any is the doctor's to look at."""
    held = select(DayChunk.id).where(
        DayChunk.participant_id == Participant.id,
        DayChunk.stream == "heart_rate",
        DayChunk.is_current,
        DayChunk.samples > 0,
    )
    lately = held.where(DayChunk.day.between(last - timedelta(SILENT_DAYS - 1), last))
    return held.exists() & ~lately.exists()


def _few(last: date) -> ColumnElement[bool]:
    valid = (
        select(func.count())
        .where(
            DailyMetric.participant_id == Participant.id,
            DailyMetric.metric == "valid_day",
            DailyMetric.day.between(last - timedelta(WEEK - 1), last),
            DailyMetric.value > 0,
        )
        .correlate(Participant)
        .scalar_subquery()
    )
    return valid < VALID_DAYS


def _unanswered(last: date) -> ColumnElement[bool]:
    handed = (
        select(Submission.id)
        .join(Response, Response.id == Submission.response_id)
        .where(
            Response.participant_id == ExpectedForm.participant_id,
            Response.form == ExpectedForm.form,
            Response.occasion == ExpectedForm.occasion,
        )
    )
    missed = select(ExpectedForm.form).where(
        ExpectedForm.participant_id == Participant.id,
        ExpectedForm.day.between(last - timedelta(MISSED_DAYS - 1), last),
        ExpectedForm.closes_at <= clock.now(),
        ExpectedForm.excused.is_(None),
        ~handed.exists(),
    )
    return missed.exists()
