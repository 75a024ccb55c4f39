"""What the protocol plans, in the words of SDTM: epochs, elements, visits with their numbers, names and days."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from hometrial.exports.sdtm import naming
from hometrial.protocol.arms import Anchor, Epoch
from hometrial.protocol.calendar import planned_anchors, visits_due
from hometrial.protocol.model import Protocol
from hometrial.protocol.visits import Visit

ANCHORS: dict[Anchor, str] = {
    "consent": "informed consent",
    "run_in_start": "first day of the run-in",
    "run_in_end": "last day of the run-in",
    "randomisation": "allocation to an arm",
    "first_dose": "first dose of the study drug",
    "last_dose": "last dose of the study drug",
    "extension_start": "first day of the extension",
    "extension_end": "last day of the extension",
    "withdrawal": "withdrawal",
}
_TREATMENT = {"none": "OPEN LABEL TREATMENT"}
_ANY_DAY = date(2001, 1, 1)  # the plan is the same whenever it begins
_LONGEST_ARM = 20
_AFTER = 2  # a visit whose study day nobody can tell counts as one on the drug
UNPLANNED = "UNPLAN"
"""The standard's own code for an element that nobody planned."""


@dataclass(frozen=True)
class PlannedVisit:
    """A visit of the plan, one for each repetition; `day` is its study day where all arms that have it share it."""

    visit: Visit
    repetition: int
    number: float
    name: str
    day: int | None


def study_day(day: date, first: date) -> int:
    """Return the study day: 1 on the day of the first dose, -1 the day before (SDTMIG 3.4, 4.4.4)."""
    apart = (day - first).days
    return apart + 1 if apart >= 0 else apart


def epoch_terms(protocol: Protocol) -> dict[str, str]:
    """Return EPOCH of each declared epoch: neighbours of one nature are elements of one epoch.

    Where the same nature comes back later, it is another epoch and says which: `TREATMENT 2`.
    """
    terms: dict[str, str] = {}
    seen: dict[str, int] = {}
    for term, together in groupby(protocol.epochs, lambda each: _nature(each, protocol)):
        seen[term] = seen.get(term, 0) + 1
        named = term if seen[term] == 1 else f"{term} {seen[term]}"
        terms |= {each.id: named for each in together}
    return terms


def _nature(epoch: Epoch, protocol: Protocol) -> str:
    """Name an epoch in CDISC's words: what comes before any drug, on the drug, and after it."""
    place = protocol.epochs.index(epoch)
    if epoch.drug:
        return "CONTINUATION TREATMENT" if epoch.optional else _TREATMENT[protocol.design.masking]
    if any(each.drug for each in protocol.epochs[:place]):
        return "FOLLOW-UP"
    if place == 0:
        return "SCREENING"
    return "OBSERVATION" if epoch.arms else "RUN-IN"


def element_codes(protocol: Protocol) -> dict[str, str]:
    """Return ETCD of each declared epoch: its id, at most eight characters, no two alike."""
    taken = {UNPLANNED}
    return {epoch.id: naming.code(epoch.id, taken) for epoch in protocol.epochs}


def arm_codes(protocol: Protocol) -> dict[str, str]:
    """Return ARMCD of each arm: its id, at most twenty characters, no two alike."""
    taken: set[str] = set()
    return {each.id: naming.short(each.id, _LONGEST_ARM, taken) for each in protocol.arms}


def arm_names(protocol: Protocol) -> dict[str, str]:
    """Return ARM of each arm: its label."""
    return naming.distinct(
        {each.id: each.label for each in protocol.arms},
        {each.id: each.id for each in protocol.arms},
    )


def element(epoch: str) -> str:
    """Return ELEMENT of a declared epoch: its id in words."""
    return epoch.replace("_", " ").capitalize()


def visits(protocol: Protocol) -> tuple[PlannedVisit, ...]:
    """Return the planned visits in the protocol's order, numbered from 1, each repetition one of its own."""
    days, names = _days(protocol), _visit_names(protocol)
    found: list[PlannedVisit] = []
    for visit, repetition in _repetitions(protocol):
        shared = days.get((visit.id, repetition), set())
        day = min(shared) if len(shared) == 1 else None
        name = names[visit.id, repetition]
        found.append(PlannedVisit(visit, repetition, float(len(found) + 1), name, day))
    return tuple(found)


def _visit_names(protocol: Protocol) -> dict[tuple[str, int], str]:
    """Return VISIT of each repetition: the label in capitals, with its number where there are several."""
    told, ids = {}, {}
    for visit, repetition in _repetitions(protocol):
        number = "" if visit.repeat is None else f" {repetition}"
        room = naming.LONGEST - len(number)
        told[visit.id, repetition] = naming.pieces(visit.label.upper(), room)[0] + number
        ids[visit.id, repetition] = f"{visit.id}{number}"
    return naming.distinct(told, ids)


def before_drug(protocol: Protocol) -> frozenset[float]:
    """Return the numbers of the visits that are due on the day of the first dose at the latest, in every arm that has them."""
    days = _days(protocol)
    return frozenset(
        each.number
        for each in visits(protocol)
        if max(days.get((each.visit.id, each.repetition), {_AFTER})) <= 1
    )


def _repetitions(protocol: Protocol) -> Iterator[tuple[Visit, int]]:
    for visit in protocol.visits:
        times = 1 if visit.repeat is None else visit.repeat.times
        yield from ((visit, repetition) for repetition in range(1, times + 1))


def _days(protocol: Protocol) -> dict[tuple[str, int], set[int]]:
    """Return the study days of each repetition over the arms, as far as the plan tells them."""
    found: dict[tuple[str, int], set[int]] = {}
    for arm in protocol.arms:
        anchors = planned_anchors(protocol, arm.id, _ANY_DAY)
        first = anchors.get("first_dose")
        if first is None:
            continue
        for due in visits_due(protocol, arm.id, anchors):
            found.setdefault((due.visit, due.number), set()).add(study_day(due.due, first))
    return found


def after(anchor: Anchor, day: int) -> str:
    """Say so many days after an anchor, in words."""
    if day == 0:
        return ANCHORS[anchor].capitalize()
    plural = "" if abs(day) == 1 else "s"
    side = "after" if day > 0 else "before"
    return f"{abs(day)} day{plural} {side} {ANCHORS[anchor]}"
