"""Enrolment week by week, against what was expected by then."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from hometrial import clock
from hometrial.models import ProtocolVersion
from hometrial.protocol.model import Protocol

_MONTH = 365.25 / 12


@dataclass(frozen=True)
class Week:
    """A week, `first` its Monday: enrolled in it and until its end; `expected` until its end, None if nobody said."""

    first: date
    new: int
    total: int
    expected: float | None


def weeks(
    protocol: Protocol, version: ProtocolVersion, enrolled: Sequence[date]
) -> tuple[Week, ...]:
    """Return every week from publication on; expected is a straight line over the months that the protocol gives."""
    opened = version.published_at.date() if version.published_at else clock.now().date()
    first = _monday(min([opened, *enrolled]))
    counts = Counter(map(_monday, enrolled))
    weeks, total = [], 0
    for number in range((_monday(clock.now().date()) - first).days // 7 + 1):
        monday = first + timedelta(weeks=number)
        total += counts[monday]
        ends = (monday + timedelta(days=7) - first).days
        weeks.append(Week(monday, counts[monday], total, _expected(protocol, ends)))
    return tuple(weeks)


def _expected(protocol: Protocol, days: int) -> float | None:
    months = protocol.design.recruitment_months
    if months is None:
        return None
    return round(min(1.0, days / (months * _MONTH)) * protocol.design.planned, 1)


def _monday(day: date) -> date:
    return day - timedelta(day.weekday())
