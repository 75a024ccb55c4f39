"""What was planned and taken, day by day and in all: adherence with its bounds, exposure, the dose achieved."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import Participant
from hometrial.protocol.dosing import days, exposure, plan
from hometrial.protocol.dosing.adherence import Adherence, Stretch, adherence, interruptions
from hometrial.protocol.dosing.amounts import Milligrams, written
from hometrial.protocol.dosing.course import Course
from hometrial.protocol.dosing.days import DoseDay
from hometrial.protocol.dosing.exposure import Exposure, Period
from hometrial.services.dosing import footing, storing

_LONG = 2
"""Interruptions of more days are left out of the second adherence."""


class NothingOrderedError(TrialError):
    """A report of the doses of a person of whom nothing was ordered by then."""


@dataclass(frozen=True)
class DoseReport:
    """A person's doses from first to last day, both over.

    `between_interruptions`: the adherence without interruptions of more than 2 days. `relative_intensity`: the
    amount taken in % of what the plan would have given since the first dose, None before it.
    """

    first: date
    last: date
    days: tuple[DoseDay, ...]
    adherence: Adherence
    between_interruptions: Adherence
    interruptions: tuple[Stretch, ...]
    exposure: Exposure
    periods: tuple[Period, ...]
    achieved_mg: Milligrams | None
    relative_intensity: tuple[float, float] | None


def report(
    session: Session, person: Participant, first: date | None = None, last: date | None = None
) -> DoseReport:
    """Return a person's doses; default is from the first order to yesterday, by the person's own calendar.

    Raises NothingOrderedError if no day lies between, RecordRefusedError before consent and allocation.
    """
    stands_on = footing.footing_of(session, person)
    course = storing.course_of(session, person)
    yesterday = stands_on.local(clock.now()).date() - timedelta(days=1)
    begins = first or (course.spells[0].first_on if course.spells else None)
    ends = last or yesterday
    if begins is None or begins > ends or ends > yesterday:
        raise NothingOrderedError(
            f"{person.code}: no day of doses is over between {begins or 'the first order'} and {ends}"
        )
    terms = stands_on.terms(sensitive=footing.is_sensitive(course))
    return _report(course, begins, ends, stands_on.protocol.interruption.from_days, terms.plan)


def _report(
    course: Course, first: date, last: date, least_days: int, own_plan: plan.Plan
) -> DoseReport:
    began = exposure.first_dose_on(course)
    calendar = None if began is None or began > last else plan.planned(own_plan, began)
    return DoseReport(
        first=first,
        last=last,
        days=tuple(days.dose_days(course, first, last)),
        adherence=adherence(course, first, last),
        between_interruptions=adherence(course, first, last, without_interruptions_over=_LONG),
        interruptions=interruptions(course, first, last, least_days),
        exposure=exposure.exposure(course, first, last),
        periods=exposure.ordered_periods(course, first, last),
        achieved_mg=exposure.achieved_dose(course, first, last),
        relative_intensity=None
        if calendar is None
        else exposure.relative_intensity(course, calendar, last),
    )


def day_row(day: DoseDay) -> dict[str, Any]:
    """Return a day as a line of a table; amounts are text, so that none is rounded."""
    return {
        "day": day.on.isoformat(),
        "state": day.standing.state.value,
        "planned_mg": written(day.planned),
        "least_mg": written(day.least),
        "most_mg": written(day.most),
        "status": day.status.value,
        "topical": day.topical,
        "reasons": [reason.value for reason in day.reasons],
    }


def summary(found: DoseReport) -> dict[str, Any]:
    """Return a report in one line of a table: percent as [least, most], None where nothing was planned or known."""
    whole, between = found.adherence, found.between_interruptions
    return {
        "first": found.first.isoformat(),
        "last": found.last.isoformat(),
        "days_planned": whole.planned_days,
        "days_taken": whole.taken,
        "days_missed": whole.missed,
        "days_unknown": whole.unknown,
        "adherence_days_percent": _bounds(whole.of_days),
        "adherence_mg_percent": _bounds(whole.of_mg),
        "without_interruptions_days_percent": _bounds(between.of_days),
        "without_interruptions_mg_percent": _bounds(between.of_mg),
        "planned_mg": written(whole.planned_mg),
        "taken_mg": [written(found.exposure.least_mg), written(found.exposure.most_mg)],
        "exposure_weeks": round(found.exposure.weeks, 1),
        "achieved_mg": None if found.achieved_mg is None else written(found.achieved_mg),
        "relative_intensity_percent": _bounds(found.relative_intensity),
        "interruptions": [
            f"{each.first_on} to {each.last_on}: {', '.join(each.reasons) or 'nobody said why'}"
            for each in found.interruptions
        ],
    }


def _bounds(percent: tuple[float, float] | None) -> list[float] | None:
    return None if percent is None else [round(each, 1) for each in percent]
