"""A response at hand for writing: whose it is, what it asks, and whether it may still be written."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hometrial.models import Participant, Response, Sitting
from hometrial.protocol.windows import Standing
from hometrial.questionnaires.instrument import Instrument
from hometrial.services.agreeing import standing
from hometrial.services.asking import definitions, opening
from hometrial.services.asking.occasions import Occasion
from hometrial.services.asking.opening import NotAskedError, NotYoursError


@dataclass(frozen=True)
class Writing:
    """A sitting of a response with all that decides whether it may be written in.

    `asked`: None if the protocol no longer asks it of this person.
    """

    session: Session
    person: Participant
    response: Response
    sitting: Sitting
    instrument: Instrument
    revision: int
    asked: Occasion | None
    withdrawn_at: datetime | None

    def refusal(self, moment: datetime) -> str | None:
        """Say why nothing said at a moment can be kept any more; None if it can."""
        if self.sitting.revision != self.revision:
            return f"{self._named} was submitted; to correct it, open it again and say why"
        if self.sitting.is_staff:
            return None
        if self.withdrawn_at is not None and moment >= self.withdrawn_at:
            return f"{self._named}: you have withdrawn, and nothing more is kept"
        if self.asked is None:
            return f"{self._named} is no longer asked; tell the study team what you want to add"
        stands = self.asked.opening.standing(moment)
        if stands is Standing.CLOSED:
            return opening.closed(self.asked)
        return f"{self._named} is not open yet" if stands is Standing.UPCOMING else None

    @property
    def _named(self) -> str:
        return f"{self.response.form} ({self.response.occasion})"


def at(session: Session, person: Participant, sitting_id: UUID) -> Writing:
    """Return a person's response by its sitting, locked. Raises NotYoursError."""
    sitting = session.get(Sitting, sitting_id)
    response = None if sitting is None else session.get_one(Response, sitting.response_id)
    if sitting is None or response is None or response.participant_id != person.id:
        raise NotYoursError(
            f"there is no form {sitting_id} of {person.code}; open it from the list of today"
        )
    return of(session, person, response, sitting)


def of(session: Session, person: Participant, response: Response, sitting: Sitting) -> Writing:
    """Return a sitting of a person's response, locked until the end of the transaction."""
    key = {"key": f"hometrial.response.{response.id}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), key)
    return Writing(
        session,
        person,
        response,
        sitting,
        definitions.kept(session, response.definition_sha256),
        opening.revision_of(session, response.id),
        _asked(session, person, response),
        standing.withdrawn_at(session, person),
    )


def _asked(session: Session, person: Participant, response: Response) -> Occasion | None:
    try:
        return opening.find(session, person, response.form, response.occasion)
    except NotAskedError:
        return None


def resume(session: Session, person: Participant, form: str, occasion: str) -> Sitting | None:
    """Return the newest sitting of a response, None if it was never opened."""
    response = opening.response_of(session, person, form, occasion)
    if response is None:
        return None
    return session.scalars(
        select(Sitting)
        .where(Sitting.response_id == response.id)
        .order_by(Sitting.began_at.desc(), Sitting.id)
        .limit(1)
    ).one_or_none()
