"""What a study still owes before it is locked, counted: facts for whoever decides, and no bar (exports.md 5.1)."""

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial.models import ExpectedForm, Participant
from hometrial.services.locking import settled
from hometrial.services.safety import coding
from hometrial.services.viewing import diaries
from hometrial.services.viewing.days import Days
from hometrial.services.viewing.safety import deviations


@dataclass(frozen=True)
class Check:
    """One thing that should be nought when a lock is made, and how much of it there is."""

    key: str
    words: str
    count: int


def checks(session: Session) -> tuple[Check, ...]:
    """Count what is open in the data that the session sees."""
    facts = settled.state_of(session)
    forms = _forms(session)
    return (
        Check("forms", "Forms that were missed, without an excuse", forms["missed"]),
        Check("forms_open", "Forms that people can still hand in", forms["open"]),
        Check("queries", "Queries that are open", facts["open_queries"]),
        Check("quarantine", "Rows set aside that wait for a decision", facts["quarantined_open"]),
        Check("events", "Adverse events that nobody has coded", len(coding.to_code(session))),
        Check(
            "deviations",
            "Deviations from the protocol that are open",
            sum(still_open for *_, still_open in deviations.counts(session)),
        ),
        Check("days", "Days of watches that may still change", facts["provisional_days"]),
    )


def _forms(session: Session) -> Counter[str]:
    people = session.scalars(select(Participant.id)).all()
    first, last = session.execute(
        select(func.min(ExpectedForm.day), func.max(ExpectedForm.day))
    ).one()
    found: Counter[str] = Counter()
    if first is not None:
        for fates in diaries.totals(session, people, Days(first, last)).values():
            found.update(fates)
    return found
