"""Endpoints are measured in every arm when they say; consent documents cover what they must."""

from collections.abc import Iterator
from datetime import date, timedelta

from hometrial.protocol.calendar import (
    diaries_due,
    epoch_spans,
    planned_anchors,
    visits_due,
)
from hometrial.protocol.checks.fault import Fault, Known, Place, absent, unknown
from hometrial.protocol.consent import ELEMENTS
from hometrial.protocol.model import Protocol
from hometrial.protocol.outcomes import AtDays, AtVisit, DuringEpoch, Endpoint, When

_CONSENT = date(2001, 1, 1)


def _placed(protocol: Protocol) -> Iterator[tuple[Place, Endpoint]]:
    for number, endpoint in enumerate(protocol.endpoints.primary):
        yield ("endpoints", "primary", number), endpoint
    for number, endpoint in enumerate(protocol.endpoints.secondary):
        yield ("endpoints", "secondary", number), endpoint


def _times(place: Place, endpoint: Endpoint) -> Iterator[tuple[Place, When]]:
    yield (*place, "at"), endpoint.at
    if endpoint.against is not None:
        yield (*place, "against"), endpoint.against


def endpoints_resolve(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """Endpoints and responders name outcomes, visits and epochs that are declared."""
    outcomes = {each.id for each in protocol.outcomes}
    judged = outcomes | {each.id for each in protocol.responders}
    for number, responder in enumerate(protocol.responders):
        for index, mark in enumerate(responder.marks):
            if mark.outcome not in outcomes:
                where = ("responders", number, "marks", index, "outcome")
                yield absent(where, mark.outcome, outcomes, "outcome")
    for place, endpoint in _placed(protocol):
        if endpoint.outcome not in judged:
            yield absent((*place, "outcome"), endpoint.outcome, judged, "outcome or responder")
        for time, when in _times(place, endpoint):
            yield from _time_resolves(protocol, time, when)


def _time_resolves(protocol: Protocol, place: Place, when: When) -> Iterator[Fault]:
    visits, epochs = {each.id for each in protocol.visits}, {each.id for each in protocol.epochs}
    if isinstance(when, AtVisit):
        yield from unknown((*place, "visits"), when.visits, visits, "visit")
    if isinstance(when, DuringEpoch) and when.epoch not in epochs:
        yield absent((*place, "epoch"), when.epoch, epochs, "epoch")


def endpoints_have_what_they_compare(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """Arms are compared where there are several; a change is against something."""
    changes = {each.id for each in protocol.responders if any(m.needs_baseline for m in each.marks)}
    for place, endpoint in _placed(protocol):
        if endpoint.between_arms and len(protocol.arms) == 1:
            said = "there is one arm; compare with a time instead"
            yield Fault((*place, "between_arms"), said)
        if endpoint.outcome in changes and endpoint.against is None:
            said = f"{endpoint.outcome} is about a change; say against when"
            yield Fault(place, said)


def endpoints_are_measured(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """The forms of an endpoint are asked for at its time in every arm, and at what it is compared with."""
    for place, endpoint in _placed(protocol):
        for where, when in _times(place, endpoint):
            forms = _forms(protocol, endpoint.outcome, before=when is endpoint.against)
            for arm in protocol.arms:
                for form in sorted(forms - _asked_for(protocol, arm.id, when)):
                    said = (
                        f"{form} is not asked for then in arm {arm.id}; add it to a visit or diary"
                    )
                    yield Fault(where, said)


def _forms(protocol: Protocol, judged: str, *, before: bool) -> set[str]:
    """Return the forms that an outcome or a responder is made of; `before`: as baseline of a change."""
    marks = {
        each.id: [mark.outcome for mark in each.marks if mark.needs_baseline or not before]
        for each in protocol.responders
    }
    asked = set(marks.get(judged, [judged]))
    return {
        each.form
        for each in protocol.outcomes
        if each.id in asked and each.source in ("form", "laboratory")
    }


def _asked_for(protocol: Protocol, arm: str, when: When) -> set[str]:
    """Return the forms that the plan asks for at a time in an arm."""
    anchors = planned_anchors(protocol, arm, _CONSENT)
    visits = visits_due(protocol, arm, anchors)
    if isinstance(when, AtVisit):
        return {form for each in visits if each.visit in when.visits for form in each.forms}
    days = _days(protocol, arm, when)
    diaries = {each.form for each in diaries_due(protocol, arm, anchors) if each.due in days}
    return diaries | {form for each in visits if each.due in days for form in each.forms}


def _days(protocol: Protocol, arm: str, when: AtDays | DuringEpoch) -> set[date]:
    anchors = planned_anchors(protocol, arm, _CONSENT)
    if isinstance(when, AtDays):
        start = anchors.get(when.anchor)
        numbers = range(when.from_day, when.to_day + 1)
        return set() if start is None else {start + timedelta(number) for number in numbers}
    return {
        each.days.first + timedelta(number)
        for each in epoch_spans(protocol, arm, anchors)
        if each.epoch == when.epoch
        for number in range((each.days.last - each.days.first).days + 1)
    }


def documents_cover_every_element(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """Every version of a consent document has a section for each element that must be covered."""
    for number, document in enumerate(protocol.consent.documents):
        covered = {element for section in document.sections for element in section.elements}
        for element in protocol.consent.elements:
            if element not in covered:
                said = f"no section covers {element} ({ELEMENTS[element]}); name it in one"
                yield Fault(("consent", "documents", number, "sections"), said)


def key_information_comes_first(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """A document begins with its key information (45 CFR 46.116(a)(5)(i)), and has some."""
    for number, document in enumerate(protocol.consent.documents):
        key = [section.key_information for section in document.sections]
        if not any(key) or key != sorted(key, reverse=True):
            said = "a document begins with its key information; put those sections first"
            yield Fault(("consent", "documents", number, "sections"), said)


def documents_are_given_once(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """No document has the same version in the same language twice."""
    seen = set()
    for number, each in enumerate(protocol.consent.documents):
        if (key := (each.id, each.version, each.language)) in seen:
            said = (
                f"{each.id} {each.version} in {each.language} stands there twice; raise its version"
            )
            yield Fault(("consent", "documents", number), said)
        seen.add(key)
