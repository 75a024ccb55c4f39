"""Everything of a person's timeline, read in a number of queries that does not grow with its days."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain

from sqlalchemy import func, select, union_all
from sqlalchemy.orm import Session

from hometrial import clock
from hometrial.errors import TrialError
from hometrial.models import AnchorDay, BadDay, DailyMetric, DoseEvent, Gap, Participant
from hometrial.protocol.dosing.retelling import retold
from hometrial.protocol.windows import local_date
from hometrial.services import enrolling
from hometrial.services.asking import resting
from hometrial.services.dosing import remembering, storing
from hometrial.services.trial import calendars
from hometrial.services.trial.calendars import Plan
from hometrial.services.viewing.days import Days
from hometrial.services.viewing.timeline import crashes, events, scores, spans, wearables
from hometrial.services.viewing.timeline.axis import Axis
from hometrial.services.viewing.timeline.crashes import Series, Signs, Suspected
from hometrial.services.viewing.timeline.doses import Doses, doses
from hometrial.services.viewing.timeline.events import Adverse, Mark
from hometrial.services.viewing.timeline.scores import Said
from hometrial.services.viewing.timeline.spans import Span
from hometrial.services.viewing.timeline.wearables import Run, Worn


@dataclass(frozen=True)
class Timeline:
    """One person's trial over some days."""

    code: str
    axis: Axis
    now: datetime
    doses: Doses
    worn: Worn
    said: Said
    adverse: Sequence[Adverse]
    marks: Sequence[Mark]
    epochs: Sequence[Span]
    shades: Sequence[Span]
    suspected: Sequence[Suspected]


@dataclass(frozen=True)
class Shown:
    """What whoever looks may see beside the doses and the watch."""

    alerts: bool = True
    consent: bool = True


ALL = Shown()


def read(session: Session, person: Participant, days: Days, shown: Shown = ALL) -> Timeline:
    """Return a person's timeline. Raises ZoneNeededError if no zone is on record."""
    axis, now = Axis(enrolling.zones_of(session, person), days), clock.now()
    plan, taps = plan_of(session, person), resting.taps(session, person)
    worn = wearables.worn(session, person.id, days, {} if plan is None else plan.anchors)
    said = scores.said(
        session, person.id, None if plan is None else plan.protocol, axis.origin, axis.end
    )
    rests = [*_rests(plan, taps, said, axis), *spans.pauses(session, person, axis)]
    found = crashes.suspected(_signs(worn, taps, axis))
    return Timeline(
        code=person.code,
        axis=axis,
        now=now,
        doses=doses(storing.course_of(session, person), axis, now),
        worn=worn,
        said=said,
        adverse=events.adverse_events(session, person, axis),
        marks=tuple(_marks(session, person, axis, shown, plan)),
        epochs=() if plan is None else tuple(spans.epochs(plan, axis)),
        shades=(*rests, *_shades(found, axis)),
        suspected=found,
    )


def told_before(session: Session, person: Participant) -> Sequence[str]:
    """Return what a person told of the time before the trial, no date sharper than it was told; never drawn."""
    history = remembering.told(session, person)
    return () if history is None else retold(history)


def plan_of(session: Session, person: Participant) -> Plan | None:
    """Return a person's plan, None of somebody who is in no trial."""
    try:
        return calendars.plan_of(session, person)
    except TrialError:
        return None


def _rests(plan: Plan | None, taps: tuple[BadDay, ...], said: Said, axis: Axis) -> Iterator[Span]:
    if plan is not None:
        yield from spans.bad_days(plan, taps, said.crashes, axis)


def _shades(found: Sequence[Suspected], axis: Axis) -> Iterator[Span]:
    for each in found:
        text = f"suspected crash: {', '.join(each.signs)}"
        yield from spans.of_days("suspected crash", each.first, each.last, text, axis)


def _marks(
    session: Session, person: Participant, axis: Axis, shown: Shown, plan: Plan | None
) -> Iterator[Mark]:
    found = chain(
        events.visit_marks(session, person, axis, in_trial=plan is not None),
        events.consent_marks(session, person) if shown.consent else (),
        events.alert_marks(session, person, axis) if shown.alerts else (),
        events.device_marks(session, person, axis),
        events.zone_marks(session, person),
    )
    return (each for each in found if axis.is_inside(each.at))


def _signs(worn: Worn, taps: Sequence[BadDay], axis: Axis) -> Signs:
    """Return what the rule of suspected crashes is given: days that can be used, against the usual ones."""
    told = {axis.day_of(row.at) for row in taps if row.kind == "begun" and axis.is_inside(row.at)}
    runs: Mapping[str, Run] = worn.runs
    return Signs(
        steps=_series(runs.get("steps")),
        pulse=_series(runs.get("rhr")),
        bed=_series(worn.bed),
        variability=_series(runs.get("hrv_rmssd")),
        taps=told,
    )


def _series(run: Run | None) -> Series:
    if run is None:
        return Series({}, ())
    values = {day: value for day, value in run.values.items() if day not in run.unused}
    return Series(values, run.own)


def known_days(session: Session, person: Participant) -> Days | None:
    """Return the first and the last day on which anything of a person is on record, up to their own today."""
    bounds = [
        select(func.min(day).label("first"), func.max(day).label("last")).where(owner == person.id)
        for day, owner in (
            (DailyMetric.day, DailyMetric.participant_id),
            (Gap.day, Gap.participant_id),
            (DoseEvent.day, DoseEvent.participant_id),
            (AnchorDay.day, AnchorDay.participant_id),
        )
    ]
    each = union_all(*bounds).subquery()
    first, last = session.execute(select(func.min(each.c.first), func.max(each.c.last))).one()
    if first is None:
        return None
    today = local_date(clock.now(), enrolling.zones_of(session, person))
    return Days(min(first, today), min(last, today))
