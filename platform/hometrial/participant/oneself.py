"""The person of this request, and what they say: nobody else's name ever comes from a request."""

from sqlalchemy.orm import Session

from hometrial.models import Participant
from hometrial.participant.site import visit
from hometrial.services.dosing.recording import Role, Word


def oneself(session: Session) -> Participant:
    """Return who is there."""
    return session.get_one(Participant, visit().participant_id)


def word(why: str = "", corrects: int | None = None) -> Word:
    """Return what the person says of their doses and medicines."""
    return Word(visit().code, Role.PARTICIPANT, why, corrects)
