"""What pages show of a person's doses: what is to be taken, what was told, and why nothing is due."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from babel.numbers import get_decimal_symbol
from flask_babel import get_locale, gettext, lazy_gettext
from sqlalchemy.orm import Session

from hometrial.models import Participant
from hometrial.participant.site import visit
from hometrial.participant.whom_to_call import waits_for_team
from hometrial.protocol.dosing import days
from hometrial.protocol.dosing.amounts import TimeOfDay, written
from hometrial.protocol.dosing.days import DoseDay, Status
from hometrial.protocol.dosing.events import Intake, Reason
from hometrial.protocol.dosing.refusing import RecordRefusedError
from hometrial.services import working
from hometrial.services.dosing import footing, ordering, running_out, stepping, storing
from hometrial.services.dosing import today as dosing
from hometrial.services.dosing.today import Due, Question

LOOKED_BACK = 14  # days
NEWS = timedelta(days=7)
"""So long a change of the dose is told of."""
TIMES = {
    TimeOfDay.MORNING: lazy_gettext("in the morning"),
    TimeOfDay.MIDDAY: lazy_gettext("at midday"),
    TimeOfDay.EVENING: lazy_gettext("in the evening"),
    TimeOfDay.UNTOLD: "",
}
REASONS = {
    Reason.SIDE_EFFECT: lazy_gettext("a side effect"),
    Reason.FORGOT: lazy_gettext("forgot"),
    Reason.CRASH: lazy_gettext("too ill"),
    Reason.RAN_OUT: lazy_gettext("nothing left"),
    Reason.PHARMACY_DELAY: lazy_gettext("the pharmacy has none"),
    Reason.COURIER: lazy_gettext("it has not come by post"),
    Reason.TRAVEL: lazy_gettext("on a journey"),
    Reason.SURGERY_OR_OPIOID: lazy_gettext("an operation or another medicine"),
    Reason.PREGNANCY: lazy_gettext("pregnancy"),
    Reason.CHOICE: lazy_gettext("your own choice"),
    Reason.OTHER: lazy_gettext("another reason"),
}


def amount(mg: Decimal | str) -> str:
    """Return an amount as the reader writes numbers: 1.5 or 1,5."""
    text = mg if isinstance(mg, str) else written(mg)
    return text.replace(".", get_decimal_symbol(get_locale()))


@dataclass(frozen=True)
class Line:
    """A part of a dose of which nobody has told; `key` is that of one tap on it."""

    on: date
    due: Due
    key: str

    @property
    def time_of_day(self) -> str:
        """When it is to be taken, as addresses name it."""
        return self.due.part.time_of_day.value

    @property
    def mg(self) -> str:
        """Its milligrams, as forms carry them."""
        return written(self.due.part.mg)

    @property
    def words(self) -> str:
        """The amount, and when."""
        told = gettext("%(mg)s mg", mg=amount(self.due.part.mg))
        return f"{told} {TIMES[self.due.part.time_of_day]}".strip()

    @property
    def made_of(self) -> str:
        """What it is made of: capsules, or millilitres."""
        return amount(self.due.made_of)


@dataclass(frozen=True)
class Told:
    """A dose that was told of: `number` is its event's, `is_own` whether the person may change it here."""

    number: int
    intake: Intake
    words: str
    is_own: bool


@dataclass(frozen=True)
class Shown:
    """A person's doses today, as their first page tells of them."""

    today: dosing.Today
    lines: tuple[Line, ...]
    last_night: tuple[Line, ...]
    yesterday: tuple[Line, ...]
    told: tuple[Told, ...]
    asked: frozenset[str]
    step_to: Decimal | None
    is_step_of_team: bool
    must_speak_first: bool
    is_out: bool

    @property
    def state(self) -> str:
        """The state of the dose: ON, HELD, STOPPED, ENDED, ..."""
        return self.today.standing.state.name

    @property
    def mg(self) -> str:
        """The milligrams of a day that stand."""
        return amount(self.today.standing.mg)

    @property
    def news(self) -> str | None:
        """What kind of order changed the dose in the last days, None if none did."""
        order = self.today.ordered
        if order is None or self.today.on - order.effective_on > NEWS:
            return None
        return order.kind.name

    @property
    def is_quiet(self) -> bool:
        """Whether there is nothing to say of doses at all."""
        return self.state == "NOT_STARTED" and not self.told


def shown(session: Session, person: Participant) -> Shown | None:
    """Return what is shown of today's doses; None before consent and allocation. Raises ZoneNeededError."""
    try:
        found = dosing.today(session, person)
    except RecordRefusedError:
        return None
    step = stepping.next_step(session, person)
    yesterday = found.on - timedelta(days=1)
    calls = working.open_items(session, person.id)
    return Shown(
        today=found,
        lines=_lines(found.on, found.due),
        last_night=_lines(yesterday, found.last_night),
        yesterday=_lines(yesterday, found.yesterday) if Question.YESTERDAY in found.asked else (),
        told=tuple(told(found.recorded)),
        asked=frozenset(question.name for question in found.asked),
        step_to=None if step is None or step.dose is None else step.dose.mg,
        is_step_of_team=Question.STEP_UP in found.asked and not _may_step(session, person),
        must_speak_first=any(each.item.kind == ordering.CALL for each in calls)
        or waits_for_team(session, person),
        is_out=running_out.is_told(session, person),
    )


def _may_step(session: Session, person: Participant) -> bool:
    return stepping.is_of_person(footing.footing_of(session, person))


def _lines(on: date, due: Iterable[Due]) -> tuple[Line, ...]:
    return tuple(Line(on, each, str(uuid4())) for each in due)


def told(intakes: Iterable[Intake]) -> Iterator[Told]:
    """Yield doses that were told of, in words."""
    for each in intakes:
        own = each.entry.by == visit().code
        yield Told(int(each.entry.id), each, words_of(each), own)


def words_of(intake: Intake) -> str:
    """Return a dose that was told of in words: `1.5 mg at 21:04`, or `Not taken: forgot`."""
    if not intake.was_taken:
        if intake.missed is None:
            return str(gettext("Not taken"))
        return str(gettext("Not taken: %(reason)s", reason=REASONS[intake.missed]))
    if intake.mg is None:
        return str(gettext("Used"))
    at = intake.taken_at
    if at is None:
        return str(gettext("Taken: %(mg)s mg", mg=amount(intake.mg)))
    return str(gettext("Taken: %(mg)s mg at %(clock)s", mg=amount(intake.mg), clock=_clock(at)))


def _clock(at: datetime) -> str:
    return f"{at:%H:%M}"


@dataclass(frozen=True)
class Day:
    """A day of the past two weeks: what was told of it, and if that is nothing, what is known."""

    on: date
    told: tuple[Told, ...]
    words: str


def last_days(session: Session, person: Participant, today: date) -> tuple[Day, ...]:
    """Return the last days, the newest first."""
    course = storing.course_of(session, person)
    first = today - timedelta(days=LOOKED_BACK - 1)
    found = [
        Day(each.on, tuple(told(course.intakes_on(each.on))), _without(each, today))
        for each in days.dose_days(course, first, today)
    ]
    return tuple(each for each in reversed(found) if each.told or each.words)


def _without(day: DoseDay, today: date) -> str:
    """Return what is said of a day besides the doses told of."""
    if day.gap is not None:
        return str(gettext("Without: %(reason)s", reason=REASONS[day.gap.reason]))
    if day.status is not Status.UNKNOWN:
        return ""
    return str(gettext("Still to come today") if day.on == today else gettext("Nothing told"))
