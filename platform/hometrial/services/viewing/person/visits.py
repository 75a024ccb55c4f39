"""A person's visits in their own days: what was planned, what became of it, and every record there is."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from hometrial.errors import TrialError
from hometrial.models import Participant, VisitRecord
from hometrial.services.trial import calendars, following, visiting
from hometrial.services.trial.calendars import VisitLine


@dataclass(frozen=True)
class Visits:
    """Planned visits, unscheduled ones that were held, and the kinds of those; `problem`: why nothing is planned."""

    lines: Sequence[VisitLine] = ()
    beside: Sequence[VisitRecord] = ()
    kinds: Sequence[tuple[str, str]] = ()
    problem: str | None = None


def visits(session: Session, person: Participant) -> Visits:
    """Return a person's visits."""
    try:
        found = calendars.agenda(session, person)
        protocol = following.protocol_of(session, person)
    except TrialError as error:
        return Visits(problem=str(error))
    records = visiting.records(session, person)
    corrected = {row.corrects_id for row in records}
    planned = {(line.due.visit, line.due.number) for line in found.lines}
    beside = [
        row for row in records if row.id not in corrected and (row.visit, row.number) not in planned
    ]
    kinds = [(each.id, each.label) for each in protocol.unscheduled_visits]
    lines = sorted(found.lines, key=lambda line: (line.due.window.first, line.due.visit))
    return Visits(lines, beside, kinds)


def label_of(session: Session, person: Participant, visit: str) -> str | None:
    """Return what a visit of the person's protocol is called, None if there is none of this name."""
    protocol = following.protocol_of(session, person)
    labels = {each.id: each.label for each in protocol.visits}
    labels |= {each.id: each.label for each in protocol.unscheduled_visits}
    return labels.get(visit)
