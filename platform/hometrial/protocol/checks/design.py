"""Arms and allocation fit each other; epochs follow one another without a hole."""

from collections.abc import Iterator
from datetime import date
from math import prod

from hometrial.protocol.arms import AllocatedByMinimisation, AllocatedInBlocks, Anchor
from hometrial.protocol.calendar import planned_anchors, seams
from hometrial.protocol.checks.fault import Fault, Known, Place, absent
from hometrial.protocol.model import Protocol
from hometrial.protocol.outcomes import AtDays
from hometrial.protocol.variables import Choice

_ANY_DAY = date(2001, 1, 1)
_FEWEST_SIZES = 2


def allocation_fits_the_arms(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """One arm needs no allocation, several do; blocks hold the arms' ratio whole."""
    several, drawn = len(protocol.arms) > 1, protocol.allocation.method != "not_allocated"
    place = ("allocation", "method")
    if several and not drawn:
        yield Fault(place, f"{len(protocol.arms)} arms and nobody allocated; choose a method")
    if drawn and not several:
        yield Fault(place, "there is one arm; say not_allocated, or declare another arm")
    if isinstance(protocol.allocation, AllocatedInBlocks):
        yield from _sizes(protocol, protocol.allocation)
    if isinstance(protocol.allocation, AllocatedByMinimisation):
        chance = 1 / len(protocol.arms)
        if protocol.allocation.probability <= chance:
            said = f"{chance:.2g} is chance; give more, and less than 1, which could be foretold"
            yield Fault(("allocation", "probability"), said)


def _sizes(protocol: Protocol, blocks: AllocatedInBlocks) -> Iterator[Fault]:
    place, whole = ("allocation", "block_sizes"), sum(arm.ratio for arm in protocol.arms)
    for number, size in enumerate(blocks.block_sizes):
        if size % whole:
            said = f"a block of {size} does not hold the ratio whole; use multiples of {whole}"
            yield Fault((*place, number), said)
    if len(set(blocks.block_sizes)) < _FEWEST_SIZES:
        yield Fault(
            place, "the last of each block can be foretold; give two sizes or more that differ"
        )


def strata_can_be_filled(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """There are people enough for a block, the largest, in each stratum: else cells stay empty."""
    if not isinstance(protocol.allocation, AllocatedInBlocks):
        return
    options = {each.id: each.options for each in protocol.variables if isinstance(each, Choice)}
    strata = prod(len(options[each.variable]) for each in protocol.allocation.factors)
    needed = strata * max(protocol.allocation.block_sizes)
    if needed > protocol.design.planned:
        said = f"{strata} strata need {needed} people for a block each, {protocol.design.planned} are planned"
        yield Fault(("allocation", "factors"), f"{said}; drop a factor, or minimise")


def allocation_resolves(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """Allocation happens at a visit that every arm has; factors are variables with options."""
    if protocol.allocation.method == "not_allocated":
        return
    shared = {each.id for each in protocol.visits if not each.arms}
    if protocol.allocation.at_visit not in shared:
        visit = protocol.allocation.at_visit
        yield absent(("allocation", "at_visit"), visit, shared, "visit of all arms")
    choices = {each.id for each in protocol.variables if isinstance(each, Choice)}
    for number, factor in enumerate(protocol.allocation.factors):
        if factor.variable not in choices:
            place = ("allocation", "factors", number, "variable")
            yield absent(place, factor.variable, choices, "variable with options")


def epochs_are_sound(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """An epoch's longest is no shorter than its plan; what is optional has a beginning of its own."""
    for number, epoch in enumerate(protocol.epochs):
        if epoch.longest < epoch.days:
            said = f"it may last {epoch.longest} days but is planned for {epoch.days}; raise it"
            yield Fault(("epochs", number, "max_days"), said)
        if epoch.requires is not None:
            asked = max(epoch.requires.valid_wear_days, epoch.requires.diary_days)
            if asked > epoch.days:
                said = f"{asked} of {epoch.days} days are required; lower it, or lengthen the epoch"
                yield Fault(("epochs", number, "requires"), said)
        if epoch.optional and epoch.begins is None:
            said = "an optional epoch begins when somebody chooses it; give begins an anchor"
            yield Fault(("epochs", number, "optional"), said)
        if epoch.reconsent and not epoch.optional:
            said = (
                "consent is asked again for what is optional; make it optional, or drop reconsent"
            )
            yield Fault(("epochs", number, "reconsent"), said)


def epochs_are_contiguous(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """In every arm each epoch begins on the day after the one before, by the plan."""
    numbers = {epoch.id: number for number, epoch in enumerate(protocol.epochs)}
    for arm in protocol.arms:
        first = next(iter(protocol.epochs_of(arm.id)), None)
        if first is None or first.begins is None:
            said = f"arm {arm.id} has no first epoch with an anchor; give it begins"
            yield Fault(("epochs",), said)
            continue
        for epoch, days in seams(protocol, arm.id):
            if days:
                yield Fault(("epochs", numbers[epoch], "begins"), _seam(arm.id, epoch, days))


def _seam(arm: str, epoch: str, days: int) -> str:
    what = f"{days} days belong to no epoch" if days > 0 else f"{-days} days belong to two epochs"
    return f"in arm {arm} {what} before {epoch}; mend its begins, or the days of the epoch before"


def arms_start_when_they_say(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """Every arm takes the drug, and as much later than the earliest as its offset says."""
    begins = {arm.id: _days_before_drug(protocol, arm.id) for arm in protocol.arms}
    earliest = min((days for days in begins.values() if days is not None), default=0)
    for number, arm in enumerate(protocol.arms):
        days = begins[arm.id]
        if days is None:
            said = f"arm {arm.id} has no epoch with drug; say in which it is taken"
            yield Fault(("arms", number), said)
        elif days - earliest != arm.start_offset_weeks * 7:
            said = (
                f"by its epochs arm {arm.id} starts {days - earliest} days later; mend one of them"
            )
            yield Fault(("arms", number, "start_offset_weeks"), said)


def _days_before_drug(protocol: Protocol, arm: str) -> int | None:
    days = 0
    for epoch in protocol.epochs_of(arm):
        if epoch.drug:
            return days
        days += epoch.days
    return None


def anchors_happen(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """What visits and endpoints are counted from happens in every arm that has them."""
    known = {arm.id: _planned(protocol, arm.id) for arm in protocol.arms}
    for number, visit in enumerate(protocol.visits):
        arms = [arm for arm in known if visit.is_of(arm)]
        yield from _happens(("visits", number, "anchor"), visit.anchor, arms, known)
    for section, endpoints in (
        ("primary", protocol.endpoints.primary),
        ("secondary", protocol.endpoints.secondary),
    ):
        for number, endpoint in enumerate(endpoints):
            if isinstance(endpoint.at, AtDays):
                place = ("endpoints", section, number, "at", "anchor")
                yield from _happens(place, endpoint.at.anchor, list(known), known)


def _planned(protocol: Protocol, arm: str) -> set[str]:
    return {*planned_anchors(protocol, arm, _ANY_DAY), "withdrawal"}


def _happens(
    place: Place, anchor: Anchor, arms: list[str], known: dict[str, set[str]]
) -> Iterator[Fault]:
    for arm in arms:
        if anchor not in known[arm]:
            listed = ", ".join(sorted(known[arm]))
            said = f"nothing in arm {arm} is {anchor}; count from one of: {listed}"
            yield Fault(place, said)


def sessions_fit_the_window(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """A visit's window has a day for each of its sessions."""
    for number, visit in enumerate(protocol.visits):
        days = visit.window[1] - visit.window[0] + 1
        if visit.sessions > days:
            said = f"{visit.sessions} sessions in a window of {days} days; lower it"
            yield Fault(("visits", number, "sessions"), said)
