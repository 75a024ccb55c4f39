"""No is an answer: who does not want to take part, or not to sign a new version, says so and is left in peace."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import Participant, WorkItem
from hometrial.services import working
from hometrial.services.agreeing import standing
from hometrial.services.agreeing.texts import Offer
from hometrial.services.trial import screening

DECLINED = "consent_declined"
"""The kind of the work item: what a person's no means has to be settled by somebody."""
NO_REASON = "no reason given"


def decline(session: Session, person: Participant, offer: Offer, because: str) -> None:
    """Record that a person does not want to sign; the open screening of who never signed ends with it.

    Where a screening is decided, or something was signed before, staff settle what follows.
    """
    said = " ".join(because.split()) or NO_REASON
    opened = screening.newest(session, person)
    is_new = standing.consented_at(session, person) is None
    if is_new and opened is not None and opened.outcome is None:
        screening.decline(session, opened, by=person.code, because=said)
        return
    if not has_declined(session, person, offer):
        working.open_item(session, person.id, DECLINED, _subject(offer), said)


def has_declined(session: Session, person: Participant, offer: Offer) -> bool:
    """Say whether a person said no to a document, and nobody has dealt with it since."""
    last = screening.newest(session, person)
    if last is not None and last.outcome == "declined":
        return True
    waits = select(WorkItem.id).where(
        WorkItem.participant_id == person.id,
        WorkItem.kind == DECLINED,
        WorkItem.subject == _subject(offer),
        WorkItem.closed_at.is_(None),
    )
    return session.scalar(waits) is not None


def think_again(session: Session, person: Participant, offer: Offer) -> None:
    """Take a no back that nobody has dealt with yet; a screening that was closed stays closed."""
    working.close_items(
        session, person.id, DECLINED, _subject(offer), because="the person thought again"
    )


def _subject(offer: Offer) -> str:
    return f"{offer.document.id}/{offer.document.version}"
