"""The contact log of one person, with what was corrected."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.errors import TrialError
from hometrial.models import Contact, Participant


class UnknownContactError(TrialError):
    """A contact that this person does not have."""


@dataclass(frozen=True)
class ContactLine:
    """A contact, and whether a newer record replaces it."""

    row: Contact
    is_corrected: bool


def log(session: Session, person: Participant) -> Sequence[ContactLine]:
    """Return every contact of a person, the newest first, corrected ones marked: one query."""
    rows = session.scalars(
        select(Contact)
        .where(Contact.participant_id == person.id)
        .order_by(Contact.at.desc(), Contact.recorded_at.desc())
    ).all()
    corrected = {row.corrects_id for row in rows}
    return [ContactLine(row, row.id in corrected) for row in rows]


def contact(session: Session, person: Participant, which: UUID) -> Contact:
    """Return a person's contact that nothing corrects. Raises UnknownContactError."""
    for line in log(session, person):
        if line.row.id == which and not line.is_corrected:
            return line.row
    raise UnknownContactError(f"{person.code} has no contact {which} that holds")
