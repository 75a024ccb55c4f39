"""A cause of work, and how open work is brought in line with the causes that hold now."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import WorkItem
from hometrial.services import working


@dataclass(frozen=True)
class Cause:
    """Something about a person that somebody has to do something about; told in words that stay while it holds.

    `wakes_at`: until then nobody needs to do anything, for something else is still to come of it.
    """

    person: UUID
    kind: str
    subject: str
    reason: str
    wakes_at: datetime | None = None
    until_then: str = ""

    @property
    def key(self) -> tuple[UUID | None, str, str]:
        """What makes it the same cause when it is looked for again."""
        return self.person, self.kind, self.subject


def settle(
    session: Session,
    kinds: Collection[str],
    found: Iterable[Cause],
    *,
    of: Collection[UUID] | None = None,
) -> None:
    """Open work for each cause found, and close open work of these kinds without one; `of` these people alone."""
    causes = {each.key: each for each in found}
    query = select(WorkItem).where(WorkItem.kind.in_(kinds), WorkItem.closed_at.is_(None))
    if of is not None:
        query = query.where(WorkItem.participant_id.in_(of))
    known: dict[tuple[UUID | None, str, str], str] = {}
    for item in session.scalars(query):
        key = (item.participant_id, item.kind, item.subject)
        if key in causes:
            known[key] = item.reason
        else:
            working.close_items(
                session, item.participant_id, item.kind, item.subject, because=GONE[item.kind]
            )
    for key, cause in causes.items():
        if known.get(key) != cause.reason:
            working.open_item(session, cause.person, cause.kind, cause.subject, cause.reason)
        if key not in known:
            _lay_down(session, cause)


def _lay_down(session: Session, cause: Cause) -> None:
    """Let new work sleep as long as nobody needs to do anything."""
    if cause.wakes_at is None or cause.wakes_at <= clock.now():
        return
    item = session.scalars(
        select(WorkItem).where(
            WorkItem.participant_id == cause.person,
            WorkItem.kind == cause.kind,
            WorkItem.subject == cause.subject,
            WorkItem.closed_at.is_(None),
        )
    ).one()
    working.put_to_sleep(session, item, cause.wakes_at, because=cause.until_then)


GONE = {
    "report_due": "it was reported",
    "alert": "the alert is closed",
    "contact_due": "they were contacted, or nothing is left to do",
    "lost_to_follow_up": "they were reached, or it is decided",
    "answers_set_aside": "every answer is decided",
    "quarantine": "every row is decided",
    "not_worn": "the watch is worn again",
    "bad_wear": "it is worn enough again",
    "late_file": "a newer file came",
    "visit_due": "it is recorded, or its window is over",
    "visit_overdue": "it is recorded",
    "dose_step": "it was ordered, or is due no more",
    "diary_missing": "a diary came, or none is expected",
    "reconsent": "it is signed, or asked no more",
    "supply_low": "there is enough again, or none is needed",
}
"""Why work of a kind closes by itself."""
