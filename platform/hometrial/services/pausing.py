"""A person's rest from the study: the one that lasts now, and its end before the day that was set."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import Participant, Pause


class PauseRefusedError(TrialError):
    """A pause that cannot be ended."""


def end(session: Session, person: Participant) -> Pause:
    """End the pause that a person has now, at this moment. Raises PauseRefusedError if there is none."""
    found = current(session, person)
    if found is None:
        raise PauseRefusedError(
            f"{person.code} rests from nothing just now; there is no pause to end"
        )
    found.end_at = clock.now()
    session.flush()
    return found


def current(session: Session, person: Participant) -> Pause | None:
    """Return the rest from the study that a person has now; None if they have none."""
    now = clock.now()
    return session.scalars(
        select(Pause)
        .where(
            Pause.participant_id == person.id,
            Pause.start_at <= now,
            (Pause.end_at.is_(None)) | (Pause.end_at > now),
        )
        .order_by(Pause.start_at.desc())
        .limit(1)
    ).one_or_none()
