"""What a person is to take today, what is recorded of it, and what they are asked."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from hometrial.models import Participant
from hometrial.protocol.dosing import alerts, days
from hometrial.protocol.dosing.adherence import Stretch, interruptions
from hometrial.protocol.dosing.amounts import Form, Formulation, Part, TimeOfDay, written
from hometrial.protocol.dosing.composing import capsules, millilitres
from hometrial.protocol.dosing.events import Intake, Order
from hometrial.protocol.dosing.recorded import Gap
from hometrial.protocol.dosing.standing import Standing, State
from hometrial.services.dosing import opioids, recording, stepping
from hometrial.services.dosing.opioids import Conflict
from hometrial.services.dosing.recording import Chart
from hometrial.services.dosing.telling import NIGHT_ENDS

_LOOKED_BACK = 28  # days


class Question(StrEnum):
    """What a person is asked about the drug."""

    YESTERDAY = "was yesterday's dose taken?"
    DRUG_AGAIN = "is the drug there again, and since when?"
    WHY_WITHOUT = "nothing was taken for days: why?"
    STEP_UP = "the next step is due: take it?"


@dataclass(frozen=True)
class Due:
    """A part of the day's dose that is still to be taken, and what it is made of."""

    part: Part
    formulation: str
    made_of: str


@dataclass(frozen=True)
class Today:
    """A person's drug today.

    `last_night`: before four in the morning, what nobody told of the evening before; `yesterday`: what else nobody
    told of the day before. Nothing is due in an interruption, beside an opioid (`conflicts`), or to who chose to
    stop (`takes_no_drug`). `without`: the days of which nobody said why nothing was taken. `ordered`: the order that
    stands today. `is_too_much`: more is recorded today than is safe to pass over.
    """

    on: date
    standing: Standing
    due: tuple[Due, ...]
    last_night: tuple[Due, ...]
    yesterday: tuple[Due, ...]
    recorded: tuple[Intake, ...]
    gap: Gap | None
    conflicts: tuple[Conflict, ...]
    takes_no_drug: bool
    asked: tuple[Question, ...]
    without: Stretch | None
    ordered: Order | None
    is_too_much: bool


def today(session: Session, person: Participant) -> Today:
    """Return a person's drug today, by their own calendar.

    Raises RecordRefusedError before consent and allocation, NotInTrialError, ZoneNeededError.
    """
    chart = recording.chart_of(session, person)
    stands_on, now = chart.footing, chart.now
    told = opioids.told(session, person)
    found = opioids.conflicts(told, stands_on.protocol, chart.today)
    is_kept = bool(found) or stands_on.takes_no_drug
    yesterday = chart.today - timedelta(days=1)
    night = _of_evening(_due(chart, yesterday)) if now.hour < NIGHT_ENDS and not is_kept else ()
    return Today(
        on=chart.today,
        standing=chart.standing,
        due=() if is_kept else _due(chart, chart.today),
        last_night=night,
        yesterday=tuple(each for each in _due(chart, yesterday) if each not in night),
        recorded=chart.course.intakes_on(chart.today),
        gap=chart.course.gap_on(chart.today),
        conflicts=found,
        takes_no_drug=stands_on.takes_no_drug,
        asked=() if is_kept else _asked(session, chart),
        without=None if is_kept else _without_reason(chart),
        ordered=_ordered(chart),
        is_too_much=alerts.double_dose(
            days.dose_day(chart.course, chart.today), chart.terms.max_mg_day, now
        )
        is not None,
    )


def _ordered(chart: Chart) -> Order | None:
    begun = [each for each in chart.course.orders if each.effective_on <= chart.today]
    return begun[-1] if begun else None


def _due(chart: Chart, day: date) -> tuple[Due, ...]:
    dose = chart.course.standing_on(day).dose
    if dose is None or chart.course.gap_on(day) is not None:
        return ()
    form = chart.terms.formulation(dose.formulation)
    return tuple(Due(part, form.id, _made(part, form)) for part in days.untold(chart.course, day))


def _of_evening(due: tuple[Due, ...]) -> tuple[Due, ...]:
    times = (TimeOfDay.EVENING, TimeOfDay.UNTOLD)
    return tuple(each for each in due if each.part.time_of_day in times)


def _made(part: Part, form: Formulation) -> str:
    """Say what a dose is made of: 1 x 3 mg + 1 x 1.5 mg, or 0.5 ml."""
    if form.form is Form.LIQUID:
        return f"{written(millilitres(part.mg, form))} ml"
    counts = capsules(part.mg, form).items()
    return " + ".join(f"{count} x {written(mg)} mg" for mg, count in counts)


def _asked(session: Session, chart: Chart) -> tuple[Question, ...]:
    yesterday = chart.today - timedelta(days=1)
    held = {
        Question.YESTERDAY: days.dose_day(chart.course, yesterday).status is days.Status.UNKNOWN,
        Question.DRUG_AGAIN: any(gap.last_on is None for gap in chart.course.gaps),
        Question.WHY_WITHOUT: _without_reason(chart) is not None,
        Question.STEP_UP: chart.standing.state is State.ON
        and chart.course.gap_on(chart.today) is None
        and not stepping.against(session, chart),
    }
    return tuple(question for question, is_so in held.items() if is_so)


def _without_reason(chart: Chart) -> Stretch | None:
    """Return the interruption up to yesterday of which nobody said why."""
    yesterday = chart.today - timedelta(days=1)
    least = chart.footing.protocol.interruption.from_days
    first = yesterday - timedelta(days=_LOOKED_BACK)
    found = interruptions(chart.course, first, yesterday, least)
    return next((each for each in found if each.last_on == yesterday and not each.reasons), None)
