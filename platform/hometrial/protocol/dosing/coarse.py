"""Dates as coarse as they are known: a day, a month, a year, or between two of them. No day is guessed."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Self

from hometrial.protocol.dosing.refusing import RecordRefusedError

_LONGEST = 1200  # months
_ONE = re.compile(r"((?:19|20|21)[0-9]{2})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12][0-9]|3[01]))?)?")


@dataclass(frozen=True)
class CoarseDate:
    """A date as it was told, and the first and last day that it can be."""

    told: str
    first: date
    last: date

    @classmethod
    def of(cls, told: str) -> Self:
        """Read 2010, 2010-07, 2010-07-03, or 2010/2012-05: from the first day of one to the last of the other.

        Raises RecordRefusedError of anything else.
        """
        bounds = [_bounds(each, told) for each in told.split("/")]
        if len(bounds) > 2 or any(one[0] > other[1] for one, other in pairwise(bounds)):
            raise RecordRefusedError(
                f"date {told!r}: give the earlier and the later, such as 2010/2012"
            )
        return cls(told, bounds[0][0], bounds[-1][1])

    @classmethod
    def on(cls, day: date) -> Self:
        """Return a date that is known to the day."""
        return cls(day.isoformat(), day, day)

    @property
    def is_exact(self) -> bool:
        """Whether the day is known."""
        return self.first == self.last

    def __str__(self) -> str:
        return self.told


def _bounds(told: str, whole: str) -> tuple[date, date]:
    found = _ONE.fullmatch(told)
    year, month, day = (int(each or 0) for each in found.groups()) if found else (0, 0, 0)
    try:
        first = date(year, month or 1, day or 1)
    except ValueError:
        raise RecordRefusedError(
            f"date {whole!r}: give it as far as it is known, from 1900 on: 2010, 2010-07 or 2010-07-03"
        ) from None
    last_month = month or 12
    return first, date(year, last_month, day or monthrange(year, last_month)[1])


@dataclass(frozen=True)
class Span:
    """A length of time in months, as told, and by how many months it may be off."""

    months: int
    give_or_take: int

    def __post_init__(self) -> None:
        if not 0 <= self.give_or_take <= self.months <= _LONGEST:
            raise RecordRefusedError(
                f"{self.months} months give or take {self.give_or_take}: give 0 to {_LONGEST} months,"
                " and no more either way than there are"
            )

    @property
    def shortest(self) -> int:
        """The fewest months."""
        return self.months - self.give_or_take

    @property
    def longest(self) -> int:
        """The most months."""
        return self.months + self.give_or_take

    def __str__(self) -> str:
        years, rest = divmod(self.months, 12)
        count, unit = (years, "year") if years and not rest else (self.months, "month")
        return f"{count} {unit}{'' if count == 1 else 's'}"


def months_later(day: date, months: int) -> date:
    """Return the same day of the month so many months later (earlier if negative); else the month's last day."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))
