"""A person's laboratory results, corrected ones marked, and what may be entered by their protocol."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.errors import TrialError
from hometrial.models import LIVER_ANALYTES, LaboratoryResult, Participant
from hometrial.protocol.outcomes import LaboratoryOutcome
from hometrial.services.trial import calendars, following


@dataclass(frozen=True)
class ResultLine:
    """A result, and whether a newer record replaces it."""

    row: LaboratoryResult
    is_corrected: bool


@dataclass(frozen=True)
class Asked:
    """What a person's protocol asks of laboratories: forms, analytes with their units (empty: any), their visits."""

    forms: Sequence[str] = ()
    analytes: Sequence[tuple[str, str]] = ()
    visits: Sequence[str] = ()


def results(session: Session, person: Participant) -> Sequence[ResultLine]:
    """Return every result of a person, the newest sample first: one query."""
    rows = session.scalars(
        select(LaboratoryResult)
        .where(LaboratoryResult.participant_id == person.id)
        .order_by(
            LaboratoryResult.sampled_at.desc(),
            LaboratoryResult.analyte,
            LaboratoryResult.recorded_at.desc(),
        )
    ).all()
    corrected = {row.corrects_id for row in rows}
    return [ResultLine(row, row.id in corrected) for row in rows]


def asked(session: Session, person: Participant) -> Asked:
    """Return what may be entered; nothing of somebody who follows no trial."""
    try:
        protocol = following.protocol_of(session, person)
        plan = calendars.plan_of(session, person)
    except TrialError:
        return Asked()
    forms = [each.id for each in protocol.forms if each.filled_by == "laboratory"]
    declared = {
        each.analyte: each.unit
        for each in protocol.outcomes
        if isinstance(each, LaboratoryOutcome) and each.form in forms
    }
    units = dict.fromkeys(LIVER_ANALYTES, "") | declared
    visits = list(dict.fromkeys(each.visit for each in plan.visits))
    return Asked(forms, sorted(units.items()), visits)
