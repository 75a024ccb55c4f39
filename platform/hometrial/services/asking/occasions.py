"""Occasions: every form that the protocol asks one person, with when it opens and closes in their own zone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy.orm import Session

from hometrial.models import Participant, VisitRecord, WithdrawalChoice
from hometrial.protocol.arms import Anchor
from hometrial.protocol.calendar import (
    Anchors,
    Asked,
    DueDiary,
    DueVisit,
    Span,
    diaries_due,
    visits_due,
)
from hometrial.protocol.model import Protocol
from hometrial.protocol.visits import Form
from hometrial.protocol.windows import Opening, diary_opening, visit_opening
from hometrial.services import enrolling
from hometrial.services.agreeing import standing
from hometrial.services.asking import resting
from hometrial.services.trial import arms, calendars, followers, following, publishing
from hometrial.services.trial.calendars import Numbered
from hometrial_ingest.local_time import ZoneHistory

Kind = Literal["visit", "diary"]
_WITHDRAWAL: Anchor = "withdrawal"
_STOPS_QUESTIONS = frozenset({"stop_drug_safety_only", "stop_contact"})
_STOPS_DIARIES = _STOPS_QUESTIONS | {"stop_diaries"}
"""The choices of withdrawal after which a person keeps no diary, and is asked nothing at visits either."""


@dataclass(frozen=True)
class Occasion:
    """One form that is asked once. `name` tells it from the person's other occasions of this form.

    `optional`: it is shown only if the site has its words. `extended_by`: days added on bad days. `stopped`:
    it was cut short, since the person chose to be asked this no more. `unscheduled`: nobody expected it.
    """

    name: str
    kind: Kind
    form: Form
    due: date
    opening: Opening
    asked: Asked
    optional: bool = False
    extended_by: int = 0
    stopped: bool = False
    unscheduled: bool = False

    @property
    def instrument(self) -> str:
        """The id of the questionnaire that is asked."""
        assert self.form.instrument is not None  # noqa: S101 - others are left out by `_asks`
        return self.form.instrument

    @property
    def is_of_person(self) -> bool:
        """Whether the person fills it in; otherwise the staff do, of what they find and are told."""
        return self.form.filled_by == "participant"


@dataclass(frozen=True)
class Calendar:
    """All that a person's occasions are made of; `arm` is None until they have one.

    `no_diaries_from`: when the person chose to keep no diary any more, if they did; `no_questions_from`: when
    to fill in nothing any more. `unscheduled`: the unscheduled visits that were held.
    """

    protocol: Protocol
    arm: str | None
    anchors: Anchors
    zones: ZoneHistory
    bad_days: tuple[Span, ...]
    no_diaries_from: datetime | None = None
    no_questions_from: datetime | None = None
    unscheduled: tuple[DueVisit, ...] = ()


def calendar_of(session: Session, person: Participant) -> Calendar:
    """Return a person's calendar. Raises NotInTrialError, ZoneNeededError."""
    protocol = following.protocol_of(session, person)
    zones = enrolling.zones_of(session, person)
    bad = resting.spans(resting.taps(session, person), protocol, zones)
    arm, anchors = arms.arm_of(session, person), following.anchors(session, person)
    chosen = standing.in_force(session, person)
    diaries, questions = (_first(chosen, each) for each in (_STOPS_DIARIES, _STOPS_QUESTIONS))
    held = _unscheduled(session, person, protocol)
    return Calendar(protocol, arm, anchors, zones, bad, diaries, questions, held)


def calendars_of(
    session: Session, people: Sequence[Participant], zones: Mapping[UUID, ZoneHistory]
) -> dict[UUID, Calendar]:
    """Return the calendars of all of these people who are in the trial and have a zone, each kind of record read at once."""
    ids = [each.id for each in people]
    versions, records = followers.versions_of(session, ids), calendars.last_records(session, ids)
    taps, chosen = resting.taps_of(session, ids), standing.in_force_of(session, ids)
    drawn, anchors = arms.arms_of(session, people), following.anchors_of(session, ids)
    found = {}
    for each in ids:
        if each not in versions or each not in zones:
            continue
        protocol = publishing.of(versions[each])
        bad = resting.spans(taps.get(each, ()), protocol, zones[each])
        diaries, questions = (
            _first(chosen.get(each, ()), what) for what in (_STOPS_DIARIES, _STOPS_QUESTIONS)
        )
        held = _held(protocol, records[each])
        found[each] = Calendar(
            protocol, drawn[each], anchors[each], zones[each], bad, diaries, questions, held
        )
    return found


def _unscheduled(session: Session, person: Participant, protocol: Protocol) -> tuple[DueVisit, ...]:
    """Return the unscheduled visits of a person, asking for no record where none of them has a form to fill in."""
    if not _forms_besides(protocol):
        return ()
    return _held(protocol, calendars.last_records(session, [person.id])[person.id])


