"""Whom causes are looked for: who is in the study, and does not rest."""

from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import Participant
from hometrial.services.messaging import silenced

AWAY = ("withdrawn", "lost_to_follow_up", "screen_failure", "declined")
"""Who is there no more, or never came in: nothing is asked about their watch, visits or forms."""
_REST = ("pause", "bad_day", "withdrawn", "stop_contact")


@dataclass(frozen=True)
class Everybody:
    """Everybody of the study, and who of them is there and does not rest."""

    session: Session
    people: tuple[Participant, ...]

    @cached_property
    def by_code(self) -> dict[str, UUID]:
        """Whose each pseudonym is."""
        return {each.code: each.id for each in self.people}

    @cached_property
    def present(self) -> frozenset[UUID]:
        """Who has not left."""
        return frozenset(each.id for each in self.people if each.status not in AWAY)

    @cached_property
    def awake(self) -> frozenset[UUID]:
        """Who is there, and neither pauses nor has a bad day: of others nobody asks for anything."""
        silent = silenced.of_people(self.session, self.people)
        resting = {person for person, each in silent.items() if each.kind in _REST}
        return self.present - resting


def everybody(session: Session) -> Everybody:
    """Return everybody of the study."""
    return Everybody(
        session, tuple(session.scalars(select(Participant).order_by(Participant.code)))
    )
