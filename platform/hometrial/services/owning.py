"""What the participant site reads of measurements and of the team's own notes: one person's, and only after this."""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session


def show_own(session: Session, participant_id: UUID) -> None:
    """Let the site's role read what belongs to one person until the end of this transaction.

    The tables themselves hold it to that person: a query that forgets to ask whose rows it reads finds no others.
    """
    session.execute(
        text("SELECT set_config('hometrial.person', :person, true)"),
        {"person": str(participant_id)},
    )