def _forms_besides(protocol: Protocol) -> dict[str, tuple[str, ...]]:
    """Return the forms of each unscheduled visit; nothing if none of them is filled in."""
    forms = {each.id: tuple(each.forms) for each in protocol.unscheduled_visits}
    asked = {each.id for each in protocol.forms if _asks(each)}
    return {} if asked.isdisjoint(form for each in forms.values() for form in each) else forms


def _held(protocol: Protocol, records: Mapping[Numbered, VisitRecord]) -> tuple[DueVisit, ...]:
    """Return the unscheduled visits that were held and have forms to fill in: due on their day, and open on it.

    Staff hand their forms in later, too.
    """
    forms = _forms_besides(protocol)
    return tuple(
        DueVisit(visit, number, row.day, Span(row.day, row.day), forms[visit], ())
        for (visit, number), row in sorted(records.items())
        if visit in forms and row.day is not None
    )


def _first(chosen: Sequence[WithdrawalChoice], stops: frozenset[str]) -> datetime | None:
    return min((row.decided_at for row in chosen if row.choice in stops), default=None)


def occasions(
    calendar: Calendar, days: Span | None = None, name: str | None = None
) -> tuple[Occasion, ...]:
    """Return the occasions whose window touches some days (default: any), of this name (default: any).

    Of somebody who has no arm yet: what every arm asks alike.
    """
    ways = [calendar.arm] if calendar.arm else [each.id for each in calendar.protocol.arms]
    first, *others = [_dues(calendar, arm) for arm in ways]
    shared = {key: due for key, due in first.items() if all(key in each for each in others)}
    found = [
        occasion
        for key, due in shared.items()
        if name in (None, key) and _touches(due.window, days, calendar)
        for occasion in _occasions(calendar, key, due)
    ]
    return tuple(sorted(found, key=lambda each: (each.opening.opens_at, each.name, each.form.id)))


def _dues(calendar: Calendar, arm: str) -> dict[str, DueVisit | DueDiary]:
    protocol, anchors = calendar.protocol, calendar.anchors
    known = (*visits_due(protocol, arm, anchors), *calendar.unscheduled)
    visits = {f"{v.visit}#{v.number}": v for v in known}
    diaries = diaries_due(protocol, arm, anchors, calendar.bad_days)
    return {**visits, **{f"{each.diary}@{each.due}": each for each in diaries}}


def _touches(window: Span, days: Span | None, calendar: Calendar) -> bool:
    """Say roughly whether a window may be open on these days: before zones, extensions and nights over."""
    if days is None:
        return True
    later = timedelta(calendar.protocol.bad_days.extension_days + 8)
    return window.first - timedelta(2) <= days.last and days.first <= window.last + later


def _occasions(calendar: Calendar, name: str, due: DueVisit | DueDiary) -> Iterator[Occasion]:
    if isinstance(due, DueVisit):
        yield from _of_visit(calendar, name, due)
        return
    plan = next(each for each in calendar.protocol.diaries if each.id == due.diary)
    opening = diary_opening(plan, due, calendar.zones)
    form = _form(calendar.protocol, due.form)
    if opening is not None and _asks(form):
        found = Occasion(name, "diary", form, due.due, opening, due.asked)
        yield from _unless_stopped(found, calendar.no_diaries_from)


def _unless_stopped(occasion: Occasion, stopped: datetime | None) -> Iterator[Occasion]:
    """Yield a form unless it opens after its person stopped; one that was open then closes, excused."""
    opening = occasion.opening
    if stopped is None or opening.closes_at <= stopped:
        yield occasion
    elif opening.opens_at < stopped:
        cut = Opening(opening.opens_at, stopped)
        yield replace(occasion, opening=cut, asked="excused", stopped=True)


def _of_visit(calendar: Calendar, name: str, due: DueVisit) -> Iterator[Occasion]:
    for each in (*due.forms, *due.optional_forms):
        form = _form(calendar.protocol, each)
        if _asks(form):
            visit = _extended(calendar, due, each)
            found = Occasion(
                name,
                "visit",
                form,
                visit.due,
                visit_opening(visit, calendar.zones),
                "full",
                each in due.optional_forms,
                visit.extended_by,
                unscheduled=due in calendar.unscheduled,
            )
            stopped = calendar.no_questions_from if found.is_of_person else None
            yield from _unless_stopped(found, stopped)


def _extended(calendar: Calendar, due: DueVisit, form: str) -> DueVisit:
    """Return the visit with more time for a form if bad days fall into its window; not after withdrawal."""
    rules = calendar.protocol.bad_days
    within = any(
        bad.first <= due.window.last and due.window.first <= bad.last for bad in calendar.bad_days
    )
    if not within or form not in rules.extended_forms or _WITHDRAWAL in calendar.anchors:
        return due
    return due.extended(rules.extension_days)


def _form(protocol: Protocol, name: str) -> Form:
    return next(each for each in protocol.forms if each.id == name)


def _asks(form: Form) -> bool:
    return form.instrument is not None
