"""A titration plan and the calendar that follows from it."""

from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import pairwise

from hometrial.protocol.dosing.amounts import Milligrams, written
from hometrial.protocol.dosing.refusing import DoseRefusedError

_DAYS_OF_WEEK = 7


@dataclass(frozen=True)
class Step:
    """A step of a plan: the day's oral dose (mg), its least length, the first study week on drug (from 1) for it."""

    number: int
    mg: Milligrams
    min_days: int
    from_week: int = 1


@dataclass(frozen=True)
class Plan:
    """Steps of rising dose, numbered without a gap; those of a sensitive start have numbers below 1."""

    steps: tuple[Step, ...]

    def __post_init__(self) -> None:
        if not self.steps:
            raise DoseRefusedError("a plan without steps: give at least one")
        for step, after in pairwise(self.steps):
            if after.number != step.number + 1 or after.mg <= step.mg:
                raise DoseRefusedError(
                    f"step {after.number} of {written(after.mg)} mg after step {step.number} of"
                    f" {written(step.mg)} mg: number them in a row, each with a higher dose"
                )
        if any(step.min_days < 1 or step.mg <= 0 or step.from_week < 1 for step in self.steps):
            raise DoseRefusedError(
                "a step has a dose above 0, lasts a day or more and begins in week 1 or later"
            )

    def step(self, number: int) -> Step:
        """Return a step by its number. Raises DoseRefusedError if there is none."""
        for step in self.steps:
            if step.number == number:
                return step
        first, last = self.steps[0].number, self.steps[-1].number
        raise DoseRefusedError(f"step {number}: the plan has steps {first} to {last}")

    def above(self, mg: Milligrams) -> Step | None:
        """Return the lowest step above a day's dose, None if there is none."""
        return next((step for step in self.steps if step.mg > mg), None)

    def below(self, mg: Milligrams, steps: int = 1) -> Step | None:
        """Return the step so many below a day's dose, None if the plan does not reach so low."""
        lower = [step for step in self.steps if step.mg < mg]
        return lower[-steps] if len(lower) >= steps else None


def with_sensitive_start(plan: Plan, doses: tuple[Milligrams, ...], min_days: int) -> Plan:
    """Return the plan with smaller doses (mg) before its first step, each for so many days; all else moves back."""
    # Whole weeks only: what is left of the delay follows from the least days of each step.
    weeks = len(doses) * min_days // _DAYS_OF_WEEK
    lead = plan.steps[0].number - len(doses)
    before = tuple(Step(lead + place, mg, min_days) for place, mg in enumerate(doses))
    return Plan(before + tuple(replace(one, from_week=one.from_week + weeks) for one in plan.steps))


@dataclass(frozen=True)
class PlannedStep:
    """A step on the calendar, first to last day; the last step has no last day."""

    step: Step
    first_on: date
    last_on: date | None


def planned(plan: Plan, first_dose_on: date) -> tuple[PlannedStep, ...]:
    """Return the calendar of a plan: a step begins in its week at the earliest, and once the one before had its days."""
    starts = [first_dose_on]
    for step, after in pairwise(plan.steps):
        in_week = first_dose_on + timedelta(weeks=after.from_week - 1)
        starts.append(max(in_week, starts[-1] + timedelta(days=step.min_days)))
    return _calendar(plan.steps, starts)


def planned_from(plan: Plan, number: int, began_on: date) -> tuple[PlannedStep, ...]:
    """Return the calendar anew from a step that began, begins again or was gone back to on a day.

    What comes later follows the least lengths alone; the weeks of the plan are behind.
    """
    steps = tuple(step for step in plan.steps if step.number >= plan.step(number).number)
    starts = [began_on]
    for step in steps[:-1]:
        starts.append(starts[-1] + timedelta(days=step.min_days))
    return _calendar(steps, starts)


def _calendar(steps: tuple[Step, ...], starts: list[date]) -> tuple[PlannedStep, ...]:
    ends = [start - timedelta(days=1) for start in starts[1:]]
    return tuple(map(PlannedStep, steps, starts, [*ends, None]))


def study_day(on: date, first_dose_on: date) -> int:
    """Return the study day as reports give it: the first dose is on day 1, the day before on -1 (CDISC SDTM, --DY)."""
    days = (on - first_dose_on).days
    return days + 1 if days >= 0 else days


def start_slipped(
    randomised_on: date, first_dose_on: date, offset_days: int, allowed_days: int
) -> bool:
    """Whether the first dose came more than the allowed days after it was due, `offset_days` after randomisation."""
    return (first_dose_on - randomised_on).days > offset_days + allowed_days
