"""From what a rule found, or a gap lasted, to the order that it asks for. A person signs it; nothing is ordered here."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum

from hometrial.protocol.dosing.amounts import DayDose, Milligrams, Part, TimeOfDay, written
from hometrial.protocol.dosing.course import Course
from hometrial.protocol.dosing.plan import Plan, Step
from hometrial.protocol.dosing.refusing import DoseRefusedError
from hometrial.protocol.dosing.standing import Kind, Standing, State


class Action(StrEnum):
    """What a protocol asks for when one of its rules holds."""

    HOLD = "hold"
    DOWN_ONE_STEP = "down_one_step"
    MORNING_THEN_DOWN = "switch_to_morning_then_down_one_step"
    STOP_AND_CONTACT = "stop_and_contact"
    HOLD_AND_REPEAT_LABORATORY = "hold_and_repeat_laboratory"
    STOP_PERMANENTLY = "stop_permanently"


@dataclass(frozen=True)
class Proposal:
    """An order to be signed; `needs_call`: only after somebody has spoken with the person."""

    kind: Kind
    dose: DayDose | None = None
    step: int | None = None
    rule: str | None = None
    needs_call: bool = False


def respond(plan: Plan, standing: Standing, action: Action, rule: str) -> Proposal:
    """Return the order that a rule which holds asks for. Raises DoseRefusedError if it cannot be met."""
    match action:
        case Action.HOLD | Action.HOLD_AND_REPEAT_LABORATORY:
            return Proposal(Kind.HOLD, rule=rule)
        case Action.STOP_AND_CONTACT:
            return Proposal(Kind.STOP, rule=rule, needs_call=True)
        case Action.STOP_PERMANENTLY:
            return Proposal(Kind.END, rule=rule)
        case Action.MORNING_THEN_DOWN:
            return _to_morning(plan, standing, rule)
        case Action.DOWN_ONE_STEP:
            return _down(plan, standing, rule)


def _down(plan: Plan, standing: Standing, rule: str) -> Proposal:
    dose = _dose_of(standing)
    step = plan.below(dose.mg)
    if step is None:
        raise DoseRefusedError(
            f"{rule}: no step of the plan is below {dose}; hold or stop the drug"
        )
    # A hold after which the person is to go down ends at the lower dose.
    kind = Kind.RESUME if standing.state is State.HELD else Kind.STEP_DOWN
    return Proposal(kind, reshaped(dose, step.mg), step.number, rule)


def _to_morning(plan: Plan, standing: Standing, rule: str) -> Proposal:
    """Change the time first; whoever takes it in the morning already, or twice a day, goes down."""
    dose = _dose_of(standing)
    times = {part.time_of_day for part in dose.parts}
    if standing.state is not State.ON or len(dose.parts) > 1 or TimeOfDay.MORNING in times:
        return _down(plan, standing, rule)
    morning = replace(dose, parts=(Part(dose.mg, TimeOfDay.MORNING),))
    return Proposal(Kind.CHANGE, morning, standing.step, rule)


def _dose_of(standing: Standing) -> DayDose:
    dose = standing.dose or standing.last
    if dose is None:
        raise DoseRefusedError("there is no dose yet that could change: start the drug")
    return dose


def reshaped(dose: DayDose, mg: Milligrams) -> DayDose:
    """Return another amount a day (mg) at the same times, in the same proportions and form."""
    parts = tuple(Part(part.mg * mg / dose.mg, part.time_of_day) for part in dose.parts)
    return replace(dose, parts=parts)


class Against(StrEnum):
    """Why the next step is not due."""

    NOT_ON_DRUG = "not on drug"
    LAST_STEP = "no step above"
    TOO_EARLY = "the step has not lasted its least days"
    SIDE_EFFECT = "a side effect too recent"
    ADHERENCE = "too few doses known to be taken"
    RED_ALERT = "a red alert is open"


@dataclass(frozen=True)
class Readiness:
    """What the protocol's conditions are held against, evaluated by the caller.

    `clear_days`: days since the last related event of the grade that counts, None if there was none. `adherence`:
    the lower bound of the last days, 0 to 1; None if nothing was planned.
    """

    clear_days: int | None
    adherence: float | None
    red_alert_is_open: bool


@dataclass(frozen=True)
class StepUpRule:
    """What must be so for the next step."""

    clear_days: int
    adherence_at_least: float
    no_open_red_alert: bool


def against_step_up(
    plan: Plan, course: Course, on: date, rule: StepUpRule, readiness: Readiness
) -> tuple[Against, ...]:
    """Return everything that speaks against the next step on a day; nothing if it is due."""
    standing = course.standing_on(on)
    if standing.state is not State.ON:
        return (Against.NOT_ON_DRUG,)
    clear, taken = readiness.clear_days, readiness.adherence
    against = {
        Against.LAST_STEP: plan.above(standing.mg) is None,
        Against.TOO_EARLY: days_on_dose(course, on) < _least_days(plan, standing),
        Against.SIDE_EFFECT: clear is not None and clear < rule.clear_days,
        Against.ADHERENCE: taken is None or taken < rule.adherence_at_least,
        Against.RED_ALERT: rule.no_open_red_alert and readiness.red_alert_is_open,
    }
    return tuple(each for each, holds in against.items() if holds)


def _least_days(plan: Plan, standing: Standing) -> int:
    """Return the least days of the step; a dose between two steps needs those of the one below it."""
    reached = [step for step in plan.steps if step.mg <= standing.mg]
    return (reached or plan.steps[:1])[-1].min_days


def days_on_dose(course: Course, on: date) -> int:
    """Return for how many days before this one the amount of this day has stood without a break."""
    mg, first = course.standing_on(on).mg, on
    for spell in reversed([each for each in course.spells if each.first_on <= on]):
        if spell.standing.state is not State.ON or spell.standing.mg != mg:
            break
        first = spell.first_on
    return (on - first).days


def step_up(plan: Plan, standing: Standing) -> Proposal:
    """Return the order of the next step. Raises DoseRefusedError if there is none above."""
    dose = _dose_of(standing)
    step = plan.above(dose.mg)
    if step is None:
        raise DoseRefusedError(f"no step of the plan is above {dose}")
    return Proposal(Kind.STEP_UP, reshaped(dose, step.mg), step.number)


class RestartAction(StrEnum):
    """How to go on after a gap."""

    SAME_DOSE = "same_dose"
    DOWN_ONE_STEP = "down_one_step"
    DOWN_TWO_STEPS = "down_two_steps"
    FIRST_STEP_AFTER_CALL = "restart_at_first_step_after_call"


@dataclass(frozen=True)
class RestartRule:
    """How to go on after a gap of at most so many days; None: however long."""

    gap_days_max: int | None
    action: RestartAction


def restart(
    plan: Plan, standing: Standing, gap_days: int, rules: Sequence[RestartRule]
) -> Proposal:
    """Return the order after so many days without the drug, by the first rule that covers them.

    Who would go below the first step begins at the first. Raises DoseRefusedError if no rule covers the gap.
    """
    dose = _dose_of(standing)
    covering = [
        each for each in rules if each.gap_days_max is None or gap_days <= each.gap_days_max
    ]
    if not covering or gap_days < 1:
        raise DoseRefusedError(f"a gap of {gap_days} days: no restart rule covers it")
    action = covering[0].action
    if action is RestartAction.SAME_DOSE:
        return Proposal(Kind.RESTART, dose, _number(plan, dose.mg))
    step = _restart_step(plan, dose.mg, action)
    needs_call = action is RestartAction.FIRST_STEP_AFTER_CALL
    return Proposal(Kind.RESTART, reshaped(dose, step.mg), step.number, needs_call=needs_call)


def _restart_step(plan: Plan, mg: Milligrams, action: RestartAction) -> Step:
    first = plan.steps[0]
    if mg < first.mg:
        raise DoseRefusedError(
            f"{written(mg)} mg a day is below the plan: the investigator names the dose"
        )
    down = {RestartAction.DOWN_ONE_STEP: 1, RestartAction.DOWN_TWO_STEPS: 2}.get(action)
    return first if down is None else plan.below(mg, down) or first


def _number(plan: Plan, mg: Milligrams) -> int | None:
    return next((step.number for step in plan.steps if step.mg == mg), None)


def earliest_after_opioid(last_opioid_on: date, free_days: int) -> date:
    """Return the first day on which the drug may be started after the last opioid."""
    return last_opioid_on + timedelta(days=free_days)


def last_dose_before(surgery_at: datetime, hold_hours: int) -> datetime:
    """Return the moment after which no dose is taken before an operation that may need opioids (UTC's hours)."""
    return (surgery_at.astimezone(UTC) - timedelta(hours=hold_hours)).astimezone(surgery_at.tzinfo)
