"""Results of laboratories: as the laboratory told them, in the protocol's unit; a high liver value calls at once."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from hometrial import clock
from hometrial.models import LaboratoryResult, Participant
from hometrial.services.agreeing import reading
from hometrial.services.safety import liver
from hometrial.services.trial import following, sampling
from hometrial.services.trial.sampling import LaboratoryRefusedError, Result

_SAMPLE = ("form", "analyte", "sampled_at", "laboratory")
_SAID = ("value", "below", "above", "unit", "upper_limit", "visit", "visit_number")


@dataclass(frozen=True)
class Recorded:
    """A result as it stands; `alerts`: the rules that it set off."""

    row: LaboratoryResult
    alerts: tuple[str, ...]


def record(session: Session, person: Participant, result: Result, *, by: str) -> Recorded:
    """Record a result; ALT or AST above the protocol's limit raises its alert in the same transaction.

    The same word twice is one. Raises LaboratoryRefusedError, NotInTrialError, VisitRefusedError.
    """
    row = _row(session, person, result, by)
    before = _recorded(session, person, row)
    if before is None:
        return _kept(session, person, row)
    if _is_same(before, row, _SAMPLE + _SAID):
        return Recorded(before, ())
    raise _stands_already(person, before)


def correct(
    session: Session, person: Participant, wrong: UUID, result: Result, *, because: str, by: str
) -> Recorded:
    """Record what a result ought to have said; the wrong one stays, and an alert that it raised stays open.

    Raises what `record` raises.
    """
    row = _row(session, person, result, by)
    if not because.strip():
        raise LaboratoryRefusedError(f"result {wrong}: say why it was wrong")
    if wrong not in {each.id for each in results(session, person)}:
        raise LaboratoryRefusedError(
            f"result {wrong} of {person.code}: there is none that stands;"
            f" `hometrial laboratory list {person.code}` shows them"
        )
    before = _recorded(session, person, row)
    if before is not None and before.id != wrong:
        raise _stands_already(person, before)
    row.corrects_id, row.because = wrong, because.strip()
    return _kept(session, person, row)


def results(session: Session, person: Participant) -> tuple[LaboratoryResult, ...]:
    """Return the results of a person that no other corrects, in the order of their samples."""
    later = aliased(LaboratoryResult)
    rows = session.scalars(
        select(LaboratoryResult)
        .where(
            LaboratoryResult.participant_id == person.id,
            ~select(later.id).where(later.corrects_id == LaboratoryResult.id).exists(),
        )
        .order_by(LaboratoryResult.sampled_at, LaboratoryResult.analyte, LaboratoryResult.id)
    )
    return tuple(rows)


def told(row: LaboratoryResult) -> str:
    """Return a result in words, such as `below 0.5 mg/L`, with what it is of its upper limit."""
    sign = "below " if row.below is not None else "above " if row.above is not None else ""
    times = row.multiple
    of_limit = "" if times is None else f", {sign}{round(times, 2)} times the upper limit"
    return f"{sign}{row.found} {row.unit}{of_limit}"


def _stands_already(person: Participant, row: LaboratoryResult) -> LaboratoryRefusedError:
    return LaboratoryRefusedError(
        f"{row.analyte} of {person.code}, sampled {row.sampled_at:%Y-%m-%d %H:%M} UTC, is recorded as"
        f" {told(row)}; if that is wrong, correct {row.id}"
    )


def _row(session: Session, person: Participant, result: Result, by: str) -> LaboratoryResult:
    # An act of consent, such as withdrawal, waits until this is recorded, and the other way round.
    reading.hold(session, person)
    sampling.require_possible(session, person, result)
    return LaboratoryResult(
        participant_id=person.id,
        protocol_version_id=following.version_of(session, person).id,
        visit=result.visit,
        visit_number=sampling.visit_number(session, person, result),
        form=result.form,
        analyte=result.analyte,
        value=result.value,
        below=result.below,
        above=result.above,
        unit=result.unit,
        upper_limit=result.upper_limit,
        sampled_at=result.sampled_at,
        laboratory=result.laboratory.strip(),
        recorded_at=clock.now(),
        recorded_by=by,
    )


def _recorded(
    session: Session, person: Participant, row: LaboratoryResult
) -> LaboratoryResult | None:
    """Return what stands already of the same analyte of the same sample by the same laboratory."""
    standing = results(session, person)
    same = next((each for each in standing if _is_same(each, row, _SAMPLE)), None)
    return same or _came_of(session, row)


def _came_of(session: Session, row: LaboratoryResult) -> LaboratoryResult | None:
    """Return what a result of the same sample was corrected to, which may name another one by now."""
    same = (getattr(LaboratoryResult, name) == getattr(row, name) for name in _SAMPLE)
    found = session.scalars(
        select(LaboratoryResult).where(
            LaboratoryResult.participant_id == row.participant_id,
            LaboratoryResult.corrects_id.is_(None),
            *same,
        )
    ).one_or_none()
    later = found
    while later is not None:
        found = later
        later = session.scalars(
            select(LaboratoryResult).where(LaboratoryResult.corrects_id == found.id)
        ).one_or_none()
    return found


def _is_same(one: LaboratoryResult, other: LaboratoryResult, names: tuple[str, ...]) -> bool:
    return all(getattr(one, name) == getattr(other, name) for name in names)


def _kept(session: Session, person: Participant, row: LaboratoryResult) -> Recorded:
    session.add(row)
    session.flush()
    return Recorded(row, liver.watch(session, person, row))
