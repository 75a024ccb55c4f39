"""What the trial costs people: minutes asked by the plan, minutes that answering took, reminders; by severity (N25)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate
from statistics import mean, median
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import (
    Allocation,
    ConsentSignature,
    Participant,
    Participation,
    ProtocolVersion,
    Screening,
    ScreeningAnswer,
)
from hometrial.protocol import burden
from hometrial.protocol.arms import NotAllocated
from hometrial.protocol.model import Protocol
from hometrial.protocol.variables import Choice
from hometrial.services.agreeing import standing
from hometrial.services.trial import publishing
from hometrial.services.viewing import spending
from hometrial.services.viewing.spending import Figures


@dataclass(frozen=True)
class Cost:
    """One person in the days that are looked at.

    `asked`: minutes by the plan of their arm; `spent`: minutes that their own answers took, as their devices
    counted; `reminders`: that left.
    """

    code: str
    group: str
    days: int
    asked: float
    spent: float
    handed_in: int
    reminders: int
    bad_days: int
    has_left: bool

    @property
    def asked_a_week(self) -> float:
        """Minutes asked a week."""
        return _a_week(self.asked, self.days)

    @property
    def spent_a_week(self) -> float:
        """Minutes spent a week."""
        return _a_week(self.spent, self.days)

    @property
    def reminders_a_week(self) -> float:
        """Reminders a week."""
        return _a_week(self.reminders, self.days)


@dataclass(frozen=True)
class Group:
    """People of one severity: how many, how many left whole, and what it cost them a week."""

    name: str
    people: int
    left: int
    asked: float
    spent: float
    median_spent: float
    reminders: float
    bad_days: float

    @property
    def share_left(self) -> float:
        """How many of a hundred left."""
        return 100 * self.left / self.people


@dataclass(frozen=True)
class Fairness:
    """All people who signed, in the order of what answering cost them; `variable`: what they are grouped by."""

    protocol: Protocol
    variable: Choice | None
    first: date
    last: date
    people: tuple[Cost, ...]
    groups: tuple[Group, ...]


def _a_week(amount: float, days: int) -> float:
    return 7 * amount / days if days else 0.0


def groupable(protocol: Protocol) -> list[Choice]:
    """Return the variables with options, those that people are stratified by first."""
    declared = protocol.allocation
    first = (
        [] if isinstance(declared, NotAllocated) else [each.variable for each in declared.factors]
    )
    choices = [each for each in protocol.variables if isinstance(each, Choice)]
    return sorted(choices, key=lambda each: (each.id not in first, "severity" not in each.id))


def fairness(
    session: Session, version: ProtocolVersion, *, weeks: int, by: str | None = None
) -> Fairness:
    """Return what the last so many weeks cost everybody who signed, today left out."""
    protocol = publishing.of(version)
    choices = groupable(protocol)
    variable = next((each for each in choices if each.id == by), choices[0] if choices else None)
    last = clock.now().date() - timedelta(days=1)
    first = last - timedelta(weeks=weeks) + timedelta(days=1)
    people = _people(session, version)
    figures = spending.figures(session, first, last)
    groups = {} if variable is None else _groups(session, [p.id for p in people], variable.id)
    costs = [
        _cost(each, groups.get(each.id, "not known"), figures, (first, last)) for each in people
    ]
    shown = sorted(
        (each for each in costs if each.days > 0),
        key=lambda each: (-each.spent_a_week, -each.asked_a_week, each.code),
    )
    names = [*(() if variable is None else variable.options), "not known"]
    found = [_group(name, [each for each in shown if each.group == name]) for name in names]
    return Fairness(
        protocol, variable, first, last, tuple(shown), tuple(each for each in found if each)
    )


@dataclass(frozen=True)
class _Person:
    id: UUID
    code: str
    since: date
    until: date | None
    plan: tuple[float, ...]


def _people(session: Session, version: ProtocolVersion) -> list[_Person]:
    newest = (
        select(Participation.participant_id, func.max(Participation.number).label("number"))
        .group_by(Participation.participant_id)
        .subquery()
    )
    signed = (
        select(ConsentSignature.participant_id, func.min(ConsentSignature.signed_at).label("at"))
        .where(ConsentSignature.part == "participant")
        .group_by(ConsentSignature.participant_id)
        .subquery()
    )
    rows = session.execute(
        select(Participant.id, Participant.code, signed.c.at, ProtocolVersion, Allocation.arm)
        .join(signed, signed.c.participant_id == Participant.id)
        .join(newest, newest.c.participant_id == Participant.id)
        .join(Participation, Participation.number == newest.c.number)
        .join(ProtocolVersion, ProtocolVersion.id == Participation.protocol_version_id)
        .outerjoin(Allocation, Allocation.participant_id == Participant.id)
        .where(
            ProtocolVersion.protocol == version.protocol,
            ProtocolVersion.is_test == version.is_test,
        )
    ).all()
    left = standing.first_of(session, [row[0] for row in rows], {"withdraw_completely"})
    plans: dict[tuple[UUID, str], tuple[float, ...]] = {}
    found = []
    for person, code, at, followed, arm in rows:
        protocol = publishing.of(followed)
        key = (followed.id, arm or protocol.arms[0].id)
        if key not in plans:
            plans[key] = _by_day(protocol, key[1])
        gone = left[person].date() if person in left else None
        found.append(_Person(person, code, at.date(), gone, plans[key]))
    return found


def _by_day(protocol: Protocol, arm: str) -> tuple[float, ...]:
    """Return how many minutes the plan has asked by the end of each day from consent on."""
    by_day = burden.minutes_by_day(protocol, arm)
    length = max(by_day, default=0) + 1
    return tuple(accumulate(by_day.get(day, 0.0) for day in range(length)))


def _groups(session: Session, people: Sequence[UUID], variable: str) -> dict[UUID, str]:
    """Return the answer of each person's screenings to a variable; the newest holds."""
    rows = session.execute(
        select(Screening.participant_id, ScreeningAnswer.value)
        .join(ScreeningAnswer, ScreeningAnswer.screening_id == Screening.id)
        .where(ScreeningAnswer.variable == variable, Screening.participant_id.in_(people))
        .order_by(Screening.number, ScreeningAnswer.recorded_at)
    )
    return {person: str(value) for person, value in rows if value is not None}


def _cost(person: _Person, group: str, figures: Figures, span: tuple[date, date]) -> Cost:
    first = max(span[0], person.since)
    last = span[1] if person.until is None else min(span[1], person.until)
    return Cost(
        person.code,
        group,
        max(0, (last - first).days + 1),
        _total(person, last) - _total(person, first - timedelta(days=1)),
        figures.spent.get(person.id, 0.0),
        figures.handed_in[person.id],
        figures.reminders[person.id],
        figures.bad_days[person.id],
        person.until is not None,
    )


def _total(person: _Person, day: date) -> float:
    """Return how many minutes the plan has asked by the end of a day."""
    number = (day - person.since).days
    if number < 0:
        return 0.0
    return person.plan[min(number, len(person.plan) - 1)]


def _group(name: str, people: Sequence[Cost]) -> Group | None:
    if not people:
        return None
    return Group(
        name,
        len(people),
        sum(each.has_left for each in people),
        mean(each.asked_a_week for each in people),
        mean(each.spent_a_week for each in people),
        median(each.spent_a_week for each in people),
        mean(each.reminders_a_week for each in people),
        mean(_a_week(each.bad_days, each.days) for each in people),
    )
