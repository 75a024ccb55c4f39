"""The contact log: every attempt to reach a person, and what comes next."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session, aliased

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import CONTACT_OUTCOMES, CONTACT_WAYS, Contact, Participant
from hometrial.services import working
from hometrial.services.agreeing import standing

_STOPPED = {"stop_contact", "withdraw_completely"}
CALL_WANTED = "call_wanted"
"""Work: a person asked to be called; it is done once they were spoken with."""
_SPOKEN = ("phone", "video", "in_person")


class ContactRefusedError(TrialError):
    """A contact that cannot be logged like this."""


@dataclass(frozen=True)
class Spoke:
    """One contact: when, how, by whom, what came of it; and, if anything, what is next, and when.

    `direction` is `from_person` where they called. No names in `note`: the log is of pseudonyms.
    """

    at: datetime
    way: str
    by: str
    outcome: str
    direction: str = "to_person"
    note: str | None = None
    next_on: date | None = None
    next_step: str | None = None

    def __post_init__(self) -> None:
        for field, value, known in (
            ("way", self.way, CONTACT_WAYS),
            ("outcome", self.outcome, CONTACT_OUTCOMES),
            ("direction", self.direction, ("to_person", "from_person")),
        ):
            if value not in known:
                raise ContactRefusedError(f"{field} {value!r}: it is one of {', '.join(known)}")
        if (self.next_on is None) != (self.next_step is None):
            raise ContactRefusedError("what is next needs a day and a step: give both, or neither")
        if self.next_on is not None and self.next_on < self.at.date():
            raise ContactRefusedError(
                f"the next step, {self.next_on}, is before the contact itself"
            )


@dataclass(frozen=True)
class Correction:
    """Which contact was logged wrongly, and why."""

    of: Contact
    because: str


def log(
    session: Session,
    person: Participant,
    spoke: Spoke,
    *,
    recorded_by: str,
    correction: Correction | None = None,
) -> Contact:
    """Log a contact. Raises ContactRefusedError for one that is yet to come, or a step against the person's will."""
    now = clock.now()
    if spoke.at > now:
        raise ContactRefusedError(
            f"{spoke.at:%Y-%m-%d %H:%M} UTC is yet to come; log what happened"
        )
    if spoke.next_step is not None and _STOPPED & standing.choices(session, person):
        raise ContactRefusedError(f"{person.code} wants no more contact; there is no next step")
    if correction is not None and not correction.because.strip():
        raise ContactRefusedError("say why the contact is corrected")
    row = Contact(
        participant_id=person.id,
        recorded_at=now,
        recorded_by=recorded_by,
        corrects_id=None if correction is None else correction.of.id,
        because=None if correction is None else correction.because,
        **asdict(spoke),
    )
    session.add(row)
    session.flush()
    if spoke.outcome == "reached" and spoke.way in _SPOKEN:
        working.close_items(session, person.id, CALL_WANTED, because="spoken with")
    return row


def call_wanted(session: Session, person: Participant, about: str) -> None:
    """Have the staff call a person who asks for it, about something that they told; asked twice, it is one call.

    Also of who has withdrawn: safety is followed to its end.
    """
    working.open_item(session, person.id, CALL_WANTED, about, f"asks to be called: {about}")


def find(session: Session, person: Participant, contact: UUID) -> Contact:
    """Return a person's contact that holds, by its id. Raises ContactRefusedError."""
    for row in contacts(session, person):
        if row.id == contact:
            return row
    raise ContactRefusedError(
        f"{person.code} has no contact {contact} that holds; `hometrial contact list {person.code}`"
        " shows them with their ids"
    )


def contacts(session: Session, person: Participant) -> Sequence[Contact]:
    """Return a person's contacts that hold, oldest first; corrected ones are left out."""
    later = aliased(Contact)
    return session.scalars(
        select(Contact)
        .outerjoin(later, later.corrects_id == Contact.id)
        .where(Contact.participant_id == person.id, later.id.is_(None))
        .order_by(Contact.at, Contact.recorded_at)
    ).all()


def next_steps(session: Session) -> Sequence[tuple[str, Contact]]:
    """Return of everybody what the last contact left to do, with the pseudonym, the earliest day first."""
    later = aliased(Contact)
    last = (
        select(Participant.code, Contact)
        .join(Participant, Participant.id == Contact.participant_id)
        .outerjoin(later, later.corrects_id == Contact.id)
        .where(later.id.is_(None))
        .ext(distinct_on(Contact.participant_id))
        .order_by(Contact.participant_id, Contact.at.desc(), Contact.recorded_at.desc())
    )
    found = [(code, row) for code, row in session.execute(last) if row.next_on is not None]
    return sorted(found, key=lambda each: (each[1].next_on or date.max, each[0]))
