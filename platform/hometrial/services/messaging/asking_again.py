"""A note about a watch that somebody of the staff sends because of open work, which then sleeps."""

from datetime import timedelta

from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import Message, Participant, WorkItem
from hometrial.services import working
from hometrial.services.messaging import nudging, states
from hometrial.services.messaging.channels import Channels

SLEEPS = timedelta(hours=48)
"""No second nag before that: until then the work waits for what comes of the first."""


def about_watch(
    session: Session, configured: Channels, person: Participant, item: WorkItem, *, by: str
) -> Message:
    """Have a person written to about their watch, and the work sleep; one that waits already is that note.

    Raises what `nudging.nudge` raises.
    """
    waiting = (each.message for each in states.unended(session, person.id))
    made = next((each for each in waiting if each.kind == "watch"), None)
    if made is None:
        made = nudging.nudge(session, configured, person, "watch", by=by)
    working.put_to_sleep(
        session,
        item,
        clock.now() + SLEEPS,
        because=f"a note by {made.channel}, sent by {made.created_by}",
        message_id=made.id,
    )
    return made
