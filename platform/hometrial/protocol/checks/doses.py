"""Doses that can be made, in the order and within the limits that the plan says."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from hometrial.protocol.checks.fault import Fault, Known, Place
from hometrial.protocol.declared import micrograms
from hometrial.protocol.formulations import makes
from hometrial.protocol.model import Protocol
from hometrial.protocol.titration import DoseStep, Titration

Placed = Iterable[tuple[Place, float]]


def steps_ascend(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """Steps are numbered from 1, go up, and each has the time that it needs before the next."""
    for number, titration in enumerate(protocol.titrations):
        place = ("titrations", number, "steps")
        for index, step in enumerate(titration.steps):
            if step.step != index + 1:
                said = f"step {step.step} is number {index + 1} in the list; number them from 1"
                yield Fault((*place, index, "step"), said)
        for index, (lower, higher) in enumerate(pairwise(titration.steps), 1):
            yield from _in_order((*place, index), lower, higher)


def _in_order(place: Place, lower: DoseStep, higher: DoseStep) -> Iterator[Fault]:
    if higher.mg <= lower.mg:
        said = f"{higher.mg:g} mg after {lower.mg:g} mg does not go up; sort the steps by dose"
        yield Fault((*place, "mg"), said)
    days = (higher.from_week - lower.from_week) * 7
    if days < lower.min_days:
        said = (
            f"step {lower.step} needs {lower.min_days} days but has {days}; begin step "
            f"{higher.step} later, or shorten the one before"
        )
        yield Fault((*place, "from_week"), said)


def sensitive_steps_are_below(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """The steps of a sensitive start go up and stay below step 1."""
    for number, titration in enumerate(protocol.titrations):
        if titration.sensitive_start is None:
            continue
        doses = [*titration.sensitive_start.steps_mg, titration.steps[0].mg]
        for index, (lower, higher) in enumerate(pairwise(doses)):
            if higher <= lower:
                place = ("titrations", number, "sensitive_start", "steps_mg", index)
                yield Fault(
                    place, f"{lower:g} mg is not below {higher:g} mg; sort them, or drop it"
                )


def limits_are_kept(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """No step is above what may be ordered, and nothing that may be ordered above the absolute maximum."""
    for number, titration in enumerate(protocol.titrations):
        place = ("titrations", number)
        for index, step in enumerate(titration.steps):
            if step.mg > titration.max_mg_day:
                said = f"{step.mg:g} mg is above max_mg_day ({titration.max_mg_day:g}); lower it"
                yield Fault((*place, "steps", index, "mg"), said)
        extension = titration.extension_max_mg_day
        if extension is not None and extension < titration.max_mg_day:
            said = f"it is below max_mg_day ({titration.max_mg_day:g}); raise it, or leave it out"
            yield Fault((*place, "extension_max_mg_day"), said)
        highest = max(titration.max_mg_day, extension or 0)
        if highest > titration.absolute_max_mg_day:
            said = (
                f"{highest:g} mg may be ordered but never recorded; raise it, or lower the others"
            )
            yield Fault((*place, "absolute_max_mg_day"), said)


def doses_are_multiples_of_the_resolution(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """Every dose of the plan is a multiple of its resolution."""
    for number, titration in enumerate(protocol.titrations):
        unit = micrograms(titration.resolution_mg)
        for place, dose in _doses(number, titration):
            if micrograms(dose) % unit:
                said = f"{dose:g} mg is no multiple of {titration.resolution_mg:g} mg; change one"
                yield Fault(place, said)


def _doses(number: int, titration: Titration) -> Placed:
    place: Place = ("titrations", number)
    for index, step in enumerate(titration.steps):
        yield (*place, "steps", index, "mg"), step.mg
    if titration.sensitive_start is not None:
        for index, dose in enumerate(titration.sensitive_start.steps_mg):
            yield (*place, "sensitive_start", "steps_mg", index), dose


def doses_can_be_made(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """Every dose can be made of what is dispensed: at once, or in portions where it may be split."""
    for number, titration in enumerate(protocol.titrations):
        for place, dose in _doses(number, titration):
            if not makes(protocol.formulations, dose) and not _only_split(titration, dose):
                yield Fault(place, f"{dose:g} mg {_CANNOT}")
        yield from _portions(protocol, number, titration)


_CANNOT = "cannot be made of the enabled formulations at once; add a strength, or change the dose"


def _only_split(titration: Titration, dose: float) -> bool:
    """A dose of two portions need not be one that can be swallowed at once."""
    return titration.split is not None and dose >= titration.split.from_mg_day


def _portions(protocol: Protocol, number: int, titration: Titration) -> Iterator[Fault]:
    if titration.split is None:
        return
    for index, step in enumerate(titration.steps):
        if step.mg < titration.split.from_mg_day or makes(protocol.formulations, step.mg):
            continue
        for share in titration.split.shares:
            portion = round(step.mg * share, 6)
            if not makes(protocol.formulations, portion):
                place = ("titrations", number, "steps", index, "mg")
                yield Fault(place, f"{portion:g} mg, a portion of {step.mg:g} mg, {_CANNOT}")


def splits_are_whole(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """The portions of a day make one dose, and fit into a day; somebody's dose can be split."""
    for number, titration in enumerate(protocol.titrations):
        if (split := titration.split) is None:
            continue
        place = ("titrations", number, "split")
        if abs(sum(split.shares) - 1) > 1e-9:
            said = f"the shares make {sum(split.shares):g} of a dose; they must make 1"
            yield Fault((*place, "shares"), said)
        if split.min_gap_hours * len(split.shares) > 24:
            said = (
                f"{len(split.shares)} portions {split.min_gap_hours} h apart need more than a day"
            )
            yield Fault((*place, "min_gap_hours"), f"{said}; lower it")
        if split.from_mg_day > titration.absolute_max_mg_day:
            said = "no dose is as high as that; lower it, or leave split out"
            yield Fault((*place, "from_mg_day"), said)


def drug_lasts_for_the_steps(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """An arm's epochs with drug, the optional ones aside, are long enough for its last step."""
    titrations = {each.id: each for each in protocol.titrations}
    for number, arm in enumerate(protocol.arms):
        epochs = [each for each in protocol.epochs_of(arm.id) if each.drug and not each.optional]
        days = sum(each.days for each in epochs)
        if arm.titration in titrations:
            last = titrations[arm.titration].steps[-1]
            needed = (last.from_week - 1) * 7 + last.min_days
            if days < needed:
                said = (
                    f"its last step ends on day {needed} but arm {arm.id} has {days} days of drug"
                )
                yield Fault(("arms", number), f"{said}; lengthen an epoch, or titrate faster")
