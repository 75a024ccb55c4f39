"""A person of the cast as they stand while the demo is played."""

from dataclasses import dataclass, field

from sqlalchemy.orm import Session

from hometrial.cli import living
from hometrial.cli.stage.cast import Part
from hometrial.cli.stage.saying import Mood
from hometrial.models import Participant
from hometrial.services.rehearsing.forms import Written


@dataclass
class Life:
    """A person of the cast as they stand while the demo is played."""

    part: Part
    code: str
    mood: Mood
    arm: str | None = None
    began: int | None = None
    """How many days ago the drug began."""
    written: list[Written] = field(default_factory=list)

    def person(self, session: Session) -> Participant:
        """Return the person."""
        return living.person_of(session, self.code)
