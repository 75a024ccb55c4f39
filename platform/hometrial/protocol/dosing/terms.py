"""The terms of a trial that each new order or dose of a person is held against."""

from dataclasses import dataclass
from datetime import datetime

from hometrial.protocol.dosing.amounts import DayDose, Formulation, Milligrams, written
from hometrial.protocol.dosing.composing import require_makeable
from hometrial.protocol.dosing.events import (
    Event,
    Intake,
    Interruption,
    Order,
    Resumption,
    Source,
)
from hometrial.protocol.dosing.plan import Plan
from hometrial.protocol.dosing.refusing import OrderRefusedError, RecordRefusedError
from hometrial.protocol.dosing.standing import Kind


@dataclass(frozen=True)
class Split:
    """A day's dose may be split from so many mg a day on, its parts at least so many hours apart."""

    from_mg_day: Milligrams
    min_gap_hours: int


@dataclass(frozen=True)
class Terms:
    """What holds for a person now.

    `consented_at`: aware, in the person's zone. `max_mg_day`: the highest dose that can be ordered in this epoch;
    above `absolute_max_mg_day` only the site can record what was taken. `split` None: never.
    """

    consented_at: datetime
    plan: Plan
    formulations: tuple[Formulation, ...]
    resolution: Milligrams
    max_mg_day: Milligrams
    absolute_max_mg_day: Milligrams
    split: Split | None

    def __post_init__(self) -> None:
        if self.consented_at.tzinfo is None:
            raise RecordRefusedError(
                f"consent at {self.consented_at}: it has no zone, give the person's"
            )

    def formulation(self, name: str | None) -> Formulation:
        """Return a formulation by its id. Raises OrderRefusedError if the trial has none of that name."""
        for each in self.formulations:
            if each.id == name:
                return each
        known = ", ".join(each.id for each in self.formulations)
        raise OrderRefusedError(f"formulation {name!r}: the trial has {known}")


def require_allowed(event: Event, terms: Terms) -> None:
    """Raise OrderRefusedError or RecordRefusedError of an event that the terms do not allow."""
    if isinstance(event, Order):
        _require_timely(event, terms)
        if event.dose is not None:
            _require_orderable(event, event.dose, terms)
    elif isinstance(event, Intake):
        _require_credible(event, terms)
    elif isinstance(event, Interruption | Resumption):
        _require_past(event, terms)


def _require_timely(order: Order, terms: Terms) -> None:
    told = f"{order.kind} from {order.effective_on}"
    if order.effective_on < terms.consented_at.date():
        raise OrderRefusedError(f"{told}: consent was given on {terms.consented_at.date()}")
    if order.entry.corrects is None and order.effective_on < order.entry.at.date():
        raise OrderRefusedError(
            f"{told}, ordered on {order.entry.at.date()}: an order cannot reach back;"
            " correct the one that was wrong, or record what was taken"
        )
    if order.kind is Kind.WITHDRAW and order.effective_on > order.entry.at.date():
        raise OrderRefusedError(
            f"{told}: a withdrawal holds from the day on which it is told; order a stop for a later one"
        )


def _require_orderable(order: Order, dose: DayDose, terms: Terms) -> None:
    told = f"{order.kind} to {dose}"
    if uneven := [part for part in dose.parts if part.mg % terms.resolution]:
        raise OrderRefusedError(
            f"{told}: {uneven[0]} is no multiple of {written(terms.resolution)} mg"
        )
    if dose.mg > terms.max_mg_day:
        raise OrderRefusedError(f"{told}: the most a day is {written(terms.max_mg_day)} mg")
    if len(dose.parts) > 1 and (terms.split is None or dose.mg < terms.split.from_mg_day):
        least = (
            "never" if terms.split is None else f"from {written(terms.split.from_mg_day)} mg a day"
        )
        raise OrderRefusedError(f"{told}: a dose is split {least}")
    if order.step is not None and terms.plan.step(order.step).mg != dose.mg:
        due = written(terms.plan.step(order.step).mg)
        raise OrderRefusedError(f"{told}: step {order.step} is {due} mg a day")
    require_makeable(dose, terms.formulation(dose.formulation))


def _require_credible(intake: Intake, terms: Terms) -> None:
    told = f"dose of {intake.on}"
    consented, reported = terms.consented_at, intake.entry.at
    form = terms.formulation(intake.formulation).form
    early = intake.on < consented.date() or (_is_before(intake.taken_at, consented))
    if early:
        raise RecordRefusedError(f"{told}: consent was given at {consented}")
    if intake.on > reported.date() or _is_before(reported, intake.taken_at):
        raise RecordRefusedError(f"{told}, reported at {reported}: it is still to come")
    if form.is_oral == (intake.mg is None):
        needed = "give its milligrams" if form.is_oral else "a cream has no oral milligrams"
        raise RecordRefusedError(f"{told}: {intake.formulation} is a {form}, {needed}")


def _require_past(event: Interruption | Resumption, terms: Terms) -> None:
    last_on = event.last_on if isinstance(event, Interruption) else None
    told_on = event.entry.at.date()
    if not terms.consented_at.date() <= event.from_on <= (last_on or told_on) <= told_on:
        raise RecordRefusedError(
            f"{event.from_on}: an interruption begins and ends after consent, and is told once it is so"
        )


def _is_before(earlier: datetime | None, later: datetime | None) -> bool:
    """Compare instants, not the wall clocks that two times of one zone are compared by."""
    return earlier is not None and later is not None and earlier.timestamp() < later.timestamp()


def require_not_beyond(intake: Intake, day_mg: Milligrams, terms: Terms) -> None:
    """Raise RecordRefusedError of a dose that brings its day above the absolute maximum, unless the site tells it."""
    if day_mg > terms.absolute_max_mg_day and intake.source is not Source.SITE:
        raise RecordRefusedError(
            f"dose of {intake.on}: {written(day_mg)} mg that day, above {written(terms.absolute_max_mg_day)};"
            " check the amount; if it is right, call the study team, who can record it"
        )
