"""The marks that a value ever had, and when each was found to have dropped."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import VerificationDrop, VerificationMark


@dataclass(frozen=True)
class MarkLine:
    """A mark and what became of it."""

    mark: VerificationMark
    drop: VerificationDrop | None


def history(session: Session, person: UUID, kind: str, key: str) -> list[MarkLine]:
    """Return the marks of a value, the newest first."""
    rows = session.execute(
        select(VerificationMark, VerificationDrop)
        .outerjoin(VerificationDrop, VerificationDrop.mark_id == VerificationMark.id)
        .where(
            VerificationMark.participant_id == person,
            VerificationMark.kind == kind,
            VerificationMark.key == key,
        )
        .order_by(VerificationMark.marked_at.desc(), VerificationMark.id)
    )
    return [MarkLine(mark, drop) for mark, drop in rows]
