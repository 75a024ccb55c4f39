"""Source tables of what people were screened for, agreed to, were allocated to and chose to leave."""

from collections.abc import Iterator, Mapping
from uuid import UUID

from sqlalchemy import exists, select
from sqlalchemy.orm import Session, aliased

from hometrial.db import among
from hometrial.exports.source.reading import Row
from hometrial.models import (
    Allocation,
    AllocationInError,
    ConsentEvent,
    ConsentSignature,
    ConsentText,
    ProtocolVersion,
    Screening,
    ScreeningAnswer,
    WithdrawalChoice,
)
from hometrial.rules import Answer
from hometrial.services.capturing.people import people
from hometrial.services.trial import publishing


def screenings(session: Session) -> Iterator[Row]:
    """Yield every screening, decided or not."""
    known = people(session)
    for row in session.scalars(select(Screening).where(among(Screening.participant_id, known))):
        person = known[row.participant_id]
        yield {
            "id": str(row.id),
            "participant": person.code,
            "number": row.number,
            "opened": person.local(row.opened_at),
            "outcome": row.outcome,
            "decided": person.local(row.decided_at),
            "failing": "; ".join(row.failing) or None,
            "because": row.because,
        }


def screening_answers(session: Session) -> Iterator[Row]:
    """Yield the answers that no other corrects; one that is unknown has no value."""
    known, types = people(session), _types(session)
    later = aliased(ScreeningAnswer)
    rows = session.execute(
        select(ScreeningAnswer, Screening.participant_id, Screening.protocol_version_id)
        .join(Screening, Screening.id == ScreeningAnswer.screening_id)
        .where(
            among(Screening.participant_id, known),
            ~exists().where(later.corrects_id == ScreeningAnswer.id),
        )
    )
    for row, participant, version in rows:
        person = known[participant]
        yield {
            "id": str(row.id),
            "participant": person.code,
            "screening": str(row.screening_id),
            "variable": row.variable,
            "type": types[version].get(row.variable),
            "value": _text(row.value),
            "number": _number(row.value),
            "source": row.source,
            "recorded": person.local(row.recorded_at),
        }


def _types(session: Session) -> Mapping[UUID, Mapping[str, str]]:
    """Return of every version that somebody was screened under the type of each variable."""
    wanted = select(ProtocolVersion).where(
        ProtocolVersion.id.in_(select(Screening.protocol_version_id))
    )
    return {
        version.id: {each.id: each.type for each in publishing.of(version).variables}
        for version in session.scalars(wanted)
    }


def _text(value: Answer | None) -> str | None:
    if isinstance(value, bool):
        return "true" if value else "false"
    return None if value is None else str(value)


def _number(value: Answer | None) -> float | None:
    return None if isinstance(value, bool | str) or value is None else float(value)


def consent_signatures(session: Session) -> Iterator[Row]:
    """Yield every signature, of the person and beside it, at the hour of the person's own clock."""
    known = people(session)
    rows = session.execute(
        select(ConsentSignature, ConsentText.language)
        .join(ConsentText, ConsentText.id == ConsentSignature.text_id)
        .where(among(ConsentSignature.participant_id, known))
    )
    for row, language in rows:
        person = known[row.participant_id]
        yield {
            "id": str(row.id),
            "participant": person.code,
            "document": row.document,
            "version": row.version,
            "language": language,
            "part": row.part,
            "role": row.role,
            "kind": row.kind,
            "signed": person.local(row.signed_at),
        }


def consent_events(session: Session) -> Iterator[Row]:
    """Yield every decision about a kind of data."""
    known = people(session)
    rows = select(ConsentEvent).where(among(ConsentEvent.participant_id, known))
    for row in session.scalars(rows):
        person = known[row.participant_id]
        yield {
            "id": str(row.id),
            "participant": person.code,
            "data_type": row.data_type,
            "decision": row.decision,
            "effective": person.local(row.effective_at),
        }


def withdrawals(session: Session) -> Iterator[Row]:
    """Yield the choices of withdrawal in force: those that nobody took back."""
    known, later = people(session), aliased(WithdrawalChoice)
    rows = session.scalars(
        select(WithdrawalChoice).where(
            among(WithdrawalChoice.participant_id, known),
            WithdrawalChoice.takes_back.is_(None),
            ~exists().where(later.takes_back == WithdrawalChoice.id),
        )
    )
    for row in rows:
        person = known[row.participant_id]
        yield {
            "id": str(row.id),
            "participant": person.code,
            "choice": row.choice,
            "decided": person.local(row.decided_at),
            "reason": row.reason,
            "role": row.role,
        }


def allocations(session: Session) -> Iterator[Row]:
    """Yield every allocation but those that were made in error."""
    known = people(session)
    rows = session.scalars(
        select(Allocation).where(
            among(Allocation.participant_id, known),
            ~exists().where(AllocationInError.allocation_id == Allocation.id),
        )
    )
    for row in rows:
        person = known[row.participant_id]
        yield {
            "id": str(row.id),
            "participant": person.code,
            "arm": row.arm,
            "stratum": row.stratum,
            "number": row.number,
            "allocated": person.local(row.allocated_at),
        }
