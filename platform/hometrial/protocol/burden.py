"""What the plan asks of a participant, in minutes of forms: by day and by week, with the sum shown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from hometrial.protocol.calendar import (
    DueVisit,
    diaries_due,
    epoch_spans,
    planned_anchors,
    visits_due,
)
from hometrial.protocol.model import Protocol

_CONSENT = date(2001, 1, 1)  # any day: the plan is the same whenever it begins
_WEEK = 7
Minutes = dict[str, float]


@dataclass(frozen=True)
class Load:
    """Minutes of one day or week of a plan, form by form; `first_day` is counted from consent (day 0)."""

    first_day: int
    parts: tuple[tuple[str, float], ...]

    @property
    def minutes(self) -> float:
        """The sum, to a hundredth of a minute."""
        return round(sum(minutes for _, minutes in self.parts), 2)

    def __str__(self) -> str:
        """The sum as one reads it: `ldn_diary 10.5 + funcap27 5 = 15.5 minutes`."""
        parts = " + ".join(f"{form} {round(minutes, 2):g}" for form, minutes in self.parts)
        return f"{parts} = {self.minutes:g} minutes"


@dataclass(frozen=True)
class Burden:
    """The fullest day, the fullest week and the median week (minutes) of an arm's plan."""

    day: Load
    week: Load
    median_week: float


@dataclass(frozen=True)
class EpochLoad:
    """What an arm's plan asks in an epoch of so many days: minutes a day and a week on average, its fullest day.

    `epoch` None: after the last one.
    """

    epoch: str | None
    days: int
    per_day: float
    per_week: float
    fullest: Load


def burden_by_epoch(protocol: Protocol, arm: str) -> tuple[EpochLoad, ...]:
    """Return what each epoch of an arm's plan asks for; raises UnknownArmError.

    All that the plan asks is in one of them: what is due after the last epoch has a line of its own.
    """
    anchors = planned_anchors(protocol, arm, _CONSENT)
    # By the plan an epoch lasts its days, and what it may last beyond them belongs to the next.
    lengths = {epoch.id: epoch.days for epoch in protocol.epochs_of(arm)}
    spans = [
        (span.epoch, (span.days.first - _CONSENT).days, lengths[span.epoch])
        for span in epoch_spans(protocol, arm, anchors)
    ]
    asked: dict[str | None, list[tuple[int, str, float]]] = {name: [] for name, _, _ in spans}
    for day, form, minutes in _asked(protocol, arm):
        within = [name for name, first, days in spans if first <= day < first + days]
        asked.setdefault(within[0] if within else None, []).append((day, form, minutes))
    return tuple(
        _epoch_load(name, lengths.get(name or "", 0), each) for name, each in asked.items()
    )


def _epoch_load(epoch: str | None, days: int, asked: list[tuple[int, str, float]]) -> EpochLoad:
    total = sum(minutes for _, _, minutes in asked)
    loads = _summed(iter(asked)) or {0: Load(0, (("nothing", 0.0),))}
    per_day = total / days if days else 0.0
    return EpochLoad(epoch, days, round(per_day, 2), round(per_day * _WEEK, 2), _fullest(loads))


def minutes_by_day(protocol: Protocol, arm: str) -> dict[int, float]:
    """Return the minutes that an arm's plan asks on each day after consent (day 0); raises UnknownArmError."""
    found: dict[int, float] = {}
    for day, _, minutes in _asked(protocol, arm):
        found[day] = found.get(day, 0.0) + minutes
    return found


def burden_of(protocol: Protocol, arm: str) -> Burden:
    """Return how much of a participant's energy an arm's plan takes; raises UnknownArmError.

    A visit's forms are spread evenly over its sessions, the last of them on the due day where the window
    opens early enough. Weeks are those from consent to the last day on which anything is due, the empty
    ones included.
    """
    asked = list(_asked(protocol, arm)) or [(0, "nothing", 0.0)]
    days = _summed((day, form, minutes) for day, form, minutes in asked)
    weeks = _summed((day // _WEEK * _WEEK, form, minutes) for day, form, minutes in asked)
    sums = [
        weeks[day].minutes if day in weeks else 0.0
        for day in range(min(weeks), max(weeks) + 1, _WEEK)
    ]
    return Burden(_fullest(days), _fullest(weeks), round(median(sums), 2))


def _summed(asked: Iterator[tuple[int, str, float]]) -> dict[int, Load]:
    sums: dict[int, Minutes] = {}
    for day, form, minutes in asked:
        of_day = sums.setdefault(day, {})
        of_day[form] = of_day.get(form, 0.0) + minutes
    return {day: Load(day, tuple(parts.items())) for day, parts in sums.items()}


def _fullest(loads: Mapping[int, Load]) -> Load:
    return max(loads.values(), key=lambda load: (load.minutes, -load.first_day))


def _asked(protocol: Protocol, arm: str) -> Iterator[tuple[int, str, float]]:
    """Yield (day from consent, form, minutes) for all that participants fill in."""
    minutes = {form.id: form.minutes for form in protocol.forms if form.minutes}
    anchors = planned_anchors(protocol, arm, _CONSENT)
    for diary in diaries_due(protocol, arm, anchors):
        if diary.form in minutes:
            yield (diary.due - _CONSENT).days, diary.form, minutes[diary.form]
    for visit in visits_due(protocol, arm, anchors):
        yield from _sessions(visit, protocol.visit(visit.visit).sessions, minutes)


def _sessions(visit: DueVisit, sessions: int, minutes: Minutes) -> Iterator[tuple[int, str, float]]:
    first = max(visit.window.first, visit.due - timedelta(sessions - 1))
    for session in range(sessions):
        day = (first + timedelta(session) - _CONSENT).days
        for form in visit.forms:
            if form in minutes:
                yield day, form, minutes[form] / sessions
