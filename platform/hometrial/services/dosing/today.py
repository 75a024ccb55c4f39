"""What a person is to take today, what is recorded of it, and what they are asked."""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Participant
from hometrial.protocol.dosing import days
from hometrial.protocol.dosing.adherence import interruptions
from hometrial.protocol.dosing.amounts import Form, Formulation, Part, TimeOfDay, written
from hometrial.protocol.dosing.composing import capsules, millilitres
from hometrial.protocol.dosing.events import Intake
from hometrial.protocol.dosing.recorded import Gap
from hometrial.protocol.dosing.standing import Standing, State
from hometrial.services.dosing import footing, opioids, stepping, storing
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

    `last_night`: before four in the morning, what nobody told of the evening before. Nothing is due in an
    interruption, beside an opioid (`conflicts`), or to who chose to stop (`takes_no_drug`).
    """

    on: date
    standing: Standing
    due: tuple[Due, ...]
    last_night: tuple[Due, ...]
    recorded: tuple[Intake, ...]
    gap: Gap | None
    conflicts: tuple[Conflict, ...]
    takes_no_drug: bool
    asked: tuple[Question, ...]


def today(session: Session, person: Participant) -> Today:
    """Return a person's drug today, by their own calendar.

    Raises RecordRefusedError before consent and allocation, NotInTrialError, ZoneNeededError.
    """
    stands_on = footing.footing_of(session, person)
    now = stands_on.local(clock.now())
    chart = Chart(person, stands_on, storing.course_of(session, person), now)
    told = opioids.told(session, person)
    found = opioids.conflicts(told, stands_on.protocol, chart.today)
    is_kept = bool(found) or stands_on.takes_no_drug
    yesterday = chart.today - timedelta(days=1)
    is_night = now.hour < NIGHT_ENDS and not is_kept
    return Today(
        on=chart.today,
        standing=chart.standing,
        due=() if is_kept else _due(chart, chart.today),
        last_night=_of_evening(_due(chart, yesterday)) if is_night else (),
        recorded=chart.course.intakes_on(chart.today),
        gap=chart.course.gap_on(chart.today),
        conflicts=found,
        takes_no_drug=stands_on.takes_no_drug,
        asked=() if is_kept else _asked(session, chart),
    )


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
        Question.WHY_WITHOUT: _is_without_reason(chart, yesterday),
        Question.STEP_UP: chart.standing.state is State.ON
        and chart.course.gap_on(chart.today) is None
        and not stepping.against(session, chart),
    }
    return tuple(question for question, is_so in held.items() if is_so)


def _is_without_reason(chart: Chart, yesterday: date) -> bool:
    """Whether the days up to yesterday are an interruption of which nobody said why."""
    least = chart.footing.protocol.interruption.from_days
    first = yesterday - timedelta(days=_LOOKED_BACK)
    found = interruptions(chart.course, first, yesterday, least)
    return any(each.last_on == yesterday and not each.reasons for each in found)
