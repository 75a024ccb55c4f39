"""Visits as they happened: held on a day, in the window or outside it, or missed for a reason; all kept."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import VISIT_MODES, Participant, VisitRecord
from hometrial.protocol import windows
from hometrial.protocol.calendar import DueVisit
from hometrial.services.agreeing import reading, standing
from hometrial.services.trial import calendars, following
from hometrial.services.trial.calendars import Plan


class VisitRefusedError(TrialError):
    """A visit that cannot be recorded like this."""


@dataclass(frozen=True)
class Held:
    """A visit that took place: on which day of the person's own calendar, how, and who says so."""

    day: date
    mode: str
    by: str
    because: str | None = None

    def __post_init__(self) -> None:
        if self.mode not in VISIT_MODES:
            raise VisitRefusedError(f"mode {self.mode!r}: a visit is {', '.join(VISIT_MODES)}")


@dataclass(frozen=True)
class Missed:
    """A visit that did not take place, why not, and who says so."""

    reason: str
    by: str
    because: str | None = None

    def __post_init__(self) -> None:
        if not self.reason.strip():
            raise VisitRefusedError("say why the visit was missed; 'not known' is a reason, too")


def hold(
    session: Session, person: Participant, visit: str, held: Held, number: int | None = None
) -> VisitRecord:
    """Record a visit that took place; outside its window it is kept, with the days by which it was.

    `number` is of a repetition; an unscheduled visit is the next one without it. `held.because` corrects
    what is recorded already. Raises VisitRefusedError for a visit that the person does not have, a day that
    is yet to come, before consent or after withdrawal.
    """
    plan = _plan(session, person)
    due = _due(plan, visit, number)
    _require_possible(session, plan, visit, held.day)
    row = _row(session, plan, due, visit, number)
    row.outcome, row.day, row.mode, row.recorded_by = "held", held.day, held.mode, held.by
    row.days_outside = None if due is None else due.outside(held.day)
    return _kept(session, person, row, held.because)


def miss(
    session: Session, person: Participant, visit: str, missed: Missed, number: int | None = None
) -> VisitRecord:
    """Record that a visit did not take place. Raises VisitRefusedError before its window opens."""
    plan = _plan(session, person)
    due = _due(plan, visit, number)
    if due is None:
        raise VisitRefusedError(f"{visit} is unscheduled: only a visit that is due can be missed")
    opening = windows.visit_opening(due, plan.zones)
    if opening.standing(clock.now()) is windows.Standing.UPCOMING:
        raise VisitRefusedError(
            f"{visit} of {person.code} opens on {due.window.first}; it cannot be missed before"
        )
    row = _row(session, plan, due, visit, number)
    row.outcome, row.reason, row.recorded_by = "missed", missed.reason, missed.by
    return _kept(session, person, row, missed.because)


def is_recorded(session: Session, person: Participant, visit: str, number: int = 1) -> bool:
    """Say whether a visit was recorded as held or missed."""
    return (visit, number) in calendars.last_records(session, [person.id])[person.id]


def records(session: Session, person: Participant) -> list[VisitRecord]:
    """Return every record of a person's visits, corrected ones and unscheduled ones included, in order."""
    return list(
        session.scalars(
            select(VisitRecord)
            .where(VisitRecord.participant_id == person.id)
            .order_by(VisitRecord.recorded_at, VisitRecord.corrects_id.is_not(None))
        )
    )


def _plan(session: Session, person: Participant) -> Plan:
    """Return a person's plan, held against another record of the same visit, and against a withdrawal."""
    reading.hold(session, person)
    return calendars.plan_of(session, person)


def _due(plan: Plan, visit: str, number: int | None) -> DueVisit | None:
    """Return the visit as it is due, None if it is unscheduled. Raises VisitRefusedError if there is none."""
    if visit in {each.id for each in plan.protocol.unscheduled_visits}:
        return None
    found = [each for each in plan.visits if each.visit == visit]
    if not found:
        listed = ", ".join(dict.fromkeys(each.visit for each in plan.visits)) or "none yet"
        raise VisitRefusedError(
            f"{plan.person.code} has no visit {visit} by now; there are {listed}. A visit is known once the"
            " day that it is counted from is"
        )
    if number is None and len(found) > 1:
        raise VisitRefusedError(f"{visit} comes {len(found)} times: say which, --number 1 or more")
    chosen = [each for each in found if each.number == (number or 1)]
    if not chosen:
        raise VisitRefusedError(f"{visit} number {number}: it comes {len(found)} times")
    return chosen[0]


def _require_possible(session: Session, plan: Plan, visit: str, day: date) -> None:
    code, today = plan.person.code, plan.day(clock.now())
    if day > today:
        raise VisitRefusedError(f"{day} is yet to come for {code}, who has {today}")
    signed = standing.consented_at(session, plan.person)
    if signed is None or day < plan.day(signed):
        when = "has not signed" if signed is None else f"signed on {plan.day(signed)}"
        raise VisitRefusedError(f"{code} {when}; no visit is held before consent")
    if visit in {each.id for each in plan.protocol.visits if each.anchor == "withdrawal"}:
        return
    withdrawn = standing.withdrawn_at(session, plan.person)
    ends = [plan.anchors.get("withdrawal"), withdrawn and plan.day(withdrawn)]
    if any(end is not None and day > end for end in ends):
        raise VisitRefusedError(f"{code} withdrew before {day}; nothing more is recorded")


def _row(
    session: Session, plan: Plan, due: DueVisit | None, visit: str, number: int | None
) -> VisitRecord:
    before = calendars.last_records(session, [plan.person.id])[plan.person.id]
    taken = [count for name, count in before if name == visit]
    chosen = number or (due.number if due else max(taken, default=0) + 1)
    if due is None and chosen > max(taken, default=0) + 1:
        raise VisitRefusedError(f"{visit} number {number}: there were {len(taken)} so far")
    return VisitRecord(
        participant_id=plan.person.id,
        protocol_version_id=following.version_of(session, plan.person).id,
        visit=visit,
        number=chosen,
        due=None if due is None else due.due,
        recorded_at=clock.now(),
    )


def _kept(
    session: Session, person: Participant, row: VisitRecord, because: str | None
) -> VisitRecord:
    """Keep a record; one that is there already is corrected with a reason. The same word twice is one."""
    before = calendars.last_records(session, [person.id])[person.id].get((row.visit, row.number))
    if before is not None:
        if _said(before) == _said(row):
            return before
        if not (because or "").strip():
            raise VisitRefusedError(
                f"{row.visit} number {row.number} of {person.code} is recorded as {_told(before)};"
                " say why that is corrected: --because"
            )
        row.corrects_id, row.because = before.id, because
    session.add(row)
    session.flush()
    return row


def _said(row: VisitRecord) -> tuple[object, ...]:
    return row.outcome, row.day, row.mode, row.reason


def _told(row: VisitRecord) -> str:
    return f"held on {row.day}" if row.outcome == "held" else f"missed ({row.reason})"
