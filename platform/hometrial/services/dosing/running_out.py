"""The drug has run out, or has not come: work for the staff, and an interruption where a day was without."""

from datetime import date

from sqlalchemy.orm import Session

from hometrial.models import DoseEvent, Participant
from hometrial.protocol.dosing.events import Reason
from hometrial.services import working
from hometrial.services.dosing import recording, telling
from hometrial.services.dosing.recording import Word


def ran_out(
    session: Session, person: Participant, word: Word, reason: Reason, since: date | None
) -> DoseEvent | None:
    """Record that nothing is left, `since`: the first day without a dose, None if none was missed yet.

    Told again, it is one interruption and one item of work. Raises RecordRefusedError.
    """
    chart = recording.open_chart(session, person)
    told = "no day without it yet" if since is None else f"nothing taken since {since}"
    working.open_item(
        session, person.id, telling.OUT_OF_DRUG, "drug", f"{reason}: {told}; send more"
    )
    is_known = any(gap.last_on is None for gap in chart.course.gaps)
    if since is None or is_known:
        return None
    return telling.interrupted(session, person, word, reason, since)


def is_told(session: Session, person: Participant) -> bool:
    """Whether somebody told that nothing is left, and nobody that it is there again."""
    return any(
        each.item.kind == telling.OUT_OF_DRUG for each in working.open_items(session, person.id)
    )


def there_again(session: Session, person: Participant) -> None:
    """Close the work: the drug is there again."""
    working.close_items(session, person.id, telling.OUT_OF_DRUG, because="it is there again")
