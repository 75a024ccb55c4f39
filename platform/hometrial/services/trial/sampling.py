"""What a result of a laboratory must be: of a person who is in, in the protocol's unit, of a visit that there is."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import LIVER_ANALYTES, Participant
from hometrial.protocol.model import Protocol
from hometrial.protocol.outcomes import LaboratoryOutcome
from hometrial.services.agreeing import standing
from hometrial.services.trial import calendars, following, visiting


class LaboratoryRefusedError(TrialError):
    """A result that cannot be recorded like this."""


@dataclass(frozen=True)
class Result:
    """One analyte of one sample: exactly one of `value`, `below` and `above` (a limit of detection).

    `upper_limit`: that of normal, in the same unit. `number` counts a visit's repetitions from 1.
    """

    form: str
    analyte: str
    unit: str
    sampled_at: datetime
    laboratory: str
    value: Decimal | None = None
    below: Decimal | None = None
    above: Decimal | None = None
    upper_limit: Decimal | None = None
    visit: str | None = None
    number: int | None = None

    @property
    def found(self) -> Decimal:
        """The number that was told, whatever it stands for."""
        told = [each for each in (self.value, self.below, self.above) if each is not None]
        if len(told) != 1:
            raise LaboratoryRefusedError(
                f"{self.analyte}: give one of value, below and above; {len(told)} were given"
            )
        return told[0]


def require_possible(session: Session, person: Participant, result: Result) -> None:
    """Raise LaboratoryRefusedError of a result that this person cannot have, or that says too little."""
    _require_sampled_while_in(session, person, result)
    _require_declared(following.protocol_of(session, person), result)
    _require_plausible(result)
    if result.analyte in LIVER_ANALYTES:
        _require_a_multiple(result)


def _require_sampled_while_in(session: Session, person: Participant, result: Result) -> None:
    at, code = result.sampled_at, person.code
    if at.tzinfo is None:
        raise LaboratoryRefusedError(f"sampled {at.isoformat()}: give the zone, such as +01:00")
    if at > clock.now():
        raise LaboratoryRefusedError(f"sampled {at.isoformat()}: that is yet to come")
    signed = standing.consented_at(session, person)
    if signed is None or at < signed:
        when = "has signed no consent" if signed is None else f"signed at {signed.isoformat()}"
        raise LaboratoryRefusedError(
            f"{code} {when}; no sample of before that is recorded (this one: {at.isoformat()})"
        )
    withdrawn = standing.withdrawn_at(session, person)
    if withdrawn is not None and at > withdrawn:
        raise LaboratoryRefusedError(
            f"{code} withdrew from everything at {withdrawn.isoformat()}; no sample of after that is"
            f" recorded (this one: {at.isoformat()})"
        )


def _require_declared(protocol: Protocol, result: Result) -> None:
    forms = [each.id for each in protocol.forms if each.filled_by == "laboratory"]
    if result.form not in forms:
        raise LaboratoryRefusedError(
            f"form {result.form}: no laboratory fills it in; there are {', '.join(forms) or 'none'}"
        )
    declared = [
        each
        for each in protocol.outcomes
        if isinstance(each, LaboratoryOutcome) and each.form == result.form
    ]
    units = [each.unit for each in declared if each.analyte == result.analyte]
    if not units and result.analyte not in LIVER_ANALYTES:
        listed = ", ".join(dict.fromkeys([*(each.analyte for each in declared), *LIVER_ANALYTES]))
        raise LaboratoryRefusedError(
            f"analyte {result.analyte}: form {result.form} names no such outcome; there are {listed}"
        )
    if units and result.unit not in units:
        raise LaboratoryRefusedError(
            f"{result.analyte} in {result.unit}: the protocol declares {' or '.join(units)};"
            " ask the laboratory for that unit"
        )


def _require_plausible(result: Result) -> None:
    found, limit = result.found, result.upper_limit
    if not found.is_finite() or (result.value is None and found <= 0):
        raise LaboratoryRefusedError(
            f"{result.analyte} {found}: give a number; a limit of detection is more than 0"
        )
    if limit is not None and not (limit.is_finite() and limit > 0):
        raise LaboratoryRefusedError(f"upper limit of normal {limit}: it is more than 0")
    for name in ("unit", "laboratory"):
        if not getattr(result, name).strip():
            raise LaboratoryRefusedError(f"{result.analyte}: give the {name}")


def _require_a_multiple(result: Result) -> None:
    if result.upper_limit is None or result.found < 0:
        raise LaboratoryRefusedError(
            f"{result.analyte} {result.found} {result.unit}: give a value of 0 or more, and the laboratory's upper limit"
            " of normal in the same unit; it is judged as a multiple of that"
        )


def visit_number(session: Session, person: Participant, result: Result) -> int | None:
    """Return the number of the visit that a sample belongs to, None if to none. Raises LaboratoryRefusedError."""
    visit, number = result.visit, result.number
    if visit is None:
        if number is not None:
            raise LaboratoryRefusedError(f"number {number}: of which visit? give it, or leave both")
        return None
    plan = calendars.plan_of(session, person)
    if visit in {each.id for each in plan.protocol.unscheduled_visits}:
        known = [row.number for row in visiting.records(session, person) if row.visit == visit]
    else:
        known = [each.number for each in plan.visits if each.visit == visit]
    known = sorted(set(known))
    if not known:
        listed = ", ".join(dict.fromkeys(each.visit for each in plan.visits)) or "none yet"
        raise LaboratoryRefusedError(f"{person.code} has no visit {visit}; there are {listed}")
    if number is None and len(known) > 1:
        raise LaboratoryRefusedError(f"{visit} comes {len(known)} times: say which number")
    chosen = known[0] if number is None else number
    if chosen not in known:
        listed = ", ".join(map(str, known))
        raise LaboratoryRefusedError(
            f"{person.code} has no {visit} number {number}; there are {listed}"
        )
    return chosen
