"""Doses of many evenings of a person, told as they would have been told one by one, and held against the same rules."""

import random
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy.orm import Session

from hometrial.models import Participant
from hometrial.protocol.dosing import course
from hometrial.protocol.dosing.events import Entry, Intake, Reason, Source
from hometrial.services.dosing import recording, storing
from hometrial.services.dosing.recording import Chart

FORGOTTEN, MISSED = 0.04, 0.03
"""Shares of evenings of which nothing is told, and of which is told that nothing was taken."""
_EVENING = 20  # o'clock


def evenings(
    session: Session, person: Participant, first: date, last: date, dice: random.Random
) -> None:
    """Tell of each evening's dose as it was ordered; now and then one is forgotten, or missed for a reason.

    Raises RecordRefusedError.
    """
    chart = recording.open_chart(session, person)
    now, terms = chart.course, chart.terms
    for number in range((last - first).days + 1):
        event = _evening(chart, len(now.events) + 1, first + timedelta(number), dice)
        if event is not None:
            now = course.record(now, event, terms)
            session.add(storing.row_of(person.id, event))
    session.flush()
    recording.settle(session, person)


def _evening(chart: Chart, number: int, day: date, dice: random.Random) -> Intake | None:
    standing = chart.course.standing_on(day)
    luck, minute = dice.random(), dice.randrange(90)
    formulation = None if standing.dose is None else standing.dose.formulation
    if standing.dose is None or formulation is None or luck < FORGOTTEN:
        return None
    part = standing.dose.parts[-1]
    at = datetime(day.year, day.month, day.day, _EVENING, tzinfo=chart.now.tzinfo)
    at += timedelta(minutes=minute)
    is_missed = luck < FORGOTTEN + MISSED
    return Intake(
        Entry(str(number), chart.footing.code, at, ""),
        day,
        Decimal(0) if is_missed else part.mg,
        formulation,
        Source.APP_TAP,
        part.time_of_day,
        taken_at=None if is_missed else at,
        missed=Reason.FORGOT if is_missed else None,
    )
