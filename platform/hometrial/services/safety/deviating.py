"""Departures from the protocol: recorded when they are found, amended by newer versions, closed with what was done."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import DEVIATION_CATEGORIES, DEVIATION_IMPACTS, Deviation, Participant

_FURTHEST_EAST = timedelta(hours=14)


class DeviationRefusedError(TrialError):
    """A deviation that cannot be recorded or changed like this."""


@dataclass(frozen=True, kw_only=True)
class Departure:
    """What departed from the protocol, what it bears on, and what was done so that it does not happen again.

    `reported_on`: when the ethics committee was told, None if it was not or need not be.
    """

    category: str
    impact: str
    happened_on: date
    found_on: date
    description: str
    corrective_action: str = ""
    reported_on: date | None = None
    is_closed: bool = False


NAMES = tuple(each.name for each in fields(Departure))


def record(session: Session, person: Participant, what: Departure, *, by: str) -> Deviation:
    """Record a deviation under the person's next number. Raises DeviationRefusedError."""
    _hold(session, person)
    _require_possible(what)
    last = session.scalar(
        select(func.max(Deviation.number)).where(Deviation.participant_id == person.id)
    )
    return _write(session, person, ((last or 0) + 1, 1), what, (by, "recorded"))


def amend(
    session: Session,
    person: Participant,
    number: int,
    changes: Mapping[str, Any],
    *,
    by: str,
    because: str,
) -> Deviation:
    """Write a new version with these fields changed. Raises DeviationRefusedError."""
    _hold(session, person)
    now = versions(session, person, number)[-1]
    if not because.strip():
        raise DeviationRefusedError(f"deviation {number}: say why it is changed")
    before = told(now)
    after = replace(before, **changes)
    if after == before:
        raise DeviationRefusedError(
            f"deviation {number}: version {now.version} says the same already"
        )
    _require_possible(after)
    return _write(session, person, (number, now.version + 1), after, (by, because))


def versions(session: Session, person: Participant, number: int) -> Sequence[Deviation]:
    """Return all versions of a person's deviation. Raises DeviationRefusedError."""
    found = session.scalars(
        select(Deviation)
        .where(Deviation.participant_id == person.id, Deviation.number == number)
        .order_by(Deviation.version)
    ).all()
    if not found:
        raise DeviationRefusedError(f"{person.code} has no deviation {number}")
    return found


def told(row: Deviation) -> Departure:
    """Return what a version says."""
    return Departure(**{name: getattr(row, name) for name in NAMES})


def _require_possible(what: Departure) -> None:
    found = list(_faults(what, (clock.now() + _FURTHEST_EAST).date()))
    if found:
        raise DeviationRefusedError("; ".join(found))


def _faults(what: Departure, today: date) -> Iterable[str]:
    if what.category not in DEVIATION_CATEGORIES:
        yield f"category: {what.category!r} is none of {', '.join(DEVIATION_CATEGORIES)}"
    if what.impact not in DEVIATION_IMPACTS:
        yield f"impact: {what.impact!r} is none of {', '.join(DEVIATION_IMPACTS)}"
    if not what.description.strip():
        yield "description: say what happened, and what the protocol asks for"
    if what.found_on > today:
        yield f"found_on: {what.found_on} is still to come; give the day on which it was found"
    if what.happened_on > what.found_on:
        yield f"happened_on: {what.happened_on} is after it was found ({what.found_on}); correct one"
    if what.reported_on is not None and not what.happened_on <= what.reported_on <= today:
        yield f"reported_on: {what.reported_on} is before it happened or still to come; correct it"
    if what.is_closed and not what.corrective_action.strip():
        yield "corrective_action: say what was done before it is closed"


def _write(
    session: Session,
    person: Participant,
    place: tuple[int, int],
    what: Departure,
    word: tuple[str, str],
) -> Deviation:
    row = Deviation(
        participant_id=person.id,
        number=place[0],
        version=place[1],
        recorded_at=clock.now(),
        recorded_by=word[0],
        because=word[1],
        **{name: getattr(what, name) for name in NAMES},
    )
    session.add(row)
    session.flush()
    return row


def _hold(session: Session, person: Participant) -> None:
    """One at a time writes the deviations of a person."""
    key = {"key": f"hometrial.deviation.{person.id}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), key)
