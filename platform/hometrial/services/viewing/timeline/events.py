"""What happened at a moment or from one to another: adverse events, alerts, visits, consent, other devices and zones."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from hometrial.models import (
    ConsentEvent,
    ConsentSignature,
    Participant,
    ParticipantZone,
    VisitRecord,
    WithdrawalChoice,
)
from hometrial.protocol.safety import vocabulary
from hometrial.protocol.safety.details import Details, date_of
from hometrial.services import enrolling, seams
from hometrial.services.safety import alerts
from hometrial.services.safety import events as adverse
from hometrial.services.safety.events import EventState
from hometrial.services.trial import calendars
from hometrial.services.viewing.timeline.axis import Axis

OF_WEARABLES = ("HR", "HRV", "ACT", "WR")
"""What the rules are called that alert of what a watch says."""


@dataclass(frozen=True)
class Adverse:
    """An adverse event. `started`: the last instant at which it can have begun, later than `start` of a coarse date.

    `is_open`: it goes on, or nobody said when it stopped. `is_dated` False: nobody said when it began, and
    `start` is when the study learned of it.
    """

    number: int
    name: str
    level: int | None
    is_graded: bool
    is_serious: bool
    related: bool | None
    start: datetime
    started: datetime
    end: datetime
    is_open: bool
    is_dated: bool
    told: str


@dataclass(frozen=True)
class Mark:
    """Something at one moment: `lane`, in which row it stands; `kind`, how it looks; what it says, briefly in `short`.

    `is_exact` False: its day is known and it stands at noon.
    """

    lane: str
    kind: str
    at: datetime
    text: str
    short: str = ""
    is_exact: bool = True


def adverse_events(session: Session, person: Participant, axis: Axis) -> tuple[Adverse, ...]:
    """Return the adverse events of which a part lies on the axis, by number."""
    found = (_adverse(state, axis) for state in adverse.states(session, person=person))
    return tuple(each for each in found if axis.meets(each.start, each.end))


def _adverse(state: EventState, axis: Axis) -> Adverse:
    known, version = state.details, state.current
    began, stopped = date_of(known.start), date_of(known.stop)
    if began is None:
        start = started = version.learned_at
    else:
        start = _on_the_clock(axis, began.first, known.start_time)
        started = start if began.is_exact else _after(axis, began.last)
    end = max(axis.end, start) if stopped is None else max(_after(axis, stopped.last), started)
    if end == start:  # learned of at the axis' very end
        end = start + timedelta(minutes=1)
    dates = f"{known.start or 'start not told'} to {known.stop or 'now' if stopped is None else known.stop}"
    return Adverse(
        state.event.number,
        _name(known),
        known.level,
        known.grade is not None,
        known.is_serious,
        known.related,
        start,
        started,
        end,
        stopped is None,
        began is not None,
        dates,
    )


def _name(known: Details) -> str:
    if known.term is None:
        return known.verbatim
    return vocabulary.shipped().of(known.term).label["en"]


def _after(axis: Axis, day: date) -> datetime:
    return _beyond(axis, day + timedelta(1))


def _on_the_clock(axis: Axis, day: date, wall: str | None) -> datetime:
    """Return the instant of a wall-clock time of the person's day; the day's first of one that nobody told."""
    begins = _beyond(axis, day)
    if wall is None:
        return begins
    hours, minutes = map(int, wall.split(":"))
    # By the offset in force then: on a day with a clock change the hours after it are not those since midnight.
    guess = begins + timedelta(hours=hours, minutes=minutes)
    return guess + timedelta(seconds=axis.offset(begins) - axis.offset(guess))


def _beyond(axis: Axis, day: date) -> datetime:
    """Return the first instant of a day, also of one that does not lie on the axis."""
    if axis.days.first <= day <= axis.days.last + timedelta(1):
        return axis.start(day)
    edge = axis.days.first if day < axis.days.first else axis.days.last + timedelta(1)
    return axis.start(edge) + (day - edge)


def alert_marks(session: Session, person: Participant, axis: Axis) -> Iterator[Mark]:
    """Yield the alerts of a person, those of the watch in a row of their own."""
    for each in alerts.states(session, person=person, only_open=False):
        alert = each.alert
        if axis.is_inside(alert.created_at):
            is_of_watch = alert.rule.startswith(OF_WEARABLES)
            state = "closed" if each.closed else "answered" if each.acknowledged else "open"
            yield Mark(
                "watch alert" if is_of_watch else "alert",
                alert.level,
                alert.created_at,
                f"{alert.rule}: {alert.text} ({alert.level}, {state})",
                alert.rule,
            )


def visit_marks(
    session: Session, person: Participant, axis: Axis, *, in_trial: bool
) -> Iterator[Mark]:
    """Yield visits as they were held or missed, and those of the axis that wait."""
    known: set[tuple[str, int]] = set()
    for line in calendars.agenda(session, person).lines if in_trial else ():
        known.add((line.due.visit, line.due.number))
        held = None if line.record is None else line.record.day
        outside = line.days_outside
        told = f"{line.label}: {line.status}"
        if outside:
            told += f", {abs(outside)} days {'after' if outside > 0 else 'before'} its window"
        yield from _at_noon(axis, held or line.due.due, str(line.status), told, line.due.visit)
    kept = calendars.last_records(session, [person.id])[person.id]
    rest: Iterable[VisitRecord] = (row for key, row in kept.items() if key not in known)
    for row in sorted(rest, key=lambda each: each.recorded_at):
        if row.day is not None:
            yield from _at_noon(
                axis, row.day, row.outcome, f"{row.visit}: {row.outcome}", row.visit
            )


def _at_noon(axis: Axis, day: date, kind: str, text: str, short: str) -> Iterator[Mark]:
    if axis.days.first <= day <= axis.days.last:
        begins, ends = axis.start(day), axis.start(day + timedelta(1))
        yield Mark("visit", kind, begins + (ends - begins) / 2, text, short, is_exact=False)


def consent_marks(session: Session, person: Participant) -> Iterator[Mark]:
    """Yield what was signed, what was given or withdrawn of the watch's data, and choices of leaving."""
    signed = session.scalars(
        select(ConsentSignature)
        .where(ConsentSignature.participant_id == person.id, ConsentSignature.part == "participant")
        .order_by(ConsentSignature.signed_at)
    )
    for each in signed:
        words = f"{each.document} {each.version} signed"
        yield Mark("consent", "signed", each.signed_at, words, each.version)
    yield from _switches(
        session.scalars(
            select(ConsentEvent)
            .where(ConsentEvent.participant_id == person.id)
            .order_by(ConsentEvent.effective_at, ConsentEvent.decision, ConsentEvent.data_type)
        ).all()
    )
    choices = session.scalars(
        select(WithdrawalChoice)
        .where(WithdrawalChoice.participant_id == person.id)
        .order_by(WithdrawalChoice.decided_at)
    )
    for choice in choices:
        back = choice.takes_back is not None
        text = choice.choice.replace("_", " ")
        yield Mark(
            "consent",
            "granted" if back else "withdrawn",
            choice.decided_at,
            f"{text}: taken back" if back else f"choice: {text}",
        )


def _switches(events: Sequence[ConsentEvent]) -> Iterator[Mark]:
    """Yield each decision on data types, those of one moment together."""
    for (at, decision), found in groupby(events, lambda each: (each.effective_at, each.decision)):
        types = ", ".join(each.data_type.replace("_", " ") for each in found)
        yield Mark("consent", decision, at, f"{decision}: {types}")


def device_marks(session: Session, person: Participant, axis: Axis) -> Iterator[Mark]:
    """Yield the days on which another device took over."""
    for seam in seams.seams(session, person.id):
        text = f"{seam.to_device} took over from {seam.from_device}"
        if axis.days.first <= seam.day <= axis.days.last:
            yield Mark("device", "seam", axis.start(seam.day), text)


def zone_marks(session: Session, person: Participant) -> Iterator[Mark]:
    """Yield the moments from which the person lived in another zone."""
    rows: Sequence[ParticipantZone] = enrolling.zone_rows(session, [person.id]).get(person.id, [])
    for row in rows:
        if row.valid_from is not None:
            yield Mark("device", "zone", row.valid_from, f"lives in {row.zone} from here on")
