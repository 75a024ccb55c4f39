"""Opioids that a person told of: whether one may still be there, and when the drug may be started after it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from hometrial.models import Medication, Participant
from hometrial.protocol.dosing.refusing import OrderRefusedError
from hometrial.protocol.dosing.standing import Kind
from hometrial.protocol.dosing.titrating import earliest_after_opioid
from hometrial.protocol.medicines import Kinship
from hometrial.protocol.model import Protocol
from hometrial.services.dosing.recording import Chart

_RAISES = (Kind.START, Kind.STEP_UP, Kind.RESUME, Kind.RESTART)
"""Orders after which more of the drug is taken than before."""


@dataclass(frozen=True)
class Conflict:
    """An opioid that may still be there, until the day before `free_on`; None while it is taken."""

    medication: Medication
    free_on: date | None


def told(session: Session, person: Participant) -> tuple[Medication, ...]:
    """Return the medicines of a person that no other record corrects, oldest first."""
    later = aliased(Medication)
    corrected = select(later.id).where(
        later.participant_id == Medication.participant_id, later.corrects == Medication.number
    )
    rows = session.scalars(
        select(Medication)
        .where(
            Medication.participant_id == person.id,
            Medication.is_void.is_(False),
            ~corrected.exists(),
        )
        .order_by(Medication.number)
    )
    return tuple(rows)


def opioid_free_since(session: Session, person: Participant) -> date | None:
    """Return the first day since which no opioid was taken, as far as was told, at the latest that it can be.

    None while one is taken; the beginning of time (`date.min`) if none was ever told of.
    """
    opioids = [each for each in told(session, person) if each.is_opioid]
    if any(each.last_on is None for each in opioids):
        return None
    last = max((each.last_on for each in opioids if each.last_on), default=None)
    return date.min if last is None else last + timedelta(days=1)


def is_taken_anew(now: Medication, before: Medication | None) -> bool:
    """Whether a record tells of taking an opioid that the record which it corrects did not tell of.

    It does of another opioid, and of one that ended later than was known or is taken after all; the end of one
    that was known tells of nothing taken.
    """
    if before is None or not before.is_opioid or before.substance != now.substance:
        return now.is_opioid
    if before.last_on is None:
        return False
    return now.last_on is None or now.last_on > before.last_on


def conflicts(
    medications: Iterable[Medication], protocol: Protocol, on: date
) -> tuple[Conflict, ...]:
    """Return the opioids that may still be there on a day: taken, or ended fewer days ago than the protocol waits."""
    found = []
    for each in medications:
        if not each.is_opioid:
            continue
        free_on = _free_on(each, protocol)
        if free_on is None or free_on > on:
            found.append(Conflict(each, free_on))
    return tuple(found)


def _free_on(opioid: Medication, protocol: Protocol) -> date | None:
    if opioid.last_on is None:
        return None
    gap = protocol.interruption.opioid_gap_days
    is_long = opioid.kinship == Kinship.LONG_ACTING
    return earliest_after_opioid(
        opioid.last_on, gap.buprenorphine_methadone if is_long else gap.short_acting
    )


def require_free(session: Session, chart: Chart, kind: Kind, on: date) -> None:
    """Raise OrderRefusedError of more of the drug on a day on which an opioid may still be there."""
    if kind not in _RAISES:
        return
    found = conflicts(told(session, chart.person), chart.footing.protocol, on)
    if not found:
        return
    named, free_on = found[0].medication, found[0].free_on
    until = "is still taken" if free_on is None else f"may be there before {free_on}"
    raise OrderRefusedError(
        f"{kind} from {on}: {named.name} ({named.substance}), told as medicine {named.number}, {until};"
        " if that is wrong, correct the medicine"
    )
