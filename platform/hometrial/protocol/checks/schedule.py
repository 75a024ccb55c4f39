"""Nothing is asked twice at a time, and no more is asked than the energy budget allows."""

from collections.abc import Iterator
from datetime import date, timedelta
from itertools import pairwise
from typing import NamedTuple

from hometrial.protocol.burden import Load, burden_of
from hometrial.protocol.calendar import Span, diaries_due, planned_anchors, visits_due
from hometrial.protocol.checks.fault import Fault, Known
from hometrial.protocol.model import Protocol

_CONSENT = date(2001, 1, 1)
_HOUR = timedelta(hours=1)
_GRACE_DAYS = 35  # a last look, some weeks after the last epoch


class _Asked(NamedTuple):
    form: str
    days: Span
    section: str
    id: str


def windows_do_not_overlap(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """By the plan no form is asked for in two windows at once, told once for each pair of places."""
    told = set()
    for arm in protocol.arms:
        for earlier, later in pairwise(sorted(_asked(protocol, arm.id))):
            same = earlier.form == later.form and later.days.first <= earlier.days.last
            pair = (earlier.id, later.id, later.form)
            if same and pair not in told:
                told.add(pair)
                yield _overlap(protocol, arm.id, earlier, later)


def _asked(protocol: Protocol, arm: str) -> Iterator[_Asked]:
    anchors = planned_anchors(protocol, arm, _CONSENT)
    for visit in visits_due(protocol, arm, anchors):
        for form in (*visit.forms, *visit.optional_forms):
            yield _Asked(form, visit.window, "visits", visit.visit)
    for diary in diaries_due(protocol, arm, anchors):
        yield _Asked(diary.form, diary.window, "diaries", diary.diary)


def _overlap(protocol: Protocol, arm: str, earlier: _Asked, later: _Asked) -> Fault:
    ids = [each.id for each in getattr(protocol, later.section)]
    first, last = (later.days.first - _CONSENT).days, (earlier.days.last - _CONSENT).days
    said = (
        f"in arm {arm} {later.form} is asked for by {earlier.id} and {later.id} at once, from day "
        f"{first} to day {last} after consent; narrow one of the windows"
    )
    return Fault((later.section, ids.index(later.id)), said)


def visits_lie_within_the_trial(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """By the plan no visit is due before consent, or long after the last epoch, in any arm."""
    numbers = {visit.id: number for number, visit in enumerate(protocol.visits)}
    told = set()
    for arm in protocol.arms:
        length = sum(epoch.days for epoch in protocol.epochs_of(arm.id))
        for visit in visits_due(protocol, arm.id, planned_anchors(protocol, arm.id, _CONSENT)):
            day = (visit.due - _CONSENT).days
            if visit.visit not in told and not 0 <= day <= length + _GRACE_DAYS:
                told.add(visit.visit)
                said = f"in arm {arm.id} it is due on day {day} after consent, the plan has {length} days"
                place = ("visits", numbers[visit.visit], "day")
                yield Fault(place, f"{said}; mend its day, or the epochs")


def diaries_close_before_the_next(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """A diary closes before the same diary opens again."""
    for number, diary in enumerate(protocol.diaries):
        before, after = diary.window_days
        open_for = timedelta(days=after - before + diary.closes_days_later) + (
            timedelta(hours=diary.closes.hour, minutes=diary.closes.minute)
            - timedelta(hours=diary.opens.hour, minutes=diary.opens.minute)
        )
        if open_for > timedelta(days=diary.every_days):
            said = (
                f"it is open for {open_for / _HOUR:g} h but comes every {diary.every_days * 24} h; "
                "close it earlier"
            )
            yield Fault(("diaries", number, "closes"), said)


def burden_is_within_the_budget(protocol: Protocol, _: Known) -> Iterator[Fault]:
    """No day, no week and no median week of an arm's plan asks for more minutes than the budget."""
    budget = protocol.energy_budget
    for arm in protocol.arms:
        burden = burden_of(protocol, arm.id)
        if burden.day.minutes > budget.minutes_any_day:
            yield _over("minutes_any_day", budget.minutes_any_day, _day(arm.id, burden.day))
        if burden.week.minutes > budget.minutes_any_week:
            yield _over("minutes_any_week", budget.minutes_any_week, _week(arm.id, burden.week))
        if burden.median_week > budget.minutes_median_week:
            said = f"the median week of arm {arm.id} asks for {burden.median_week:g} minutes"
            yield _over("minutes_median_week", budget.minutes_median_week, said)


def _day(arm: str, load: Load) -> str:
    return f"day {load.first_day} after consent asks for {load} in arm {arm}"


def _week(arm: str, load: Load) -> str:
    return f"week {load.first_day // 7 + 1} after consent asks for {load} in arm {arm}"


def _over(field: str, budget: float, said: str) -> Fault:
    way_out = "ask for less, spread it over sessions, or raise the budget"
    return Fault(("energy_budget", field), f"{said}, the budget is {budget:g}: {way_out}")
