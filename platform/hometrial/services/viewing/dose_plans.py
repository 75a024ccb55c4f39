"""Dose plans on the calendar, before and after somebody has begun."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import ZoneNeededError
from hometrial.models import Participant
from hometrial.protocol import applying
from hometrial.protocol.calendar import planned_anchors
from hometrial.protocol.dosing.plan import PlannedStep, planned
from hometrial.protocol.model import Protocol
from hometrial.protocol.windows import local_date
from hometrial.services import enrolling
from hometrial.services.agreeing import standing
from hometrial.services.trial import following


@dataclass(frozen=True)
class DosePlan:
    """The dose plan of an arm on the calendar; `is_fixed`: the first dose was taken on that day."""

    arm: str
    label: str
    is_theirs: bool
    is_fixed: bool
    steps: tuple[PlannedStep, ...]
    time_of_day: str


def plans(
    session: Session, person: Participant, protocol: Protocol, arm: str | None
) -> tuple[DosePlan, ...]:
    """Return the plan of the person's arm; while it is open, that of every arm, so that nothing is foretold."""
    shown = [each for each in protocol.arms if arm is None or each.id == arm]
    anchors = following.anchors(session, person)
    fixed = "first_dose" in anchors
    found = []
    for each in shown:
        titration = protocol.titration_of(each.id)
        first = anchors["first_dose"] if fixed else _first_dose(session, person, protocol, each.id)
        steps = planned(applying.plan_of(titration, sensitive=False), first)
        found.append(
            DosePlan(each.id, each.label, arm is not None, fixed, steps, titration.time_of_day)
        )
    return tuple(found)


def _first_dose(session: Session, person: Participant, protocol: Protocol, arm: str) -> date:
    """Return the planned day of the first dose: as long after the last known day of the trial as the plan says."""
    anchors = following.anchors(session, person)
    signed = standing.consented_at(session, person)
    begin = anchors.get("consent") or _day(session, person, signed or clock.now())
    plan = planned_anchors(protocol, arm, begin)
    known = [
        anchors[each] - plan[each]
        for each in ("randomisation", "run_in_end", "run_in_start")
        if each in anchors and each in plan
    ]
    return plan["first_dose"] + (known[0] if known else timedelta())


def _day(session: Session, person: Participant, moment: datetime) -> date:
    try:
        return local_date(moment, enrolling.zones_of(session, person))
    except ZoneNeededError:
        return moment.date()
