"""Lost to follow-up: after so many attempts in vain somebody decides it, with a reason, and it can be undone."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy.orm import Session

from hometrial.errors import TrialError
from hometrial.models import Participant
from hometrial.services.trial import contacting

LOST = "lost_to_follow_up"
"""The status of somebody who could not be reached any more."""
IN_VAIN = frozenset({"no_answer", "left_message", "wrong_address"})
LEAST_DAYS = 3
"""Attempts on so many different days, in vain, come before somebody is called lost."""


class LossRefusedError(TrialError):
    """Somebody who cannot be called lost, or found again."""


@dataclass(frozen=True)
class Attempts:
    """Days on which somebody tried in vain since the person was last heard, the first in front."""

    days: tuple[date, ...]

    @property
    def are_enough(self) -> bool:
        """Whether the person may be called lost to follow-up."""
        return len(self.days) >= LEAST_DAYS


def attempts(session: Session, person: Participant) -> Attempts:
    """Return the attempts in vain since a person was last reached, or called or wrote themselves."""
    days: list[date] = []
    for row in contacting.contacts(session, person):
        if row.outcome == "reached" or row.direction == "from_person":
            days = []
        elif row.outcome in IN_VAIN and row.at.date() not in days:
            days.append(row.at.date())
    return Attempts(tuple(days))


def declare(session: Session, person: Participant, because: str) -> None:
    """Record that a person is lost to follow-up. Raises LossRefusedError before enough attempts, and of who left."""
    if not because.strip():
        raise LossRefusedError("say why: a decision is kept with its reason")
    if person.status != "enrolled":
        raise LossRefusedError(f"{person.code} is {person.status.replace('_', ' ')} already")
    found = attempts(session, person)
    if not found.are_enough:
        raise LossRefusedError(
            f"{person.code} was tried in vain on {len(found.days)} days since they were last heard; "
            f"try on {LEAST_DAYS} different days, and log each"
        )
    person.status = LOST
    session.flush()


def found_again(session: Session, person: Participant, because: str) -> None:
    """Record that somebody who was lost is there again. Raises LossRefusedError of who was not lost."""
    if person.status != LOST:
        raise LossRefusedError(f"{person.code} is {person.status}; only who was lost is found")
    if not because.strip():
        raise LossRefusedError("say how they were found")
    person.status = "enrolled"
    session.flush()
