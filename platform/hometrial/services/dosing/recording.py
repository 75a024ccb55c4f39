"""The one way in which a person's dose is written: held against the course so far, one writer at a time."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.models import DoseEvent, Participant
from hometrial.protocol.arms import Anchor
from hometrial.protocol.dosing import alerts, course, exposure
from hometrial.protocol.dosing.course import Course
from hometrial.protocol.dosing.days import dose_day
from hometrial.protocol.dosing.events import Entry, Event, Intake, Order
from hometrial.protocol.dosing.refusing import OrderRefusedError, RecordRefusedError
from hometrial.protocol.dosing.standing import Kind, Standing, State, gives
from hometrial.protocol.dosing.terms import Terms
from hometrial.services.dosing import footing, storing
from hometrial.services.dosing.footing import Footing
from hometrial.services.safety import alerting
from hometrial.services.trial import following

_OVER = (State.ENDED, State.WITHDRAWN)


class Role(StrEnum):
    """As what somebody speaks."""

    PARTICIPANT = "participant"
    SITE = "site"
    INVESTIGATOR = "investigator"


@dataclass(frozen=True)
class Word:
    """Who says something, as what, and why; `corrects`: the number of the event that it replaces."""

    by: str
    role: Role
    why: str = ""
    corrects: int | None = None


@dataclass(frozen=True)
class Chart:
    """A person's course with what it stands on, held for one writer; `now` is on the person's own clock."""

    person: Participant
    footing: Footing
    course: Course
    now: datetime

    @property
    def today(self) -> date:
        """The day that the person's own calendar shows."""
        return self.now.date()

    @property
    def standing(self) -> Standing:
        """What stands today."""
        return self.course.standing_on(self.today)

    @property
    def terms(self) -> Terms:
        """What holds for new events."""
        return self.footing.terms(sensitive=footing.is_sensitive(self.course))

    def entry(self, word: Word) -> Entry:
        """Return the head of the next event."""
        corrects = None if word.corrects is None else str(word.corrects)
        return Entry(str(len(self.course.events) + 1), word.by, self.now, word.why, corrects)

    def event(self, number: int) -> Event:
        """Return the event of a number. Raises RecordRefusedError if there is none that stands."""
        for each in self.course.standing_events:
            if each.entry.id == str(number):
                return each
        raise RecordRefusedError(
            f"event {number} of {self.footing.code}: there is none that stands;"
            f" `hometrial dose show {self.footing.code}` lists them"
        )


def open_chart(session: Session, person: Participant) -> Chart:
    """Return a person's chart and keep other writers of it waiting until the transaction ends.

    Raises what `footing_of` raises.
    """
    key = {"key": f"hometrial.dosing.{person.id}"}
    session.execute(text("SELECT pg_advisory_xact_lock(hashtext(:key))"), key)
    return chart_of(session, person)


def chart_of(session: Session, person: Participant) -> Chart:
    """Return a person's chart to be looked at. Raises what `footing_of` raises."""
    found = footing.footing_of(session, person)
    now = found.local(clock.now())
    return Chart(person, found, storing.course_of(session, person), now)


def sent_before(session: Session, chart: Chart, key: str | None) -> DoseEvent | None:
    """Return the event that was sent under a key before."""
    if key is None:
        return None
    return session.scalars(
        select(DoseEvent).where(DoseEvent.participant_id == chart.person.id, DoseEvent.key == key)
    ).one_or_none()


def write(session: Session, chart: Chart, event: Event, key: str | None = None) -> DoseEvent:
    """Store one more event of a person's dose, with the alert and the trial days that follow from it.

    Raises OrderRefusedError or RecordRefusedError of one that does not follow, that the terms do not allow, or that
    comes after complete withdrawal.
    """
    _require_still_in(chart, event)
    terms = (
        chart.footing.terms(sensitive=True)
        if isinstance(event, Order) and _is_below_the_plan(event)
        else chart.terms
    )
    after = course.record(chart.course, event, terms)
    row = storing.row_of(chart.person.id, event, key)
    session.add(row)
    session.flush()
    if isinstance(event, Intake):
        _watch(session, chart, after, event)
    _anchor(session, chart, after, f"dose event {row.number}: {row.why or row.kind}")
    return row


def _is_below_the_plan(order: Order) -> bool:
    return order.step is not None and order.step < 1


def _require_still_in(chart: Chart, event: Event) -> None:
    withdrawn_at = chart.footing.withdrawn_at
    if event.entry.corrects is not None:
        return
    if isinstance(event, Order):
        if chart.footing.takes_no_drug and gives(event.kind):
            raise OrderRefusedError(
                f"{event.kind}: {chart.footing.code} chose to stop the drug; only that person can take it back"
            )
        if event.kind is Kind.WITHDRAW:
            return
    if withdrawn_at is not None:
        raise RecordRefusedError(
            f"{chart.footing.code} withdrew from everything on {chart.footing.local(withdrawn_at).date()};"
            " nothing new is recorded, only corrected"
        )


def _watch(session: Session, chart: Chart, after: Course, intake: Intake) -> None:
    """Raise DD1 of a day with too much."""
    found = alerts.double_dose(dose_day(after, intake.on), chart.terms.max_mg_day, chart.now)
    if found is not None:
        alerting.raise_alert(
            session, chart.person, rule=found.rule, level="red", values=dict(found.values)
        )


def settle(session: Session, person: Participant) -> None:
    """Bring the days that visits are counted from up to date, as an end that was ordered for later comes into force.

    Raises what `footing_of` raises.
    """
    chart = open_chart(session, person)
    _anchor(session, chart, chart.course, "by the doses recorded")


def _anchor(session: Session, chart: Chart, after: Course, because: str) -> None:
    """Keep the days that visits are counted from at what the doses say."""
    known = following.anchors(session, chart.person)
    is_over = after.standing_on(chart.today).state in _OVER
    told: dict[Anchor, date | None] = {
        "first_dose": exposure.first_dose_on(after),
        "last_dose": exposure.last_dose_on(after) if is_over else None,
    }
    for which, day in told.items():
        if day != known.get(which):
            following.anchor(session, chart.person, which, day, because=because)
