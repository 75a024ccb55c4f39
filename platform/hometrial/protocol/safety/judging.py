"""What follows from an event: new or not, in the period or not, expected or not, which rules it meets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from hometrial.protocol.analysis import SafetyPeriod
from hometrial.protocol.safety import vocabulary
from hometrial.protocol.safety.details import Details, date_of
from hometrial.protocol.titration import Stop, Titration
from hometrial.rules import Answer, decide, parse

Adjusted = Literal["baseline", "worsened", "new"]


def against_baseline(details: Details, baseline: Mapping[str, int]) -> Adjusted | None:
    """Say whether an event is new, a worsening by a grade or more of the run-in level, or neither.

    `baseline`: the grade of each symptom in the run-in; what is not in it was not there. None: it was there,
    and nobody has said how bad it is now.
    """
    before = 0 if details.term is None else baseline.get(details.term, 0)
    if before == 0:
        return "new"
    if details.level is None:
        return None
    return "worsened" if details.level > before else "baseline"


@dataclass(frozen=True)
class Days:
    """The days from which events of a person are collected; None: not yet."""

    consent: date | None
    first_dose: date | None
    last_dose: date | None


def is_collected(details: Details, days: Days, period: SafetyPeriod) -> bool | None:
    """Say whether an event's onset can lie in the period of collection; None while the onset is unknown.

    Serious events believed related, or not judged, have no end.
    """
    onset = date_of(details.start)
    if onset is None:
        return None
    which = period.serious_events_from if details.is_serious else period.adverse_events_from
    begin = days.consent if which == "consent" else days.first_dose
    if begin is None or onset.last < begin:
        return False
    endless = details.is_serious and details.related is not False
    if days.last_dose is None or endless:
        return True
    return onset.first <= days.last_dose + timedelta(days=period.days_after_last_dose)


def is_expected(details: Details) -> bool | None:
    """Say whether the list expects an event; None without a term. The fatal and life-threatening never is."""
    if details.is_gravest:
        return False
    if details.term is None:
        return None
    return details.term in vocabulary.expected_events().terms


def alerts_of(details: Details) -> frozenset[str]:
    """Return the alert rules that an event meets (`alert_rules`)."""
    found = {
        "SE1": details.is_serious,
        "PG1": details.pregnancy,
        "AE1": (details.level or 0) >= 3,
        "LV1": details.hys_law is True,
    }
    met = {rule for rule, holds in found.items() if holds}
    own = None if details.term is None else vocabulary.shipped().of(details.term).alert
    return frozenset(met if own is None else {*met, own})


def stop_rules(titration: Titration, details: Details) -> tuple[Stop, ...]:
    """Return the protocol's rules to stop the drug that an event meets; the order is the investigator's.

    Rules that ask for what an event does not tell, such as a laboratory value, are left to those who know it.
    """
    answers: dict[str, Answer | None] = {
        "related_grade": _related_grade(details),
        "related_serious_event": _related_serious(details),
        "pregnant": details.pregnancy or None,
    }
    return tuple(rule for rule in titration.stop if decide(parse(rule.when), answers).holds is True)


def _related_grade(details: Details) -> int | None:
    if details.related is False:
        return 0
    return details.grade if details.related else None


def _related_serious(details: Details) -> bool | None:
    if details.serious is None or details.related is None:
        return None
    return details.is_serious and details.related
