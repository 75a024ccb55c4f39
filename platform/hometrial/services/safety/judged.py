"""What the tables say about an event beyond its own words: dose, run-in, period, rules of the protocol."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from hometrial.models import Participant
from hometrial.protocol.model import Protocol
from hometrial.protocol.safety import judging, onset
from hometrial.protocol.safety.details import date_of
from hometrial.protocol.safety.judging import Adjusted, Days
from hometrial.protocol.safety.onset import Onset
from hometrial.services.dosing import storing
from hometrial.services.safety import events
from hometrial.services.safety.events import EventState
from hometrial.services.trial import arms, following
from hometrial.services.trial.following import NotInTrialError


@dataclass(frozen=True)
class Judged:
    """What follows from an event; None where it cannot be told, `is_collected` also of who is in no trial.

    `stop_rules`: ids of the protocol's rules that it meets; the order is the investigator's.
    """

    onset: Onset
    adjusted: Adjusted | None
    is_collected: bool | None
    stop_rules: tuple[str, ...]


def judge(session: Session, person: Participant, state: EventState) -> Judged:
    """Return what follows from a person's event by what is recorded of them now."""
    known = state.details
    protocol = _protocol(session, person)
    return Judged(
        onset=onset.at_onset(storing.course_of(session, person), date_of(known.start)),
        adjusted=judging.against_baseline(known, events.baseline(session, person)),
        is_collected=None
        if protocol is None
        else judging.is_collected(known, _days(session, person), protocol.analysis.safety),
        stop_rules=() if protocol is None else _stop_rules(session, person, protocol, state),
    )


def days_clear(session: Session, person: Participant, grade: int, today: date) -> int | None:
    """Return for how many days a person had no related event of a grade or more; None: there never was one.

    0: it goes on, or nobody has said that it stopped. What nobody has judged yet counts as related, unless it
    began before the first dose; its last day is the latest that it can be.
    """
    first_dose = following.anchors(session, person).get("first_dose")
    stops = [
        date_of(state.details.stop)
        for state in events.states(session, person=person)
        if _counts(state, grade, first_dose)
    ]
    if not stops:
        return None
    lasts = [today if each is None else min(each.last, today) for each in stops]
    return (today - max(lasts)).days


def _counts(state: EventState, grade: int, first_dose: date | None) -> bool:
    """Whether an event is, or may be, a related one of a grade or more."""
    known = state.details
    began = date_of(known.start)
    before = first_dose is not None and began is not None and began.last < first_dose
    if known.related is False or (known.related is None and before):
        return False
    return not state.is_looked_at if known.level is None else known.level >= grade


def _protocol(session: Session, person: Participant) -> Protocol | None:
    try:
        return following.protocol_of(session, person)
    except NotInTrialError:
        return None


def _days(session: Session, person: Participant) -> Days:
    found = following.anchors(session, person)
    return Days(found.get("consent"), found.get("first_dose"), found.get("last_dose"))


def _stop_rules(
    session: Session, person: Participant, protocol: Protocol, state: EventState
) -> tuple[str, ...]:
    arm = arms.arm_of(session, person)
    if arm is None:
        return ()
    met = judging.stop_rules(protocol.titration_of(arm), state.details)
    return tuple(each.id for each in met)
