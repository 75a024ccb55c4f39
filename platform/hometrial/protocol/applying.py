"""What the protocol declares, as allocation and dosing take it: exact decimals, no field that they do not use."""

from datetime import datetime
from decimal import Decimal
from fractions import Fraction

from hometrial.protocol import allocation, arms
from hometrial.protocol.dosing.amounts import Form, Formulation, Milligrams, milligrams
from hometrial.protocol.dosing.plan import Plan, Step, with_sensitive_start
from hometrial.protocol.dosing.terms import Split, Terms
from hometrial.protocol.dosing.titrating import RestartAction, RestartRule, StepUpRule
from hometrial.protocol.formulations import Capsule, Solution
from hometrial.protocol.formulations import Formulation as Declared
from hometrial.protocol.model import Protocol
from hometrial.protocol.titration import Titration
from hometrial.protocol.variables import Choice


def blocks_of(protocol: Protocol) -> allocation.PermutedBlocks | allocation.Minimisation | None:
    """Return how people are allocated; None where nobody is, or by a list from elsewhere."""
    declared = protocol.allocation
    if isinstance(declared, arms.AllocatedInBlocks):
        return allocation.PermutedBlocks(
            _arms(protocol), declared.block_sizes, _factors(protocol, declared.factors)
        )
    if isinstance(declared, arms.AllocatedByMinimisation):
        return allocation.Minimisation(
            _arms(protocol), _factors(protocol, declared.factors), declared.probability
        )
    return None


def _arms(protocol: Protocol) -> tuple[allocation.Arm, ...]:
    return tuple(allocation.Arm(each.id, each.ratio) for each in protocol.arms)


def _factors(protocol: Protocol, factors: tuple[arms.Factor, ...]) -> tuple[allocation.Factor, ...]:
    options = {each.id: each.options for each in protocol.variables if isinstance(each, Choice)}
    return tuple(
        allocation.Factor(each.id, options[each.variable], Fraction(str(each.weight)))
        for each in factors
    )


def terms_of(
    protocol: Protocol, arm: str, consented_at: datetime, *, in_extension: bool, sensitive: bool
) -> Terms:
    """Return what holds for the doses of a person of an arm.

    `in_extension`: in an optional epoch, with its own highest dose; `sensitive`: with the smaller doses
    first. Raises KeyError if there is no such arm.
    """
    titration = protocol.titration_of(arm)
    highest = titration.extension_max_mg_day if in_extension else None
    return Terms(
        consented_at=consented_at,
        plan=plan_of(titration, sensitive=sensitive),
        formulations=formulations_of(protocol),
        resolution=_exact(titration.resolution_mg),
        max_mg_day=_exact(highest or titration.max_mg_day),
        absolute_max_mg_day=_exact(titration.absolute_max_mg_day),
        split=_split(titration),
    )


def plan_of(titration: Titration, *, sensitive: bool) -> Plan:
    """Return the steps of a dose plan, with the smaller doses first for who is `sensitive`."""
    plan = Plan(
        tuple(
            Step(each.step, _exact(each.mg), each.min_days, each.from_week)
            for each in titration.steps
        )
    )
    if titration.sensitive_start is None or not sensitive:
        return plan
    doses = tuple(map(_exact, titration.sensitive_start.steps_mg))
    return with_sensitive_start(plan, doses, titration.sensitive_start.min_days)


def _split(titration: Titration) -> Split | None:
    declared = titration.split
    if declared is None:
        return None
    return Split(_exact(declared.from_mg_day), declared.min_gap_hours)


def formulations_of(protocol: Protocol) -> tuple[Formulation, ...]:
    """Return what the drug comes in, also what is only recorded."""
    return tuple(map(_formulation, protocol.formulations))


def _formulation(declared: Declared) -> Formulation:
    if isinstance(declared, Capsule):
        strengths = tuple(map(_exact, declared.strengths_mg))
        return Formulation(declared.id, Form.CAPSULE, strengths, declared.most_at_once)
    if isinstance(declared, Solution):
        return Formulation(
            declared.id,
            Form.LIQUID,
            mg_per_ml=_exact(declared.mg_per_ml),
            measure_step_ml=_exact(declared.measure_step_ml),
        )
    return Formulation(declared.id, Form(declared.form))


def step_up_of(titration: Titration) -> StepUpRule:
    """Return what must be so for the next step."""
    rule = titration.step_up
    return StepUpRule(rule.clear_days, rule.adherence_at_least, rule.no_open_red_alert)


def restart_rules_of(protocol: Protocol) -> tuple[RestartRule, ...]:
    """Return how people come back to the drug, by the length of the gap."""
    return tuple(
        RestartRule(each.gap_days_max, RestartAction(each.action))
        for each in protocol.interruption.restart
    )


def _exact(number: float) -> Milligrams:
    """Return the number that the file says, not the nearest binary one."""
    return milligrams(Decimal(str(number)))
