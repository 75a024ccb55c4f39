"""Interruptions have one way back each; supply is ordered before it runs out."""

from collections.abc import Iterator
from itertools import pairwise

from hometrial.protocol.checks.fault import Fault, Known
from hometrial.protocol.model import Protocol


def every_gap_has_a_way_back(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """Restart rules go up in days, reach every interruption, and only the last has no end."""
    place = ("interruption", "restart")
    ends = [each.gap_days_max for each in protocol.interruption.restart]
    if ends[-1] is not None:
        yield Fault(place, f"a gap of more than {ends[-1]} days has no rule; end with one for null")
    if None in ends[:-1]:
        yield Fault(place, "rules after that for null are never reached; put it last")
    for number, (shorter, longer) in enumerate(pairwise(ends), 1):
        if shorter is not None and longer is not None and longer <= shorter:
            said = f"{longer} days after {shorter} is never reached; sort the rules by length"
            yield Fault((*place, number, "gap_days_max"), said)
    if ends[0] is not None and ends[0] < protocol.interruption.from_days:
        said = f"an interruption has {protocol.interruption.from_days} days or more; raise it"
        yield Fault((*place, 0, "gap_days_max"), said)


def reasons_and_running_out(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """Running out can be told, and supply is ordered before anybody worries, and worried before it ends."""
    if "ran_out" not in protocol.interruption.reasons:
        said = "people run out and must be able to say so; add ran_out"
        yield Fault(("interruption", "reasons"), said)
    supply = protocol.supply
    if not supply.alert_when_days_left < supply.reorder_when_days_left < supply.dispense_days:
        said = (
            f"alert at {supply.alert_when_days_left}, reorder at {supply.reorder_when_days_left} days "
            f"left of {supply.dispense_days}; each must be less than the next"
        )
        yield Fault(("supply",), said)
