"""What the plan asks of a participant, in minutes of forms: by day and by week, with the sum shown."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import median

from hometrial.protocol.calendar import DueVisit, diaries_due, planned_anchors, visits_due
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
