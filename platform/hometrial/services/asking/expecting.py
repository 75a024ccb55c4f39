"""Which forms people are to fill in and when each is open, kept beside them so that pages need not work it out.

Worked out each hour by the worker; only what differs is written. What was handed in, and what a pause excuses, is
looked up when a page asks, so that an answer shows at once.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import ExpectedForm, Participant, Participation
from hometrial.questionnaires import loading
from hometrial.services import enrolling
from hometrial.services.asking import definitions, occasions
from hometrial.services.asking.occasions import Occasion

AHEAD = timedelta(days=60)
"""How far into the future forms are worked out."""
_COLUMNS = ("form", "occasion", "kind", "day", "opens_at", "closes_at", "excused")


def people(session: Session) -> list[UUID]:
    """Return everybody who follows a protocol."""
    return list(session.scalars(select(Participation.participant_id).distinct()))


def bring_up_to_date(session: Session, who: Iterable[UUID], language: str = "en") -> int:
    """Work out the forms of some people anew; return how many lines of theirs changed."""
    return sum(_of_person(session, each, language) for each in who)


def _of_person(session: Session, person_id: UUID, language: str) -> int:
    person = session.get_one(Participant, person_id)
    wanted = _wanted(session, person, language)
    columns = [getattr(ExpectedForm, name) for name in _COLUMNS]
    mine = select(*columns).where(ExpectedForm.participant_id == person_id)
    there = {tuple(row) for row in session.execute(mine)}
    gone, new = there - wanted, wanted - there
    for form, occasion in {(row[0], row[1]) for row in gone}:
        session.execute(
            delete(ExpectedForm).where(
                ExpectedForm.participant_id == person_id,
                ExpectedForm.form == form,
                ExpectedForm.occasion == occasion,
            )
        )
    if new:
        rows = [
            {"participant_id": person_id, **dict(zip(_COLUMNS, row, strict=True))}
            for row in sorted(new, key=str)
        ]
        session.execute(insert(ExpectedForm), rows)
    return len(gone | new)


def _wanted(session: Session, person: Participant, language: str) -> set[tuple[Any, ...]]:
    """Return the lines of a person; nobody without a time zone has any, for no day of theirs is known."""
    if not enrolling.zone_rows(session, [person.id]):
        return set()
    until = clock.now() + AHEAD
    found = occasions.occasions(occasions.calendar_of(session, person))
    own = [each for each in found if each.is_of_person and not each.unscheduled]
    unsaid = {
        name
        for name in {each.instrument for each in own if each.optional}
        if not definitions.has_words(session, loading.named(name), language)
    }
    return {
        _line(each)
        for each in own
        if each.opening.opens_at <= until and not (each.optional and each.instrument in unsaid)
    }


def _line(each: Occasion) -> tuple[Any, ...]:
    opening = each.opening
    excused = None
    if each.asked == "excused":
        kept = "diaries" if each.kind == "diary" else "questions"
        excused = f"no {kept} any more" if each.stopped else "bad day"
    return (
        each.form.id,
        each.name,
        each.kind,
        each.due,
        opening.opens_at,
        opening.closes_at,
        excused,
    )
